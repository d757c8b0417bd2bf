-module(messages).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    Me = self(),
    p(send_value, [self() ! a, erlang:send(self(), b), erlang:send(self(), c, [noconnect])]),
    p(order, tb:flush()),
    [self() ! M || M <- [1, {x, 1}, 2, {x, 2}, {y, 3}, "s", {x, 3}]],
    p(selective, [receive {x, N} -> N end || _ <- [1, 2]]),
    p(selective2, receive {y, Y} -> Y end),
    p(rest, tb:flush()),
    p(after0, receive _ -> got after 0 -> empty end),
    p(after10, receive _ -> got after 10 -> timeout end),
    p(after_expr, receive _ -> got after id(5) * 2 -> timeout end),
    t(after_bad, fun() -> receive _ -> got after id(x) -> t end end),
    t(after_neg, fun() -> receive _ -> got after id(-1) -> t end end),
    p(after_infinity, begin erlang:send_after(5, Me, late), receive late -> ok after infinity -> never end end),
    p(guard, begin [self() ! X || X <- [1, 5, 3, 9]], A = receive X1 when X1 > 4 -> X1 end, B = receive X2 when X2 > 4 -> X2 end, {A, B, tb:flush()} end),
    p(bound, begin R = make_ref(), self() ! {make_ref(), no}, self() ! {R, yes}, V = receive {R, W} -> W end, {V, length(tb:flush())} end),
    p(call, [call(start(fun(X) -> X * 2 end), N) || N <- [1, 2, 3]]),
    p(ring, ring(100, 20)),
    p(pingpong, pingpong(2000)),
    p(fan_in, begin [spawn(fun() -> Me ! {n, N} end) || N <- lists:seq(1, 300)], lists:sum([receive {n, N} -> N end || _ <- lists:seq(1, 300)]) end),
    p(pair_order, begin spawn(fun() -> [Me ! {seq, N} || N <- lists:seq(1, 1000)] end), L = [receive {seq, N} -> N end || _ <- lists:seq(1, 1000)], L =:= lists:seq(1, 1000) end),
    p(nested, begin self() ! a, self() ! b, receive b -> receive a -> {b, a} end end end),
    p(in_fun, begin F = fun() -> receive M2 -> M2 after 0 -> none end end, self() ! z, {F(), F()} end),
    p(dead, begin P = spawn(fun() -> ok end), tb:wait(P), P ! lost end),
    p(named, begin register(msg_test, self()), msg_test ! hello, R3 = receive M3 -> M3 end, unregister(msg_test), R3 end),
    t(named_bad, fun() -> id(no_such_process_here) ! x end),
    p(named_node, begin {no_such, node()} ! x, ok end),
    t(bad_dest, fun() -> id("str") ! x end),
    t(bad_dest2, fun() -> id({a, b, c}) ! x end),
    p(send_opts, [erlang:send(self(), x, [nosuspend, noconnect]), erlang:send_nosuspend(self(), y)]),
    t(send_bad_opt, fun() -> erlang:send(self(), x, id([bad])) end),
    p(flush, tb:flush()),
    p(big, begin self() ! {lists:seq(1, 10000), binary:copy(<<"b">>, 100000), maps:from_list([{I, I} || I <- lists:seq(1, 100)])}, receive {L3, B3, M4} -> {length(L3), byte_size(B3), map_size(M4)} end end),
    p(self_fun, begin X5 = id(7), self() ! fun(Q) -> Q + X5 end, receive F5 -> F5(1) end end),
    p(exit_msg, begin process_flag(trap_exit, true), P6 = spawn_link(fun() -> Me ! first, exit(bye) end), A6 = receive first -> 1 end, B6 = receive {'EXIT', P6, R6} -> R6 end, process_flag(trap_exit, false), {A6, B6} end),
    p(while_timer, begin erlang:send_after(30, Me, tick), Before = receive nothing -> x after 5 -> waited end, {Before, receive tick -> tick end} end),
    p(receive_in_try, try receive_or(fun() -> throw(none) end) catch throw:T8 -> T8 end),
    p(no_match_kept, begin self() ! keep, receive other -> x after 0 -> y end, tb:flush() end).

receive_or(F) -> receive M -> M after 0 -> F() end.

start(F) -> spawn(fun() -> serve(F) end).
serve(F) -> receive {From, Ref, X} -> From ! {Ref, F(X)}, serve(F) end.
call(P, X) -> R = make_ref(), P ! {self(), R, X}, receive {R, V} -> V end.

ring(N, Laps) ->
    First = self(),
    Last = lists:foldl(fun(_, Next) -> spawn(fun() -> forward(Next) end) end, First, lists:seq(1, N)),
    V = lists:foldl(fun(_, X) -> Last ! {token, X + 1}, receive {token, Y} -> Y end end, 0, lists:seq(1, Laps)),
    Last ! stop,
    receive stop -> V end.

forward(Next) ->
    receive
        {token, X} -> Next ! {token, X + 1}, forward(Next);
        stop -> Next ! stop
    end.

pingpong(N) ->
    Me = self(),
    P = spawn(fun() -> pong(Me) end),
    ping(P, N, 0).
pong(To) -> receive {ping, N} -> To ! {pong, N}, pong(To) end.
ping(P, 0, S) -> exit(P, kill), S;
ping(P, N, S) -> P ! {ping, N}, receive {pong, N} -> ping(P, N - 1, S + N) end.
