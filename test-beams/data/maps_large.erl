%% Hash maps: contents only, never their order.
-module(maps_large).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    M = maps:from_list([{K, K * K} || K <- lists:seq(1, 1000)]),
    p(size, map_size(M)),
    p(gets, [maps:get(K, M) || K <- [1, 500, 1000]]),
    t(missing, fun() -> maps:get(id(1001), M) end),
    p(sorted, tb:h(sorted(M))),
    p(update, begin M1 = M#{500 := x, 500000 => y}, {maps:get(500, M1), maps:get(500, M), map_size(M1), maps:get(500000, M1)} end),
    t(update_missing, fun() -> M#{id(q) := 1} end),
    p(remove, begin M2 = lists:foldl(fun maps:remove/2, M, lists:seq(2, 1000, 2)), {map_size(M2), tb:h(sorted(M2))} end),
    p(remove_all, lists:foldl(fun maps:remove/2, M, lists:seq(1, 1000))),
    p(equal, begin A = maps:from_list([{K, v} || K <- lists:seq(1, 200)]), B = maps:from_list([{K, v} || K <- lists:seq(200, 1, -1)]),
        {A =:= B, A == B, maps:from_list([{K * 1.0, v} || K <- lists:seq(1, 200)]) == A, A#{1 := w} =:= B, A#{1 := w} > B, erlang:phash2(A) =:= erlang:phash2(B)} end),
    p(order_by_size, [maps:from_list([{K, 1} || K <- lists:seq(1, 50)]) < maps:from_list([{K, 1} || K <- lists:seq(1, 51)]),
                      maps:from_list([{K, 1} || K <- lists:seq(1, 50)]) < maps:from_list([{K, 1} || K <- lists:seq(2, 51)]),
                      maps:from_list([{K, 1} || K <- lists:seq(1, 50)]) < maps:from_list([{K, 2} || K <- lists:seq(1, 50)])]),
    p(merge, begin A2 = maps:from_list([{K, a} || K <- lists:seq(1, 300)]), B2 = maps:from_list([{K, b} || K <- lists:seq(200, 500)]),
        C2 = maps:merge(A2, B2), {map_size(C2), maps:get(199, C2), maps:get(200, C2), tb:h(sorted(C2)), tb:h(sorted(maps:merge(B2, A2)))} end),
    p(merge_small, [map_size(maps:merge(M, #{1 => x, z => y})), maps:get(1, maps:merge(#{1 => x}, M)), maps:get(1, maps:merge(M, #{1 => x}))]),
    p(iterate, begin L = iterate(maps:iterator(M)), {length(L), tb:h(lists:sort(L))} end),
    p(keys_values, [lists:sum(maps:keys(M)), lists:sum(maps:values(M)), maps:keys(M) =:= [K || {K, _} <- maps:to_list(M)]]),
    p(fold, maps:fold(fun(K, V, A3) -> K * V + A3 end, 0, M)),
    p(map, lists:sum(maps:values(maps:map(fun(K, V) -> K - V end, M)))),
    p(filter, map_size(maps:filter(fun(K, _) -> K rem 7 =:= 0 end, M))),
    p(with, map_size(maps:with(lists:seq(990, 1010), M))),
    p(take, begin {V, R} = maps:take(77, M), {V, map_size(R), maps:is_key(77, R)} end),
    p(from_keys, tb:h(sorted(maps:from_keys(lists:seq(1, 100), x)))),
    p(strings, begin S = maps:from_list([{integer_to_list(K), K} || K <- lists:seq(1, 2000)]), {map_size(S), maps:get("1234", S), maps:find("x", S)} end),
    p(atoms, begin At = maps:from_list([{list_to_atom("a" ++ integer_to_list(K)), K} || K <- lists:seq(1, 500)]), {map_size(At), maps:get(a321, At)} end),
    p(floats, begin F = maps:from_list([{K / 3, K} || K <- lists:seq(1, 500)]), {map_size(F), maps:get(100 / 3, F)} end),
    p(bignums, begin Bn = maps:from_list([{K bsl 70, K} || K <- lists:seq(1, 300)]), {map_size(Bn), maps:get(299 bsl 70, Bn)} end),
    p(tuples, begin T = maps:from_list([{{K, [K], <<K:32>>}, K} || K <- lists:seq(1, 400)]), {map_size(T), maps:get({7, [7], <<7:32>>}, T)} end),
    p(binaries, begin Bi = maps:from_list([{binary:copy(<<K:16>>, 50), K} || K <- lists:seq(1, 200)]), maps:get(binary:copy(<<55:16>>, 50), Bi) end),
    p(map_keys, begin Mk = maps:from_list([{#{k => K}, K} || K <- lists:seq(1, 100)]), maps:get(#{k => 42}, Mk) end),
    p(pids, begin Ps = [spawn(fun() -> ok end) || _ <- lists:seq(1, 60)], Pm = maps:from_list([{P, x} || P <- Ps]), lists:all(fun(P) -> is_map_key(P, Pm) end, Ps) end),
    p(refs, begin Rs = [make_ref() || _ <- lists:seq(1, 60)], Rm = maps:from_list([{R, x} || R <- Rs]), lists:all(fun(R) -> is_map_key(R, Rm) end, Rs) end),
    p(match, begin K7 = id(7), #{K7 := V7, 8 := V8} = M, {V7, V8} end),
    p(nested, begin N = maps:from_list([{K, maps:from_list([{J, K * J} || J <- lists:seq(1, 40)])} || K <- lists:seq(1, 40)]), maps:get(9, maps:get(8, N)) end),
    p(send, begin Me = self(), spawn(fun() -> Me ! {m, M} end), receive {m, M9} -> M9 =:= M end end),
    p(etf, binary_to_term(term_to_binary(M)) =:= M),
    p(ets, begin Tab = ets:new(t, []), ets:insert(Tab, {k, M}), [{k, M10}] = ets:lookup(Tab, k), M10 =:= M end),
    p(gc, begin garbage_collect(), maps:get(999, M) end),
    tb:block(random, {40, tb:seed(11)}, fun random/1).

sorted(M) -> lists:sort(maps:to_list(M)).
iterate(I) -> case maps:next(I) of {K, V, J} -> [{K, V} | iterate(J)]; none -> [] end.

%% The same random operations on a map and on an ordered list.
random(S0) -> random(300, S0, #{}, []).

random(0, S, M, D) ->
    D = sorted(M),
    {D, S};
random(N, S0, M, D) ->
    {Op, S1} = tb:int(5, S0),
    {K0, S2} = tb:int(120, S1),
    {V, S} = tb:next(S2),
    K = case K0 rem 4 of 0 -> K0; 1 -> {K0}; 2 -> integer_to_binary(K0); 3 -> K0 * 1.0 end,
    case Op of
        0 -> random(N - 1, S, maps:remove(K, M), orddict:erase(K, D));
        1 -> true = maps:find(K, M) =:= orddict:find(K, D), random(N - 1, S, M, D);
        _ -> random(N - 1, S, M#{K => V}, orddict:store(K, V, D))
    end.
