%% What `socket` and `net` know from OTP 27 and 29 on: several messages in a call, options, services by name. What a release
%% does not know is `undef` or an error in all of them.
-module(socket_many).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    p(services, [catched(fun() -> apply(net, F, A) end)
                 || {F, A} <- [{getservbyname, ["http"]}, {getservbyname, ["http", tcp]}, {getservbyname, ["domain", udp]},
                               {getservbyname, [domain, any]}, {getservbyname, ["none such", tcp]}, {getservbyname, ["http", sctp]},
                               {getservbyname, [[0], tcp]}, {getservbyname, [lists:duplicate(300, $x), tcp]},
                               {getservbyport, [80]}, {getservbyport, [53, udp]}, {getservbyport, [65536 + 80, tcp]},
                               {getservbyport, [4, tcp]}, {getservbyport, [-1, tcp]}, {getservbyport, [1 bsl 70, tcp]}]]),
    p(other_systems, [catched(fun() -> prim_net:F(#{}) end)
                      || F <- [get_adapters_addresses, get_if_entry, get_interface_info, get_ip_address_table]]),
    p(info, [maps:without([counters], prim_socket:info()), maps:get(debug, prim_net:info())]),
    {ok, T} = socket:open(inet, stream, tcp),
    p(options, [{O, catched(fun() -> socket:setopt(T, O, V) end), catched(fun() -> socket:getopt(T, O) end)}
                || {O, V} <- [{{tcp, keepcnt}, 3}, {{tcp, keepidle}, 7}, {{tcp, keepintvl}, 9}, {{tcp, keepcnt}, x},
                              {{tcp, user_timeout}, 1000}, {{tcp, user_timeout}, -1}, {{socket, timestampns}, true}]]),
    p(ioctl, [catched(fun() -> socket:ioctl(T, R) end) || R <- [atmark, nread, nothing]]),
    ok = socket:close(T),
    case erlang:function_exported(socket, sendmmsg, 4) of
        true -> many();
        false -> ok
    end,
    polls(),
    service(),
    sctp().

catched(F) -> try F() catch C:R -> {C, reason(R)} end.
reason({badarg, _}) -> badarg;
reason(R) -> R.

open() ->
    {ok, S} = socket:open(inet, dgram, udp),
    ok = socket:bind(S, #{family => inet, addr => loopback, port => 0}),
    {ok, Address} = socket:sockname(S),
    {S, Address}.

many() ->
    {A, _} = open(),
    {B, To} = open(),
    Messages = [#{addr => To, iov => [<<"message ">>, integer_to_binary(N)]} || N <- lists:seq(1, 5)],
    Receive = fun(Count, Size, Flags, Timeout) ->
        case socket:recvmmsg(B, Count, Size, 0, Flags, Timeout) of
            {ok, All} -> {ok, [{maps:get(flags, M), maps:get(iov, M), maps:get(ctrl, M)} || M <- All]};
            Other -> Other
        end
    end,
    p(sent, socket:sendmmsg(A, Messages, [], infinity)),
    p(peeked, Receive(2, 0, [peek], 1000)),
    p(received, Receive(3, 0, [], 1000)),
    p(cut, Receive(7, 4, [], 1000)),
    p(none, [Receive(7, 0, [], 0), Receive(7, 0, [], 20)]),
    p(sent_to_none, socket:sendmmsg(A, [], [], infinity)),
    p(no_address, [socket:sendmmsg(A, [#{iov => [<<"x">>]}], [], infinity),
                   socket:sendmmsg(A, [#{addr => To, iov => [<<"good">>]}, #{iov => [<<"x">>]}], [], infinity),
                   Receive(7, 0, [], 1000)]),
    p(wrong, [catched(fun() -> socket:sendmmsg(A, M, [], infinity) end)
              || M <- [[x], [#{}], [#{iov => x}], [#{iov => [<<"x">>], addr => #{family => inet}}],
                       [#{iov => [<<"x">>], addr => To, ctrl => [x]}]]]),
    _ = Receive(9, 0, [], 100),
    p(wrong_sizes, [catched(fun() -> socket:recvmmsg(B, N, S, 0, [], 10) end) || {N, S} <- [{0, 0}, {1 bsl 40, 0}, {x, 0}, {1, -1}]]),
    {select, {select_info, recvmmsg, _} = Info} = socket:recvmmsg(B, 4, 0, 0, [], nowait),
    p(cancelled, socket:cancel(B, Info)),
    Ref = make_ref(),
    {select, {select_info, recvmmsg, Ref}} = socket:recvmmsg(B, 4, 0, 0, [], Ref),
    ok = socket:sendmmsg(A, Messages, [], nowait),
    p(told, receive {'$socket', B, select, Ref} -> yes after 2000 -> no end),
    p(after_telling, Receive(1, 0, [], Ref)),
    p(hundreds, begin
        Some = [#{addr => To, iov => [<<N:32>>]} || N <- lists:seq(1, 100)],
        _ = Receive(1000, 0, [], 100),
        ok = socket:sendmmsg(A, Some, [], infinity),
        {ok, Got} = Receive(1000, 0, [], 1000),
        [N || {_, [<<N:32>>], _} <- Got] =:= lists:seq(1, 100)
    end),
    ok = socket:setopt(B, {socket, timestampns}, true),
    ok = socket:sendmmsg(A, [#{addr => To, iov => [<<"late">>]}], [], infinity),
    {ok, [#{ctrl := [#{type := Type, level := Level, value := Time}]}]} = socket:recvmmsg(B, 1, 0, 0, [], 1000),
    p(timestamp, {Level, Type, maps:keys(Time)}),
    socket:close(A),
    socket:close(B),
    p(closed, [socket:sendmmsg(A, Messages, [], infinity), Receive(1, 0, [], 0)]).

%% On sockets that are not of SCTP.
sctp() ->
    {S, Address} = open(),
    {ok, T} = socket:open(inet, stream, tcp),
    {'$socket', R} = S,
    {'$socket', TR} = T,
    p(sctp, [{F, catched(fun() -> apply(prim_socket, F, A) end)}
             || {F, A} <- [{peeloff, [R, 1]}, {socknames, [R, 1]}, {peernames, [TR, 1]}, {peernames, [TR, x]},
                           {socknames, [TR, 1 bsl 40]}, {bind, [R, [Address], add]}, {bind, [TR, [Address], remove]},
                           {bind, [R, [], add]}, {bind, [R, Address, add]}]]),
    socket:close(S),
    socket:close(T).

%% Receives that do not wait.
polls() ->
    {B, _} = open(),
    {ok, L} = socket:open(inet, stream, tcp),
    ok = socket:bind(L, #{family => inet, addr => loopback, port => 0}),
    ok = socket:listen(L),
    {ok, Address} = socket:sockname(L),
    {ok, C} = socket:open(inet, stream, tcp),
    ok = socket:connect(C, Address),
    {ok, S} = socket:accept(L),
    p(polled, [socket:recv(B, 0, [], 0), socket:recv(S, 0, [], 0), socket:recvfrom(B, 0, [], 0), socket:recvmsg(B, 0, 0, [], 0),
               socket:recv(S, 5, [], 0)]),
    ok = socket:send(C, <<"abc">>),
    {ok, _} = socket:recv(S, 1, [peek], 2000),
    p(polled_part, socket:recv(S, 5, [], 0)),
    ok = socket:send(C, <<"abc">>),
    {ok, _} = socket:recv(S, 1, [peek], 2000),
    p(polled_any, socket:recv(S, 0, [], 0)),
    [socket:close(X) || X <- [B, L, C, S]].

%% Types of service.
service() ->
    {S, _} = open(),
    Values = [lowdelay, mincost, 3, 255, cs3, af11, ef, nqb, default, #{precedence => flash, tos => lowdelay},
              #{precedence => 2, tos => default}, #{precedence => none, tos => 1}, #{tos => 1}],
    p(service, [{V, catched(fun() -> socket:setopt(S, ip, tos, V) end), socket:getopt(S, ip, tos)} || V <- Values]),
    socket:close(S).
