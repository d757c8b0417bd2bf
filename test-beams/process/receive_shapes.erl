%% Receives that pass messages by their shape, and what changes the queue between them.
-module(receive_shapes).
-export([main/0]).
-import(tb, [p/2, id/1]).

main() ->
    p(tag_behind, begin noise(200), self() ! {reply, 1}, self() ! {reply, 2}, [reply(), reply(), reply()] end),
    p(rest, drain([])),
    p(tag_again, begin noise(100), [begin self() ! {reply, N}, noise(40), reply() end || N <- lists:seq(1, 20)] end),
    p(len, length(drain([]))),
    %% The mark's message goes, the ones before it stay.
    p(mark_gone, begin noise(100), none = reply(), take({noise, 100, x}), self() ! {reply, a}, R1 = reply(), take({noise, 1, x}), self() ! {reply, b}, {R1, reply(), length(drain([]))} end),
    p(mark_front_gone, begin noise(60), none = reply(), N1 = length(drain([])), self() ! {reply, c}, {N1, reply()} end),
    %% The shape is right, the rest of the message is not: it stays, and is found by another receive.
    p(deeper, begin noise(50), self() ! {reply, {no, 1}}, noise(50), self() ! {reply, {yes, 2}}, noise(50), A = yes(), B = yes(), C = reply(), {A, B, C, length(drain([]))} end),
    p(same_tag_other_arity, begin noise(40), self() ! {reply}, self() ! {reply, 1, 2}, self() ! [reply, 1], self() ! reply, self() ! {reply, ok}, {reply(), length(drain([]))} end),
    p(atom, begin noise(80), self() ! go_on, self() ! {go_on, 1}, self() ! go, R2 = receive go -> found after 0 -> none end, {R2, length(drain([]))} end),
    p(number, begin noise(80), self() ! 16, self() ! 17.0, self() ! 17, R3 = receive 17 -> found after 0 -> none end, {R3, length(drain([]))} end),
    p(large, begin noise(30), self() ! {reply, lists:seq(1, 1000)}, self() ! {reply, binary:copy(<<"x">>, 1000)}, self() ! {reply, [N * 1.5 || N <- lists:seq(1, 30)]}, X1 = reply(), garbage_collect(), X2 = reply(), X3 = reply(), garbage_collect(), {length(X1), byte_size(X2), lists:sum(X3), length(drain([]))} end),
    p(opened_then_collected, begin [self() ! {reply, {no, lists:seq(1, N)}} || N <- [5, 50, 500]], none = yes(), garbage_collect(), none = yes(), churn(2000, []), [length(element(2, reply())) || _ <- [1, 2, 3]] end),
    p(late, begin Me = self(), noise(100), spawn(fun() -> timer:sleep(20), [Me ! {noise, N, y} || N <- lists:seq(1, 50)], Me ! {reply, late} end), receive {reply, L} -> L end end),
    p(late_rest, length(drain([]))),
    p(timeout, begin noise(100), receive {reply, _} -> wrong after 10 -> timeout end end),
    p(timeout_rest, length(drain([]))),
    p(monitors, begin noise(100), Ms = [element(2, spawn_monitor(fun() -> exit(N) end)) || N <- lists:seq(1, 5)], Rs = [receive {'DOWN', M, process, _, R} -> R end || M <- lists:reverse(Ms)], {Rs, length(drain([]))} end),
    p(refs, begin noise(100), S = spawn(fun server/0), Cs = [call(S, N) || N <- lists:seq(1, 50)], exit(S, kill), {lists:sum(Cs), length(drain([]))} end),
    p(many_shapes, begin noise(100), Ts = [none = R() || R <- [fun reply/0, fun a/0, fun b/0, fun c/0, fun d/0]], [self() ! {T, T} || T <- [d, b, reply, a, c]], {length(Ts), reply(), a(), b(), c(), d(), length(drain([]))} end),
    p(off_heap, begin Me2 = self(), {P, Mon} = spawn_opt(fun() -> noise(500), self() ! {reply, 1}, Me2 ! {reply, {reply(), length(drain([]))}} end, [monitor, {message_queue_data, off_heap}]), V = reply_wait(), receive {'DOWN', Mon, _, P, Why} -> {V, Why} end end),
    p(process_info, begin noise(3), self() ! {reply, 1}, none = yes(), I = process_info(self(), [message_queue_len, messages]), drain([]), I end).

noise(N) -> [self() ! {noise, K, x} || K <- lists:seq(1, N)], ok.
reply() -> receive {reply, X} -> X after 0 -> none end.
reply_wait() -> receive {reply, X} -> X end.
yes() -> receive {reply, {yes, X}} -> X after 0 -> none end.
a() -> receive {a, X} -> X after 0 -> none end.
b() -> receive {b, X} -> X after 0 -> none end.
c() -> receive {c, X} -> X after 0 -> none end.
d() -> receive {d, X} -> X after 0 -> none end.
take(M) -> receive M -> ok end.
drain(Acc) -> receive M -> drain([M | Acc]) after 0 -> Acc end.
call(S, N) -> Ref = make_ref(), S ! {self(), Ref, N}, receive {Ref, X} -> X end.
server() -> receive {From, Tag, N} -> From ! {Tag, N + 1}, server() end.
churn(0, Acc) -> length(Acc);
churn(N, Acc) -> churn(N - 1, [{N, id(N)} | lists:sublist(Acc, 50)]).
