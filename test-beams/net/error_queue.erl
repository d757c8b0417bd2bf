%% What the error queue of a socket tells of a datagram that nobody wanted.
-module(error_queue).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    [p({Domain, Level}, told(Domain, Level)) || {Domain, Level} <- [{inet, ip}, {inet6, ipv6}]].

told(Domain, Level) ->
    {ok, S} = socket:open(Domain, dgram, udp),
    ok = socket:bind(S, loopback),
    ok = socket:setopt(S, {Level, recverr}, true),
    {ok, Gone} = socket:open(Domain, dgram, udp),
    ok = socket:bind(Gone, loopback),
    {ok, #{port := Port} = Address} = socket:sockname(Gone),
    ok = socket:close(Gone),
    ok = socket:sendto(S, <<"nobody">>, Address),
    {error, econnrefused} = socket:recvfrom(S, 0, 5000),
    {ok, Message} = socket:recvmsg(S, [errqueue], 5000),
    #{addr := #{port := Port} = From} = Message,
    Empty = socket:recvmsg(S, [errqueue], 0),
    ok = socket:close(S),
    {Message#{addr := From#{port := same}}, Empty}.
