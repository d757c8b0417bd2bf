%% modes: plain
%% timeout: 40
-module(tcp_driver).
-export([main/0]).
-import(tb, [p/2, id/1]).

-define(LO, {127, 0, 0, 1}).

main() ->
    p(packets, [packet(T) || T <- [1, 2, 4, raw, line, asn1, sunrm, cdr, fcgi, tpkt, http, http_bin, httph, ssl_tls]]),
    p(bad_packet, [bad(P, D, A) || {P, D} <- [{4, <<255, 255, 255, 255, 1>>}, {cdr, <<"no giop here">>}, {tpkt, <<9, 0, 0, 5, 1>>}], A <- [false, true]]),
    p(packet_size, [sized(P, D) || {P, D} <- [{4, <<0, 0, 0, 20, 0:160>>}, {line, [lists:duplicate(30, $x), "\n"]}]]),
    p(long_line, long_line()),
    p(header, with([binary, {active, true}, {header, 2}], fun(A, B) -> gen_tcp:send(A, "abcd"), msg(B) end)),
    p(list_mode, with([list, {active, false}], fun(A, B) -> gen_tcp:send(A, "abcd"), gen_tcp:recv(B, 3) end)),
    p(deliver, with([binary, {active, true}, {deliver, port}], fun(A, B) -> gen_tcp:send(A, "abcd"), receive {B, D} -> D after 2000 -> none end end)),
    p(partial, with([binary, {active, false}], fun(A, B) -> gen_tcp:send(A, "abc"), R1 = gen_tcp:recv(B, 5, 50), gen_tcp:send(A, "de"), {R1, gen_tcp:recv(B, 5, 2000)} end)),
    p(second_recv, with([binary, {active, false}], fun(_, B) -> Me = self(), spawn_link(fun() -> Me ! go, gen_tcp:recv(B, 0, 200), Me ! done end), receive go -> ok end, timer:sleep(30), R = gen_tcp:recv(B, 0, 10), receive done -> R end end)),
    p(recv_active, with([binary, {active, true}], fun(_, B) -> gen_tcp:recv(B, 0, 10) end)),
    p(counted, with([binary, {active, false}, {packet, 1}], fun(A, B) -> inet:setopts(B, [{active, 2}]), [gen_tcp:send(A, [N]) || N <- "abc"], R = [msg(B), msg(B), msg(B)], inet:setopts(B, [{active, 3}]), {R, msg(B), inet:getopts(B, [active]), inet:setopts(B, [{active, -5}]), msg(B), inet:setopts(B, [{active, 40000}])} end)),
    p(exit_on_close, with([binary, {active, true}, {exit_on_close, false}], fun(A, B) -> gen_tcp:close(A), R = msg(B), {R, is_list(erlang:port_info(B)), gen_tcp:send(B, "x")} end)),
    p(half_closed, with([binary, {active, false}, {exit_on_close, false}], fun(A, B) -> gen_tcp:shutdown(A, write), R = gen_tcp:recv(B, 0), ok = gen_tcp:send(B, "late"), {R, gen_tcp:recv(A, 0)} end)),
    p(reset, [reset(Show, Active) || Show <- [true, false], Active <- [true, false]]),
    p(send_closed, with([binary, {active, false}], fun(A, B) -> gen_tcp:close(A), timer:sleep(50), R = [gen_tcp:recv(B, 0), gen_tcp:recv(B, 0), gen_tcp:send(B, "x"), gen_tcp:send(B, "x")], R end)),
    p(send_timeout, with([binary, {active, false}, {send_timeout, 100}], fun(A, _) -> full(A, 0) end)),
    p(send_timeout_close, with([binary, {active, false}, {send_timeout, 100}, {send_timeout_close, true}], fun(A, _) -> R = full(A, 0), {R, gen_tcp:send(A, "x")} end)),
    p(nosuspend, with([binary, {active, false}], fun(A, _) -> Me = self(), spawn(fun() -> full(A, 0), Me ! x end), timer:sleep(200), erlang:port_command(A, "x", [nosuspend]) end)),
    p(delay_send, with([binary, {active, false}, {delay_send, true}], fun(A, B) -> [ok = gen_tcp:send(A, [N]) || N <- "abcdef"], gen_tcp:recv(B, 6, 2000) end)),
    p(slow_reader, slow_reader()),
    p(watermarks, with([binary, {active, false}], fun(A, _) -> inet:setopts(A, [{high_watermark, 100}, {low_watermark, 200}]), R1 = inet:getopts(A, [high_watermark, low_watermark]), inet:setopts(A, [{high_watermark, 50}]), {R1, inet:getopts(A, [low_watermark, high_watermark])} end)),
    p(unrecv, with([binary, {active, false}], fun(A, B) -> gen_tcp:send(A, "cd"), {ok, D} = gen_tcp:recv(B, 2), ok = gen_tcp:unrecv(B, ["ab", D]), {gen_tcp:recv(B, 3), gen_tcp:recv(B, 0)} end)),
    p(options, with([binary, {active, false}], fun(A, _) -> [inet:setopts(A, [O]) || O <- [{linger, {true, 2}}, {keepalive, true}, {sndbuf, 9000}, {tos, 8}, {priority, 3}, {ttl, 9}, {bad, 1}, {raw, 6, 1, <<1:32/native>>}, {packet, 7}, {active, 7}]] ++ [inet:getopts(A, [linger, keepalive, tos, priority, ttl, nodelay, active, mode, packet, buffer, packet_size, exit_on_close, show_econnreset, {raw, 6, 1, 4}])] end)),
    p(stat, with([binary, {active, false}], fun(A, B) -> gen_tcp:send(A, "abcd"), gen_tcp:send(A, "ab"), gen_tcp:recv(B, 6), {inet:getstat(A, [send_cnt, send_max, send_avg, send_oct, send_pend]), inet:getstat(B, [recv_cnt, recv_max, recv_avg, recv_oct])} end)),
    p(acceptors, acceptors()),
    p(accept_dies, accept_dies()),
    p(close_listener, close_listener()),
    p(inherit, inherit()),
    p(controlling, with([binary, {active, true}, {packet, 4}], fun(A, B) -> gen_tcp:send(A, "one"), timer:sleep(30), Me = self(), P = spawn(fun() -> receive go -> Me ! {child, msg(B), msg(B)} end end), ok = gen_tcp:controlling_process(B, P), gen_tcp:send(A, "two"), P ! go, receive {child, X, Y} -> {X, Y} after 2000 -> none end end)),
    p(fd, fd()),
    p(local, local()),
    p(bind, bind()),
    p(names, with([binary], fun(A, B) -> {ok, {_, PA}} = inet:sockname(A), {ok, {_, PB}} = inet:peername(B), {PA =:= PB, prim_inet:setpeername(A, {{1, 2, 3, 4}, 5}), inet:peername(A), prim_inet:gettype(A), prim_inet:getstatus(A)} end)),
    p(sendfile, sendfile()),
    p(udp, udp()),
    p(udp_errors, udp_errors()).

with(Opts, F) ->
    {ok, S} = gen_tcp:listen(0, [{ip, ?LO} | Opts]),
    {ok, Port} = inet:port(S),
    {ok, A} = gen_tcp:connect(?LO, Port, Opts),
    {ok, B} = gen_tcp:accept(S),
    R = F(A, B),
    [catch (inet:setopts(X, [{linger, {true, 0}}])) || X <- [A, B]],
    [gen_tcp:close(X) || X <- [A, B, S]],
    R.

msg(S) ->
    receive
        {ssl_tls, S, T, V, D} -> {ssl_tls, T, V, D};
        {T, S, D} -> {T, D};
        {T, S} -> T
    after 2000 -> none
    end.

packet(T) ->
    Data = data(T),
    Passive = with([binary, {active, false}, {packet, T}], fun(A, B) -> inet:setopts(A, [{packet, raw}]), gen_tcp:send(A, Data), [unport(gen_tcp:recv(B, 0, 500)) || _ <- [1, 2]] end),
    Active = with([binary, {active, true}, {packet, T}], fun(A, B) -> inet:setopts(A, [{packet, raw}]), [begin gen_tcp:send(A, [C]), timer:sleep(1) end || <<C:7/binary>> <- [binary:part(iolist_to_binary(Data), 0, 7)]], gen_tcp:send(A, binary:part(iolist_to_binary(Data), 7, iolist_size(Data) - 7)), case T of raw -> raw; _ -> [msg(B), msg(B)] end end),
    {T, Passive, Active}.

unport({ok, {ssl_tls, _, T, V, D}}) -> {ssl_tls, T, V, D};
unport(X) -> X.

data(1) -> [3, "abc", 4, "defg"];
data(2) -> [<<3:16>>, "abc", <<4:16>>, "defg"];
data(4) -> [<<3:32>>, "abc", <<4:32>>, "defg"];
data(raw) -> "rawraw raw";
data(line) -> "one\ntwo two\n";
data(asn1) -> [48, 3, 1, 2, 3, 16#30, 16#82, 0, 2, 9, 9];
data(sunrm) -> [<<16#80000003:32>>, "abc", <<4:32>>, "defg"];
data(cdr) -> ["GIOP", 1, 0, 1, 0, <<3:32/little>>, "abc", "GIOP", 1, 0, 0, 0, <<1:32>>, "x"];
data(fcgi) -> [1, 0, 0, 0, <<3:16>>, 2, 0, "abc", 0, 0, 1, 0, 0, 0, <<1:16>>, 0, 0, "z"];
data(tpkt) -> [3, 0, <<7:16>>, "abc", 3, 0, <<5:16>>, "x"];
data(httph) -> "Content-Length: 5\r\nx-ODD-name:  v w\r\n\r\n";
data(ssl_tls) -> [22, 3, 1, <<3:16>>, "abc", 23, 3, 3, <<2:16>>, "hi"];
data(_) -> "GET /p?q HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n".

bad(P, D, Active) ->
    with([binary, {active, Active}, {packet, P}], fun(A, B) -> inet:setopts(A, [{packet, raw}]), gen_tcp:send(A, D), case Active of false -> gen_tcp:recv(B, 0, 1000); true -> [msg(B), msg(B)] end end).

sized(P, D) ->
    with([binary, {active, false}, {packet, P}, {packet_size, 10}], fun(A, B) -> inet:setopts(A, [{packet, raw}]), gen_tcp:send(A, D), gen_tcp:recv(B, 0, 1000) end).

long_line() ->
    with([binary, {active, false}, {packet, line}, {buffer, 10}, {recbuf, 5000}], fun(A, B) -> inet:setopts(A, [{packet, raw}]), inet:setopts(B, [{buffer, 10}]), gen_tcp:send(A, "0123456789abcdefghijKL\nm\n"), [gen_tcp:recv(B, 0, 500) || _ <- [1, 2, 3, 4, 5]] end).

reset(Show, Active) ->
    with([binary, {active, Active}, {show_econnreset, Show}], fun(A, B) -> inet:setopts(A, [{linger, {true, 0}}]), gen_tcp:close(A), case Active of true -> [msg(B) | [msg(B) || Show]]; false -> timer:sleep(50), [gen_tcp:recv(B, 0, 500), gen_tcp:send(B, "x")] end end).

full(A, N) when N > 100 -> too_much;
full(A, N) ->
    case gen_tcp:send(A, binary:copy(<<0>>, 1000000)) of
        ok -> full(A, N + 1);
        E -> E
    end.

slow_reader() ->
    with([binary, {active, false}], fun(A, B) ->
        Data = << <<N:32>> || N <- lists:seq(1, 200000) >>,
        spawn_link(fun() -> [ok = gen_tcp:send(A, binary:part(Data, O, 8000)) || O <- lists:seq(0, byte_size(Data) - 8000, 8000)] end),
        erlang:md5(collect(B, byte_size(Data), [])) =:= erlang:md5(Data) end).

collect(_, 0, Acc) -> lists:reverse(Acc);
collect(B, N, Acc) ->
    {ok, D} = gen_tcp:recv(B, min(N, 1 + N rem 30000), 5000),
    collect(B, N - byte_size(D), [D | Acc]).

acceptors() ->
    {ok, S} = gen_tcp:listen(0, [{ip, ?LO}, {active, false}, binary]),
    {ok, Port} = inet:port(S),
    Me = self(),
    [spawn_link(fun() -> {ok, A} = gen_tcp:accept(S, 2000 + N), {ok, D} = gen_tcp:recv(A, 0), Me ! {got, D} end) || N <- lists:seq(1, 10)],
    [spawn_link(fun() -> {ok, C} = gen_tcp:connect(?LO, Port, []), gen_tcp:send(C, [N]), receive after 500 -> ok end end) || N <- lists:seq(1, 10)],
    R = lists:sort([receive {got, D} -> D after 3000 -> none end || _ <- lists:seq(1, 10)]),
    T = [gen_tcp:accept(S, 0), gen_tcp:accept(S, 20)],
    gen_tcp:close(S),
    {R, T}.

accept_dies() ->
    {ok, S} = gen_tcp:listen(0, [{ip, ?LO}, {active, false}, binary]),
    {ok, Port} = inet:port(S),
    [begin P = spawn(fun() -> gen_tcp:accept(S) end), timer:sleep(20), exit(P, kill) end || _ <- [1, 2]],
    timer:sleep(20),
    {ok, C} = gen_tcp:connect(?LO, Port, []),
    R = element(1, gen_tcp:accept(S, 1000)),
    gen_tcp:close(C), gen_tcp:close(S),
    R.

close_listener() ->
    {ok, S} = gen_tcp:listen(0, [{ip, ?LO}]),
    Me = self(),
    [spawn(fun() -> Me ! {acc, gen_tcp:accept(S)} end) || _ <- [1, 2]],
    timer:sleep(50),
    gen_tcp:close(S),
    {[receive {acc, R} -> R after 1000 -> none end || _ <- [1, 2]], gen_tcp:accept(S, 10)}.

inherit() ->
    {ok, S} = gen_tcp:listen(0, [{ip, ?LO}, {active, once}, binary, {packet, 2}, {nodelay, true}, {send_timeout, 7}, {high_watermark, 999}, {header, 1}, {buffer, 777}, {packet_size, 55}]),
    {ok, Port} = inet:port(S),
    {ok, C} = gen_tcp:connect(?LO, Port, []),
    {ok, A} = gen_tcp:accept(S),
    R = inet:getopts(A, [active, mode, packet, nodelay, send_timeout, high_watermark, header, buffer, packet_size, deliver, delay_send]),
    [gen_tcp:close(X) || X <- [A, C, S]],
    R.

fd() ->
    {ok, S} = gen_tcp:listen(0, [{ip, ?LO}, binary, {active, false}]),
    {ok, Port} = inet:port(S),
    {ok, Fd} = prim_inet:getfd(S),
    {ok, S2} = gen_tcp:listen(0, [{fd, Fd}, binary, {active, false}]),
    {ok, C} = gen_tcp:connect(?LO, Port, [binary, {active, false}]),
    {ok, A} = gen_tcp:accept(S2, 1000),
    ok = gen_tcp:send(C, "via fd"),
    R = {inet:port(S2) =:= {ok, Port}, gen_tcp:recv(A, 0)},
    [gen_tcp:close(X) || X <- [A, C, S2, S]],
    R.

local() ->
    file:delete("tcp_driver.sock"),
    {ok, S} = gen_tcp:listen(0, [{ifaddr, {local, "tcp_driver.sock"}}, binary, {active, false}]),
    {ok, C} = gen_tcp:connect({local, <<"tcp_driver.sock">>}, 0, [local, binary, {active, false}]),
    {ok, A} = gen_tcp:accept(S),
    ok = gen_tcp:send(C, "x"),
    R = [gen_tcp:recv(A, 0), inet:sockname(S), inet:peername(C), gen_tcp:connect({local, "no such"}, 0, [local])],
    [gen_tcp:close(X) || X <- [A, C, S]],
    file:delete("tcp_driver.sock"),
    R.

bind() ->
    [case gen_tcp:listen(0, O) of {ok, S} -> R = element(1, element(2, inet:sockname(S))), gen_tcp:close(S), R; E -> E end
     || O <- [[{ip, any}], [{ip, loopback}], [inet6, {ip, loopback}], [{ip, {1, 2, 3, 4}}], [inet6, {ip, {0, 0, 0, 0, 0, 0, 0, 1}}], [{ip, ?LO}, {reuseaddr, true}]]].

sendfile() ->
    ok = file:write_file("tcp_driver.txt", lists:duplicate(100000, "0123456789")),
    with([binary, {active, false}], fun(A, B) ->
        Me = self(),
        spawn_link(fun() -> {ok, D} = gen_tcp:recv(B, 1000000, 5000), Me ! {md5, erlang:md5(D)} end),
        R = file:sendfile("tcp_driver.txt", A),
        {ok, Bin} = file:read_file("tcp_driver.txt"),
        {R, receive {md5, M} -> M =:= erlang:md5(Bin) after 5000 -> none end} end).

udp() ->
    {ok, U} = gen_udp:open(0, [binary, {active, false}, {ip, ?LO}]),
    {ok, V} = gen_udp:open(0, [binary, {active, once}, {ip, ?LO}]),
    {ok, PU} = inet:port(U),
    {ok, PV} = inet:port(V),
    ok = gen_udp:send(U, ?LO, PV, "one"),
    ok = gen_udp:send(U, ?LO, PV, "two"),
    R1 = receive {udp, V, ?LO, PU, D} -> D after 2000 -> none end,
    inet:setopts(V, [{active, 2}]),
    R2 = receive {udp, V, ?LO, PU, D2} -> D2 after 2000 -> none end,
    ok = gen_udp:send(U, {?LO, PV}, [<<"three">>]),
    R3 = [receive {udp, V, ?LO, PU, D3} -> D3 after 2000 -> none end, receive {udp_passive, V} -> passive after 2000 -> none end],
    ok = inet:setopts(V, [{recvtos, true}, {recvttl, true}]),
    ok = gen_udp:send(U, ?LO, PV, [{tos, 16}, {ttl, 5}], "anc"),
    R4 = case gen_udp:recv(V, 0, 2000) of {ok, {_, _, Anc, D4}} -> {lists:sort(Anc), D4}; O -> O end,
    ok = gen_udp:connect(U, ?LO, PV),
    ok = gen_udp:send(U, "connected"),
    R5 = case gen_udp:recv(V, 0, 2000) of {ok, T} -> element(tuple_size(T), T); O2 -> O2 end,
    R6 = [gen_udp:recv(U, 0, 10), inet:peername(U) =:= {ok, {?LO, PV}}],
    R7 = [gen_udp:send(U, binary:copy(<<0>>, 70000)), inet:getopts(U, [read_packets, recbuf =/= x, active])],
    [gen_udp:close(X) || X <- [U, V]],
    {R1, R2, R3, R4, R5, R6, R7}.

udp_errors() ->
    {ok, U} = gen_udp:open(0, [binary, {active, false}, {ip, ?LO}]),
    {ok, P} = inet:port(U),
    gen_udp:close(U),
    {ok, V} = gen_udp:open(0, [binary, {active, false}, {ip, ?LO}]),
    ok = gen_udp:connect(V, ?LO, P),
    ok = gen_udp:send(V, "x"),
    timer:sleep(50),
    R = [gen_udp:recv(V, 0, 500), gen_udp:send(V, ?LO, P, "x") =/= x],
    gen_udp:close(V),
    {R, gen_udp:open(P, [{ip, {1, 2, 3, 4}}]), gen_udp:recv(V, 0, 10), gen_udp:send(V, ?LO, P, "x")}.
