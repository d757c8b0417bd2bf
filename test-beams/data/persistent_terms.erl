%% Persistent terms keep what is shared within them, and their table grows and shrinks with them.
-module(persistent_terms).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    sharing(),
    table(),
    others(),
    copies().

sharing() ->
    T = lists:foldl(fun(_, A) -> [A | A] end, [], lists:seq(1, 40)),
    p(size, erts_debug:size(T)),
    ok = persistent_term:put({?MODULE, shared}, {T, T, <<1:4000>>, fun() -> T end}),
    {A, B, C, F} = persistent_term:get({?MODULE, shared}),
    p(stored, {erts_debug:size(A), erts_debug:same(A, B), byte_size(C)}),
    p(within, erts_debug:same(F(), A)),
    persistent_term:erase({?MODULE, shared}),
    erlang:garbage_collect(),
    p(erased, {erts_debug:size(A), byte_size(C)}).

table() ->
    #{count := N, memory := M} = persistent_term:info(),
    Keys = [{?MODULE, X} || X <- lists:seq(1, 3000)],
    [persistent_term:put(K, K) || K <- Keys],
    #{count := N1, memory := M1} = persistent_term:info(),
    p(grown, {N1 - N, M1 > M}),
    p(there, lists:usort([persistent_term:get(K) =:= K || K <- Keys])),
    p(erased, lists:usort([persistent_term:erase(K) || K <- Keys])),
    #{count := N2, memory := M2} = persistent_term:info(),
    p(shrunk, {N2 - N, M2 - M}),
    p(gone, lists:usort([persistent_term:get(K, none) || K <- Keys])).

%% Others read while terms come and go.
others() ->
    Keep = [{?MODULE, kept, X} || X <- lists:seq(1, 50)],
    [persistent_term:put(K, {K, value}) || K <- Keep],
    Readers = [spawn_monitor(fun() -> exit(lists:usort([{K, value} =:= persistent_term:get(K) || _ <- lists:seq(1, 200), K <- Keep])) end)
               || _ <- lists:seq(1, 4)],
    [begin
         Ks = [{?MODULE, comes, R, X} || X <- lists:seq(1, 200)],
         [persistent_term:put(K, R) || K <- Ks],
         [persistent_term:erase(K) || K <- Ks]
     end || R <- lists:seq(1, 20)],
    p(readers, lists:usort([receive {'DOWN', M, process, P, R} -> R end || {P, M} <- Readers])),
    [persistent_term:erase(K) || K <- Keep].

copies() ->
    X = lists:seq(1, 10),
    T = {X, X, [X | X], #{a => X, b => X}},
    C = erts_debug:copy_shared(T, true),
    p(copy, {C =:= T, erts_debug:size(C) =:= erts_debug:size(T)}).
