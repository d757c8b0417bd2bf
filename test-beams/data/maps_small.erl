-module(maps_small).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    M = id(#{a => 1, b => 2, {c} => [3]}),
    p(map, M),
    p(gets, [map_get(a, M), maps:get({c}, M), maps:get(z, M, none), maps:find(b, M), maps:find(z, M), is_map_key(a, M), maps:is_key(z, M)]),
    t(get_bad, fun() -> map_get(id(z), M) end),
    t(get_notmap, fun() -> map_get(z, id(x)) end),
    p(update, [M#{a := 10}, M#{d => 4}, M#{a => x, b => y, e => z}]),
    t(update_bad, fun() -> M#{z := 1} end),
    t(update_notmap, fun() -> (id([]))#{z => 1} end),
    p(update_many, (id(#{}))#{z => 1, y => 2, x => 3, w => 4, y => 5}),
    p(same_value, begin M1 = M#{a := 1}, {M1 =:= M, erts_debug:same(M, M1)} end),
    p(match, [match(X) || X <- [M, #{a => 2}, #{b => 1, x => 2}, #{}, notmap, #{k => #{n => 5}}, #{1 => a, 1.0 => b}]]),
    p(match_bound, begin K = id(b), #{K := V} = M, V end),
    p(match_expr, begin #{{c} := [V2]} = M, V2 end),
    t(match_fail, fun() -> #{q := Q} = id(M), Q end),
    p(keys, [lists:sort(maps:keys(M)), lists:sort(maps:values(M)), lists:sort(maps:to_list(M)), map_size(M)]),
    p(number_keys, [begin X = #{1 => int, 1.0 => float}, {map_size(X), maps:get(1, X), maps:get(1.0, X)} end]),
    p(funcs, [maps:put(z, 26, M), maps:remove(a, M), maps:remove(zz, M), maps:update(a, 5, M), maps:take(a, M), maps:take(q, M)]),
    p(merge, [maps:merge(#{a => 1, b => 2}, #{b => 3, c => 4}), maps:merge(#{}, #{a => 1}), maps:merge(M, M) =:= M, maps:merge_with(fun(_, X, Y) -> X + Y end, #{a => 1, b => 2}, #{b => 3})]),
    p(from_list, [maps:from_list([{a, 1}, {b, 2}, {a, 3}]), maps:from_keys([a, b, a], 0), maps:from_list([])]),
    t(from_list_bad, fun() -> maps:from_list(id([{a, 1} | x])) end),
    p(with, [maps:with([a, z], M), maps:without([a, z], M), maps:groups_from_list(fun(X) -> X rem 2 end, [1, 2, 3]), maps:intersect(#{a => 1, b => 2}, #{b => 3})]),
    p(update_with, [maps:update_with(a, fun(X) -> X + 1 end, M), maps:update_with(n, fun(X) -> X end, 0, #{})]),
    t(update_with_bad, fun() -> maps:update_with(id(n), fun(X) -> X end, #{}) end),
    p(equal, [#{a => 1} =:= #{a => 1}, #{a => 1} == #{a => 1.0}, #{a => 1, b => 2} =:= #{b => 2, a => 1}, #{} =:= #{}]),
    p(nested, begin N = #{l1 => #{l2 => #{l3 => deep}}}, #{l1 := #{l2 := #{l3 := D} = L2} = L1} = N, {D, L2, L1} end),
    p(nested_update, begin N2 = #{x => #{y => 1}}, X2 = maps:get(x, N2), N2#{x := X2#{y := 2, z => 3}} end),
    p(map_key_map, begin K3 = #{k => v}, maps:get(#{k => v}, #{K3 => ok}) end),
    p(bin_keys, maps:get(<<"key">>, #{<<"key">> => 1, "key" => 2})),
    p(big_keys, maps:get(1 bsl 100, #{(1 bsl 100) => big, (1 bsl 100) + 1 => other})),
    p(comprehension, maps:from_list([{X, X * X} || X <- lists:seq(1, 5)])),
    p(cross32, begin Ms = lists:foldl(fun(I, [H | _] = Acc) -> [H#{I => I * I} | Acc] end, [#{}], lists:seq(1, 40)),
        [{map_size(X), tb:h(lists:sort(maps:to_list(X)))} || X <- Ms, map_size(X) >= 30, map_size(X) =< 35] end),
    p(shrink32, begin Big = maps:from_list([{I, I} || I <- lists:seq(1, 40)]), Small = lists:foldl(fun maps:remove/2, Big, lists:seq(1, 38)), {Small, Small =:= #{39 => 39, 40 => 40}} end),
    p(literal_big, map_size(big()) + maps:get(k20, big())),
    p(in_guard, [case X of Y when map_size(Y) =:= 1, is_map_key(a, Y) -> one_a; Y when is_map(Y) -> map; _ -> no end || X <- [#{a => 1}, #{b => 1}, []]]).

match(#{a := 1, b := B}) -> {a1, B};
match(#{a := A}) -> {a, A};
match(#{b := 1, x := X}) -> {b1, X};
match(#{k := #{n := N}}) -> {nested, N};
match(#{1 := A, 1.0 := B}) -> {A, B};
match(#{}) -> map;
match(_) -> no.

big() -> #{k1 => 1, k2 => 2, k3 => 3, k4 => 4, k5 => 5, k6 => 6, k7 => 7, k8 => 8, k9 => 9, k10 => 10, k11 => 11, k12 => 12, k13 => 13,
    k14 => 14, k15 => 15, k16 => 16, k17 => 17, k18 => 18, k19 => 19, k20 => 20, k21 => 21, k22 => 22, k23 => 23, k24 => 24, k25 => 25,
    k26 => 26, k27 => 27, k28 => 28, k29 => 29, k30 => 30, k31 => 31, k32 => 32, k33 => 33, k34 => 34, k35 => 35}.
