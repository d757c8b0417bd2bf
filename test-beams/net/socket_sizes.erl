%% Sizes of buffers, and what options say of them.
-module(socket_sizes).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    p(udp_buffer, follow(fun() -> gen_udp:open(0, [binary]) end, [100, 1 bsl 20])),
    p(udp_buffer_set, follow(fun() -> gen_udp:open(0, [binary, {buffer, 2000}]) end, [100, 1 bsl 20])),
    p(tcp_buffer, follow(fun() -> gen_tcp:listen(0, [binary]) end, [100, 5000, 100000])),
    p(long_datagram, long_datagram()),
    p(raw, raw()),
    p(protocols, [protocol(D, T) || D <- [local, inet], T <- [stream, dgram]]).

%% Option `buffer` after each size of `recbuf`.
follow(Open, Sizes) ->
    {ok, S} = Open(),
    R = [begin ok = inet:setopts(S, [{recbuf, N}]), inet:getopts(S, [buffer]) end || N <- Sizes],
    inet:close(S),
    R.

long_datagram() ->
    {ok, A} = gen_udp:open(0, [binary, {ip, {127, 0, 0, 1}}, {sndbuf, 60000}]),
    {ok, B} = gen_udp:open(0, [binary, {ip, {127, 0, 0, 1}}, {active, false}]),
    {ok, Port} = inet:port(B),
    Received = fun() ->
        ok = gen_udp:send(A, {127, 0, 0, 1}, Port, binary:copy(<<"d">>, 30000)),
        {ok, {_, _, Data}} = gen_udp:recv(B, 0, 2000),
        byte_size(Data)
    end,
    Short = Received(),
    ok = inet:setopts(B, [{recbuf, 100000}]),
    {Short, Received()}.

raw() ->
    {ok, S} = gen_udp:open(0, []),
    R = [inet:getopts(S, [{raw, 1, 13, Size}]) || Size <- [8, 1024, 65536 - 14, 65536]],
    gen_udp:close(S),
    R.

protocol(Domain, Type) ->
    {ok, S} = socket:open(Domain, Type, default),
    R = socket:getopt(S, socket, protocol),
    socket:close(S),
    {Domain, Type, R}.
