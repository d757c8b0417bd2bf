% timeout: 60
-module(ets_basic).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    [table(Type) || Type <- [set, ordered_set, bag, duplicate_bag]],
    named(),
    counters(),
    elements(),
    errors(),
    access(),
    many().

table(Type) ->
    T = ets:new(t, [Type]),
    L = fun(X) -> {Type, X} end,
    p(L(insert), [ets:insert(T, O) || O <- [{a, 1}, {b, 2}, {a, 3}, {1, int}, {1.0, float}, {a, 1}]]),
    p(L(size), ets:info(T, size)),
    p(L(all), tb:sort(ets:tab2list(T))),
    p(L(lookup), [ets:lookup(T, K) || K <- [a, b, c, 1, 1.0]]),
    p(L(member), [ets:member(T, K) || K <- [a, z, 1]]),
    p(L(insert_list), ets:insert(T, [{x, 1}, {y, 2}, {x, 3}])),
    p(L(insert_new), [ets:insert_new(T, {a, new}), ets:insert_new(T, {n, 1}), ets:insert_new(T, [{n, 2}, {m, 1}]), ets:insert_new(T, [{q, 1}, {r, 1}])]),
    p(L(x), [lists:sort(ets:lookup(T, K)) || K <- [x, n, m, q]]),
    p(L(delete), [ets:delete(T, x), ets:lookup(T, x), ets:delete(T, zzz)]),
    p(L(delete_object), [ets:delete_object(T, {a, 1}), ets:lookup(T, a)]),
    p(L(take), [ets:take(T, b), ets:take(T, b)]),
    p(L(lookup_element), [ets:lookup_element(T, K, 2) || K <- [1, q]]),
    p(L(count), [length(ets:tab2list(T)), ets:info(T, size)]),
    p(L(match_delete), [ets:match_delete(T, {n, '_'}), ets:lookup(T, n)]),
    p(L(walk), tb:sort(walk(T, ets:first(T)))),
    p(L(foldl), tb:sort(ets:foldl(fun(O, Acc) -> [O | Acc] end, [], T))),
    p(L(info), [ets:info(T, I) || I <- [type, protection, keypos, named_table, name, compressed, decentralized_counters, read_concurrency, write_concurrency]]),
    p(L(rename), [is_reference(ets:rename(T, other)), ets:info(T, name)]),
    p(L(from_list), lists:sort(ets:tab2list(begin T2 = ets:new(t2, [Type]), ets:insert(T2, [{K rem 3, K} || K <- lists:seq(1, 9)]), T2 end))),
    p(L(delete_all), [ets:delete_all_objects(T), ets:info(T, size), ets:first(T)]),
    p(L(keypos), begin T3 = ets:new(t3, [Type, {keypos, 2}]), ets:insert(T3, [{v, k}, {w, k}, {u, j, extra}]), {lists:sort(ets:lookup(T3, k)), ets:lookup(T3, j)} end),
    p(L(drop), [ets:delete(T), ets:info(T), ets:info(T, size)]).

walk(_, '$end_of_table') -> [];
walk(T, K) -> [K | walk(T, ets:next(T, K))].

named() ->
    p(named, ets:new(named_tab, [named_table])),
    p(named_insert, ets:insert(named_tab, {k, v})),
    p(named_lookup, ets:lookup(named_tab, k)),
    p(whereis, begin R = ets:whereis(named_tab), {is_reference(R), ets:lookup(R, k)} end),
    p(whereis_none, ets:whereis(no_tab)),
    t(named_twice, fun() -> ets:new(named_tab, [named_table]) end),
    p(in_all, lists:member(named_tab, ets:all())),
    p(renamed, [ets:rename(named_tab, named2), ets:lookup(named2, k), ets:whereis(named_tab)]),
    p(delete, ets:delete(named2)),
    t(gone, fun() -> ets:lookup(named2, k) end).

counters() ->
    T = ets:new(c, []),
    ets:insert(T, {k, 5, 10, x}),
    p(counter, [ets:update_counter(T, k, 1), ets:update_counter(T, k, -3), ets:update_counter(T, k, {3, 5}), ets:update_counter(T, k, [{2, 1}, {3, 1}, {2, 0}])]),
    p(counter_wrap, [ets:update_counter(T, k, {2, 10, 8, 1}), ets:update_counter(T, k, {2, -1, 0, 99})]),
    p(counter_default, [ets:update_counter(T, new, 5, {new, 10}), ets:update_counter(T, new2, {3, 1}, {new, 1, 2}), ets:lookup(T, new2), ets:lookup(T, new)]),
    p(counter_big, [ets:update_counter(T, k, 1 bsl 64), ets:update_counter(T, k, -(1 bsl 64))]),
    p(counter_empty, ets:update_counter(T, k, [])),
    t(counter_missing, fun() -> ets:update_counter(T, id(z), 1) end),
    t(counter_notint, fun() -> ets:update_counter(T, k, {4, 1}) end),
    t(counter_range, fun() -> ets:update_counter(T, k, {9, 1}) end),
    t(counter_key, fun() -> ets:update_counter(T, k, {1, 1}) end),
    t(counter_float, fun() -> ets:update_counter(T, k, id(1.0)) end),
    t(counter_bag, fun() -> ets:update_counter(ets:new(b, [bag]), k, 1) end),
    p(after_errors, ets:lookup(T, k)).

elements() ->
    T = ets:new(e, [ordered_set]),
    ets:insert(T, {k, a, b, c}),
    p(element, [ets:update_element(T, k, {2, x}), ets:update_element(T, k, [{3, y}, {4, z}]), ets:update_element(T, none, {2, x}), ets:lookup(T, k)]),
    t(element_key, fun() -> ets:update_element(T, k, {1, x}) end),
    t(element_range, fun() -> ets:update_element(T, k, id({5, x})) end),
    t(lookup_element, fun() -> ets:lookup_element(T, id(z), 1) end),
    t(lookup_element_range, fun() -> ets:lookup_element(T, k, id(9)) end).

errors() ->
    T = ets:new(x, []),
    [t(L, F) || {L, F} <- [{insert_atom, fun() -> ets:insert(T, id(a)) end}, {insert_empty, fun() -> ets:insert(T, id({})) end},
        {insert_mixed, fun() -> ets:insert(T, id([{a}, b])) end}, {insert_improper, fun() -> ets:insert(T, id([{a} | b])) end},
        {small, fun() -> ets:insert(ets:new(y, [{keypos, 3}]), {a, b}) end}, {lookup, fun() -> ets:lookup(id(nope), a) end},
        {new, fun() -> ets:new(id("str"), []) end}, {opt, fun() -> ets:new(x, id([{keypos, 0}])) end}, {opt2, fun() -> ets:new(x, id([foo])) end},
        {next, fun() -> ets:next(T, id(missing)) end}, {info_bad, fun() -> ets:info(T, id(bad)) end}, {delete_ref, fun() -> ets:delete(make_ref()) end},
        {slot, fun() -> ets:slot(T, id(1000000)) end}, {rename, fun() -> ets:rename(T, id(1)) end}]],
    p(atomic, begin T2 = ets:new(z, [{keypos, 2}]), catch ets:insert(T2, [{a, b}, {c}]), ets:info(T2, size) end).

access() ->
    T = ets:new(a, [protected]), P = ets:new(b, [public]), V = ets:new(c, [private]),
    [ets:insert(X, {k, v}) || X <- [T, P, V]],
    Me = self(),
    spawn(fun() -> Me ! [try F() catch error:R -> R end || F <- [fun() -> ets:lookup(T, k) end, fun() -> ets:insert(T, {k, 2}) end, fun() -> ets:lookup(P, k) end,
        fun() -> ets:insert(P, {k, 2}) end, fun() -> ets:lookup(V, k) end, fun() -> ets:delete(T) end, fun() -> ets:info(V, size) end]] end),
    p(access, receive L -> L end),
    p(give_away, begin P2 = spawn(fun() -> receive {'ETS-TRANSFER', Tab, _, D} -> Me ! {D, ets:insert(Tab, {q, 1}), ets:info(Tab, owner) =:= self()} end end), ets:give_away(V, P2, gift), receive A -> A end end),
    t(give_self, fun() -> ets:give_away(T, self(), x) end),
    p(setopts, [ets:setopts(T, {protection, public}), ets:info(T, protection), ets:setopts(T, [{heir, none}])]).

many() ->
    T = ets:new(m, [set]), O = ets:new(o, [ordered_set]),
    [begin ets:insert(T, {K, K * K}), ets:insert(O, {K, K * K}) end || K <- lists:seq(1, 20000)],
    p(many, {ets:info(T, size), ets:info(O, size), ets:lookup(T, 777), ets:lookup(O, 20000), lists:sum([K || {K, _} <- ets:tab2list(T)])}),
    [begin ets:delete(T, K), ets:delete(O, K) end || K <- lists:seq(1, 20000, 3)],
    p(deleted, {ets:info(T, size), ets:info(O, size), tb:h(lists:sort(ets:tab2list(T))) =:= tb:h(ets:tab2list(O)), tb:h(ets:tab2list(O))}),
    p(first_last, {ets:first(O), ets:last(O), ets:next(O, 5), ets:prev(O, 5), ets:next(O, 4.5), ets:prev(O, 1), ets:next(O, 99999)}),
    p(order, begin Q = ets:new(q, [ordered_set]), [ets:insert(Q, {K}) || K <- [b, 1, {x}, "s", 1.0, 2.5, <<"b">>, a, #{}, 1 bsl 70, []]], ets:tab2list(Q) end),
    p(big_objects, begin B = ets:new(b, []), [ets:insert(B, {K, binary:copy(<<K:32>>, 100), lists:seq(1, K rem 20)}) || K <- lists:seq(1, 500)], garbage_collect(), tb:h(lists:sort(ets:tab2list(B))) end),
    p(compressed, begin C = ets:new(c, [compressed]), ets:insert(C, {k, lists:duplicate(1000, "abc")}), ets:insert(C, {l, 1}), {length(element(2, hd(ets:lookup(C, k)))), ets:lookup(C, l), ets:match(C, {l, '$1'})} end),
    p(parallel, begin X = ets:new(x, [public, {write_concurrency, true}]), ets:insert(X, {n, 0}), Ps = [spawn_monitor(fun() -> [ets:update_counter(X, n, 1) || _ <- lists:seq(1, 500)] end) || _ <- lists:seq(1, 10)], [receive {'DOWN', M, _, P, _} -> ok end || {P, M} <- Ps], ets:lookup(X, n) end),
    p(safe_fixtable, begin ets:safe_fixtable(T, true), K1 = ets:first(T), N = drain(T, K1, 0), ets:safe_fixtable(T, false), {N > 10000, ets:info(T, size)} end),
    p(file, begin F = ets:new(f, []), ets:insert(F, [{K, v} || K <- lists:seq(1, 50)]), ok = ets:tab2file(F, "tab.ets"), {ok, G} = ets:file2tab("tab.ets"), lists:sort(ets:tab2list(G)) =:= lists:sort(ets:tab2list(F)) end).

drain(_, '$end_of_table', N) -> N;
drain(T, K, N) -> ets:delete(T, K), drain(T, ets:next(T, K), N + 1).
