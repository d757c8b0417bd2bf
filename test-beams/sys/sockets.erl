-module(sockets).
-export([main/0]).
-import(tb, [p/2, t/2]).

main() ->
    L = {127, 0, 0, 1},
    p(echo, with([binary, {active, false}], fun(A, B) -> ok = gen_tcp:send(A, "hello"), {ok, D} = gen_tcp:recv(B, 5), ok = gen_tcp:send(B, [D, "!"]), gen_tcp:recv(A, 0) end)),
    p(active, with([binary, {active, true}], fun(A, B) -> gen_tcp:send(A, "x"), receive {tcp, B, D} -> D after 1000 -> none end end)),
    p(once, with([list, {active, once}], fun(A, B) -> gen_tcp:send(A, "x"), R1 = receive {tcp, B, D} -> D after 1000 -> none end, gen_tcp:send(A, "y"), R2 = receive {tcp, B, _} -> got after 30 -> none end, inet:setopts(B, [{active, once}]), {R1, R2, receive {tcp, B, D3} -> D3 after 1000 -> none end} end)),
    p(active_n, with([binary, {active, 2}, {packet, line}], fun(A, B) -> gen_tcp:send(A, "a\nb\nc\n"), R1 = [receive {tcp, B, D} -> D after 1000 -> none end || _ <- [1, 2]], {R1, receive {tcp_passive, B} -> passive after 1000 -> none end} end)),
    [p({packet, P}, with([binary, {active, false}, {packet, P}], fun(A, B) -> [begin gen_tcp:send(A, M), gen_tcp:recv(B, 0) end || M <- [<<"abc">>, binary:copy(<<"x">>, 200)]] end)) || P <- [1, 2, 4]],
    p(line, with([binary, {active, false}, {packet, line}], fun(A, B) -> gen_tcp:send(A, "one\ntwo\n"), [gen_tcp:recv(B, 0), gen_tcp:recv(B, 0)] end)),
    p(http, with([binary, {active, false}, {packet, http_bin}], fun(A, B) -> inet:setopts(A, [{packet, raw}]), gen_tcp:send(A, "GET /path?q=1 HTTP/1.1\r\nHost: x.y\r\nX-Odd: z\r\n\r\n"), [gen_tcp:recv(B, 0) || _ <- [1, 2, 3, 4]] end)),
    p(close, with([binary, {active, true}], fun(A, B) -> gen_tcp:close(A), receive {tcp_closed, B} -> closed after 1000 -> none end end)),
    p(recv_closed, with([binary, {active, false}], fun(A, B) -> gen_tcp:send(A, "last"), gen_tcp:close(A), [gen_tcp:recv(B, 0), gen_tcp:recv(B, 0)] end)),
    p(shutdown, with([binary, {active, false}], fun(A, B) -> gen_tcp:shutdown(A, write), R = gen_tcp:recv(B, 0), gen_tcp:send(B, "back"), {R, gen_tcp:recv(A, 0)} end)),
    p(timeout, with([binary, {active, false}], fun(_, B) -> gen_tcp:recv(B, 0, 20) end)),
    p(big, with([binary, {active, false}], fun(A, B) -> Big = binary:copy(<<"0123456789">>, 100000), spawn_link(fun() -> gen_tcp:send(A, Big) end), {ok, D} = gen_tcp:recv(B, byte_size(Big)), D =:= Big end)),
    p(refused, begin {ok, S} = gen_tcp:listen(0, [{ip, L}]), {ok, Port} = inet:port(S), gen_tcp:close(S), gen_tcp:connect(L, Port, []) end),
    p(accept_timeout, begin {ok, S2} = gen_tcp:listen(0, [{ip, L}]), R2 = gen_tcp:accept(S2, 10), gen_tcp:close(S2), R2 end),
    p(in_use, begin {ok, S3} = gen_tcp:listen(0, [{ip, L}]), {ok, P3} = inet:port(S3), R3 = gen_tcp:listen(P3, [{ip, L}]), gen_tcp:close(S3), R3 end),
    p(opts, with([binary, {active, false}, {nodelay, true}], fun(A, _) -> {inet:getopts(A, [active, nodelay, packet, mode, keepalive]), inet:setopts(A, [{keepalive, true}]), element(1, inet:peername(A)), element(1, inet:sockname(A))} end)),
    p(controlling, with([binary, {active, false}], fun(A, B) -> Me = self(), P4 = spawn(fun() -> receive go -> inet:setopts(B, [{active, once}]), receive {tcp, B, D} -> Me ! {child, D} end end end), ok = gen_tcp:controlling_process(B, P4), P4 ! go, gen_tcp:send(A, "hi"), receive {child, D} -> D after 1000 -> none end end)),
    p(udp, begin {ok, U1} = gen_udp:open(0, [binary, {active, false}, {ip, L}]), {ok, U2} = gen_udp:open(0, [binary, {active, true}, {ip, L}]), {ok, P5} = inet:port(U2), {ok, P6} = inet:port(U1), ok = gen_udp:send(U1, L, P5, "dgram"), R5 = receive {udp, U2, L, P6, D5} -> D5 after 1000 -> none end, gen_udp:send(U2, L, P6, <<"reply">>), {ok, {L, P5, D6}} = gen_udp:recv(U1, 0, 1000), gen_udp:close(U1), gen_udp:close(U2), {R5, D6} end),
    p(inet, [inet:parse_address("10.0.0.1"), inet:parse_address("::1"), inet:parse_address("bad"), inet:ntoa({1, 2, 3, 4}), inet:ntoa({0, 0, 0, 0, 0, 0, 0, 1}), inet:getaddr("127.0.0.1", inet)]),
    p(decode_packet, [erlang:decode_packet(T, B, []) || {T, B} <- [{raw, <<"abc">>}, {1, <<3, "abcd">>}, {2, <<0, 9, "x">>}, {4, <<0, 0, 0, 1, "yz">>}, {line, <<"a\nb">>}, {line, <<"a">>}, {http, <<"GET / HTTP/1.0\r\n">>}, {http_bin, <<"HTTP/1.1 200 OK\r\n">>}, {httph_bin, <<"Content-Length: 5\r\n\r\n">>}, {httph, <<"\r\n">>}, {http, <<"nonsense\r\n">>}, {asn1, <<48, 3, 1, 2, 3, 9>>}, {tpkt, <<3, 0, 0, 6, 1, 2>>}, {cdr, <<"GIOP">>}, {fcgi, <<1, 0, 0, 0, 0, 1, 0, 0, "x">>}]]),
    t(decode_bad, fun() -> erlang:decode_packet(tb:id(foo), <<>>, []) end),
    p(many, begin {ok, S7} = gen_tcp:listen(0, [binary, {active, false}, {ip, L}, {backlog, 64}]), {ok, P7} = inet:port(S7), Me = self(),
        [spawn_link(fun() -> {ok, C} = gen_tcp:connect(L, P7, [binary, {active, false}]), gen_tcp:send(C, <<N:16>>), {ok, <<M:16>>} = gen_tcp:recv(C, 2), Me ! {sum, M} end) || N <- lists:seq(1, 30)],
        [begin {ok, A7} = gen_tcp:accept(S7), {ok, <<X:16>>} = gen_tcp:recv(A7, 2), gen_tcp:send(A7, <<(X * 2):16>>) end || _ <- lists:seq(1, 30)], lists:sum([receive {sum, M} -> M end || _ <- lists:seq(1, 30)]) end).

with(Opts, F) ->
    {ok, S} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}} | Opts]),
    {ok, Port} = inet:port(S),
    {ok, A} = gen_tcp:connect({127, 0, 0, 1}, Port, Opts),
    {ok, B} = gen_tcp:accept(S),
    R = F(A, B),
    [gen_tcp:close(X) || X <- [A, B, S]],
    R.
