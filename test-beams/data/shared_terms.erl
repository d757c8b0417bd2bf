%% Terms with much sharing, and copies of them.
-module(shared_terms).
-export([main/0]).
-import(tb, [p/2, id/1]).

main() ->
    T = share(12, [x]),
    p(sizes, {erts_debug:size(T), erts_debug:flat_size(T)}),
    p(copied, begin C = copy(T), {C =:= T, erts_debug:flat_size(C)} end),
    p(ets_copy, begin Tab = ets:new(t, []), ets:insert(Tab, {T}), [{C2}] = ets:lookup(Tab, T), {C2 =:= T, erts_debug:flat_size(C2)} end),
    p(same, begin A = id({1, 2}), {erts_debug:same(A, A), erts_debug:same(A, {1, id(2)})} end),
    p(small_sizes, [erts_debug:flat_size(X) || X <- [1, a, [], [1], {1}, {1, 2}, {}, 1.5, 1 bsl 60, 1 bsl 70, 1 bsl 200, "abc", #{}, #{a => 1}, <<>>, <<1>>, <<0:512>>, fun lists:map/2, self(), make_ref()]]),
    p(big_sizes, [erts_debug:flat_size(X) || X <- [lists:seq(1, 100), list_to_tuple(lists:seq(1, 100)), maps:from_list([{I, I} || I <- lists:seq(1, 32)]), {[{1, 2}], "x"}]]),
    p(binaries, begin B = binary:copy(<<"x">>, 1000), L = lists:duplicate(100, B), C3 = copy(L), {C3 =:= L, erts_debug:flat_size(hd(C3))} end),
    p(cyclic_free, begin L2 = lists:foldl(fun(_, Acc) -> [Acc, Acc] end, [], lists:seq(1, 15)), length(lists:flatten([L2])) end),
    p(literal, begin C4 = copy(literal()), {C4 =:= literal(), erts_debug:flat_size(C4)} end),
    p(nested_send, begin Me = self(), P = spawn(fun() -> receive {From, X} -> From ! {X, X} end end), P ! {Me, lists:seq(1, 1000)}, receive {X1, X1} -> length(X1) end end),
    p(many_messages, begin Me = self(), [spawn(fun() -> Me ! {I, lists:seq(1, I rem 50)} end) || I <- lists:seq(1, 500)], tb:h(lists:sort([receive M -> M end || _ <- lists:seq(1, 500)])) end).

share(0, T) -> T;
share(N, T) -> X = share(N - 1, T), {X, X}.

copy(T) ->
    Me = self(),
    spawn(fun() -> receive X -> Me ! {back, X} end end) ! T,
    receive {back, Y} -> Y end.

literal() -> {[1, 2, 3], "literal", #{a => {b}}, <<"a binary literal that is long enough to be kept off the heap, really long enough">>}.
