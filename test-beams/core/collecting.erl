%% Heaps that grow, shrink and hold every kind of term while they do.
-module(collecting).
-export([main/0]).
-import(tb, [p/2, id/1]).

main() ->
    p(live, tb:h(strip(live(300, [])))),
    p(old_young, begin Old = build(2000), garbage_collect(), Young = build(2000), garbage_collect(), Old =:= Young end),
    p(deep_stack, deep(20000, [])),
    p(binaries, begin Bs = [binary:copy(<<N:32>>, 20 + N rem 50) || N <- lists:seq(1, 2000)], garbage_collect(), erlang:crc32(Bs) end),
    p(sub_binaries, begin B = binary:copy(<<"abcdefgh">>, 10000), Ss = [binary:part(B, N, N rem 100) || N <- lists:seq(1, 2000)], garbage_collect(), erlang:crc32(Ss) end),
    p(funs, begin Fs = [fun(X) -> X + N end || N <- lists:seq(1, 2000)], garbage_collect(), lists:sum([F(1) || F <- Fs]) end),
    p(floats, begin Xs = [N / 3 || N <- lists:seq(1, 3000)], garbage_collect(), trunc(lists:sum(Xs)) end),
    p(bignums, begin Ns = [N bsl 70 || N <- lists:seq(1, 2000)], garbage_collect(), lists:sum(Ns) end),
    p(maps, begin M = maps:from_list([{N, [N]} || N <- lists:seq(1, 3000)]), garbage_collect(), M2 = maps:map(fun(_, [X]) -> {X} end, M), garbage_collect(), lists:sum([X || {X} <- maps:values(M2)]) end),
    p(refs, begin Rs = [make_ref() || _ <- lists:seq(1, 2000)], garbage_collect(), length(lists:usort(Rs)) end),
    p(pids, begin Ps = [spawn(fun() -> ok end) || _ <- lists:seq(1, 500)], garbage_collect(), length(lists:usort(Ps)) end),
    p(dictionary, begin [put(N, {N, lists:seq(1, N rem 10)}) || N <- lists:seq(1, 1000)], garbage_collect(), S = lists:sum([element(1, get(N)) || N <- lists:seq(1, 1000)]), erase(), S end),
    p(queue, begin [self() ! {N, lists:seq(1, N rem 30), <<N:512>>} || N <- lists:seq(1, 1000)], garbage_collect(), lists:sum([receive {N4, L4, B4} -> length(L4) + byte_size(B4) + N4 end || _ <- lists:seq(1, 1000)]) end),
    p(shrink, begin big(40000), garbage_collect(), {total_heap_size, S2} = process_info(self(), total_heap_size), S2 < 60000 end),
    p(literals, begin Ls = [{N, "a literal", #{k => [v]}} || N <- lists:seq(1, 1000)], garbage_collect(), tb:h(Ls) end),
    p(improper, begin I = lists:foldl(fun(N, A) -> [N | A] end, tail, lists:seq(1, 5000)), garbage_collect(), hd(I) end),
    p(mixed, mixed(100, {[], #{}, <<>>, fun(X) -> X end})),
    p(hibernated, begin Me = self(), P = spawn(fun() -> X = build(100), erlang:hibernate(erlang, apply, [fun() -> receive go -> Me ! {h, tb:h(strip(X))} end end, []]) end), timer:sleep(5), P ! go, receive {h, H} -> H end end),
    p(flags, begin P2 = spawn_opt(fun() -> receive {From, go} -> From ! {ok, lists:sum(churn(200, []))} end end, [{fullsweep_after, 0}, {min_heap_size, 500}]), P2 ! {self(), go}, receive {ok, V} -> V end end),
    p(off_heap, begin P3 = spawn_opt(fun() -> receive go -> ok end, exit(lists:sum([receive {n, N5, _} -> N5 end || _ <- lists:seq(1, 300)])) end, [{message_queue_data, off_heap}, monitor]), {Pid, M3} = P3, [Pid ! {n, N, lists:seq(1, 20)} || N <- lists:seq(1, 300)], garbage_collect(Pid), Pid ! go, receive {'DOWN', M3, _, _, R3} -> R3 end end),
    p(exceptions, [try boom(N, lists:seq(1, 200)) catch error:{boom, X, L} -> X + length(L) end || N <- [1, 2, 3]]),
    p(many_processes, begin Me4 = self(), [spawn(fun() -> Me4 ! {s, lists:sum(churn(50, []))} end) || _ <- lists:seq(1, 50)], lists:usort([receive {s, X} -> X end || _ <- lists:seq(1, 50)]) end).

live(0, Acc) -> Acc;
live(N, Acc) -> live(N - 1, [{N, integer_to_list(N), N * 1.5, N bsl 65, <<N:16>>, #{n => N}, fun() -> N end} | lists:sublist(Acc, 100)]).

strip(L) -> [setelement(tuple_size(T), T, x) || T <- L].

build(N) -> [{X, [X], <<X:32>>, y} || X <- lists:seq(1, N)].

deep(0, Acc) -> garbage_collect(), length(Acc);
deep(N, Acc) -> X = [N | Acc], R = deep(N - 1, X), case X of [N | _] -> R end.

big(N) -> length(lists:seq(1, N)).

mixed(0, {L, M, B, F}) -> {length(L), map_size(M), byte_size(B), F(7)};
mixed(N, {L, M, B, F}) ->
    garbage_collect(),
    mixed(N - 1, {[{N} | L], M#{N => L}, <<B/binary, N>>, case N rem 10 of 0 -> fun(X) -> F(X) + N end; _ -> F end}).

churn(0, Acc) -> Acc;
churn(N, Acc) -> X = lists:seq(1, N), churn(N - 1, [length(X) | Acc]).

boom(N, L) -> M = [{X, N} || X <- L], error({boom, N, M}).
