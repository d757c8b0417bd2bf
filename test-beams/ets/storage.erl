%% persistent_term, atomics, counters.
-module(storage).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    Me = self(),
    p(put, persistent_term:put({?MODULE, a}, {big, lists:seq(1, 10)})),
    p(get, [persistent_term:get({?MODULE, a}), persistent_term:get({?MODULE, none}, default)]),
    t(get_missing, fun() -> persistent_term:get(id({?MODULE, none})) end),
    p(same, begin X = persistent_term:get({?MODULE, a}), erts_debug:same(X, persistent_term:get({?MODULE, a})) end),
    p(put_same, persistent_term:put({?MODULE, a}, {big, lists:seq(1, 10)})),
    p(held, begin P = spawn(fun() -> V = persistent_term:get({?MODULE, a}), Me ! ready, receive go -> Me ! {held, V} end end), receive ready -> ok end, persistent_term:put({?MODULE, a}, new), P ! go, receive {held, V2} -> {V2, persistent_term:get({?MODULE, a})} end end),
    p(erase, [persistent_term:erase({?MODULE, a}), persistent_term:erase({?MODULE, a}), persistent_term:get({?MODULE, a}, gone)]),
    p(many, begin [persistent_term:put({?MODULE, N}, {N, integer_to_list(N), <<N:512>>}) || N <- lists:seq(1, 300)], H = tb:h([persistent_term:get({?MODULE, N}) || N <- lists:seq(1, 300)]), [persistent_term:erase({?MODULE, N}) || N <- lists:seq(1, 300)], H end),
    p(info, [is_integer(maps:get(K, persistent_term:info())) || K <- [count, memory]]),
    p(in_list, begin persistent_term:put({?MODULE, l}, x), R = lists:member({{?MODULE, l}, x}, persistent_term:get()), persistent_term:erase({?MODULE, l}), R end),
    p(fun_term, begin N7 = id(5), persistent_term:put({?MODULE, f}, fun(Y) -> Y + N7 end), R8 = (persistent_term:get({?MODULE, f}))(1), persistent_term:erase({?MODULE, f}), R8 end),
    A = atomics:new(4, []),
    p(atomics, [atomics:put(A, 1, 10), atomics:get(A, 1), atomics:add(A, 1, 5), atomics:sub(A, 1, 1), atomics:add_get(A, 1, 6), atomics:sub_get(A, 1, 3), atomics:exchange(A, 1, 100), atomics:compare_exchange(A, 1, 100, 7), atomics:compare_exchange(A, 1, 100, 8), atomics:get(A, 1), atomics:get(A, 4)]),
    p(signed_wrap, begin atomics:put(A, 2, 16#7fffffffffffffff), atomics:add_get(A, 2, 1) end),
    U = atomics:new(1, [{signed, false}]),
    p(unsigned_wrap, begin atomics:put(U, 1, 16#ffffffffffffffff), {atomics:get(U, 1), atomics:add_get(U, 1, 2), atomics:sub_get(U, 1, 5)} end),
    p(info_atomics, [maps:remove(memory, atomics:info(X)) || X <- [A, U]]),
    [t({atomics, L}, F) || {L, F} <- [{zero, fun() -> atomics:new(id(0), []) end}, {index, fun() -> atomics:get(A, id(5)) end}, {index0, fun() -> atomics:get(A, id(0)) end}, {big, fun() -> atomics:put(A, 1, id(1 bsl 64)) end}, {neg, fun() -> atomics:put(U, 1, id(-1)) end}, {opt, fun() -> atomics:new(1, id([foo])) end}, {ref, fun() -> atomics:get(make_ref(), 1) end}]],
    [begin
        C = counters:new(3, Opts),
        p({counters, Opts}, [counters:add(C, 1, 5), counters:sub(C, 1, 2), counters:get(C, 1), counters:put(C, 2, -7), counters:get(C, 2), counters:get(C, 3), maps:get(size, counters:info(C))]),
        Ps = [spawn_monitor(fun() -> [counters:add(C, 3, 1) || _ <- lists:seq(1, 1000)] end) || _ <- lists:seq(1, 8)],
        [receive {'DOWN', M, _, Q, _} -> ok end || {Q, M} <- Ps],
        p({parallel, Opts}, counters:get(C, 3))
    end || Opts <- [[], [atomics], [write_concurrency]]],
    p(parallel_atomics, begin atomics:put(A, 3, 0), Ps2 = [spawn_monitor(fun() -> [atomics:add(A, 3, N) || _ <- lists:seq(1, 500)] end) || N <- [1, 2, 3, -1]], [receive {'DOWN', M2, _, Q2, _} -> ok end || {Q2, M2} <- Ps2], atomics:get(A, 3) end),
    p(sent, begin spawn(fun() -> Me ! {x, atomics:add_get(A, 4, 1)} end), receive {x, V9} -> {V9, atomics:get(A, 4)} end end).
