%% Maps made from nothing of keys that are known: order, sharing, room on the heap, keys that come twice.
-module(maps_made).
-export([main/0]).

main() ->
    io:format("~p~n", [lists:map(fun one/1, lists:seq(1, 4))]),
    L = many(3000, []),
    io:format("~p ~p~n", [length(L), lists:sum([X + length(B) || #{c := X, b := B} <- L])]),
    io:format("~p~n", [erts_debug:flat_size(one(1))]),
    #{z := Z} = M = large(5),
    io:format("~p ~p ~p~n", [Z, maps:size(M), maps:keys(M)]),
    io:format("~p ~p~n", [twice(1, 2), mixed(3)]),
    io:format("~p~n", [one(7) =:= maps:from_list([{c, 7}, {b, [7]}, {1, {7}}, {[], -7}])]),
    {P, R} = spawn_monitor(fun() -> exit(many(10, [])) end),
    io:format("~p~n", [receive {'DOWN', R, process, P, Reason} -> length(Reason) end]).

one(N) -> #{c => N, b => [N], 1 => {N}, [] => -N}.

many(0, Acc) -> Acc;
many(N, Acc) -> many(N - 1, [one(N) | Acc]).

large(N) ->
    #{z => N, y => N, x => N, w => N, v => N, u => N, t => N, s => N, r => N, q => N, p => N, o => N, n => N, m => N,
      l => N, k => N, j => N, i => N, h => N, g => N, f => N, e => N, d => N, c => N, b => N, a => N}.

twice(A, B) -> #{k => A, l => B, k => {A, B}}.

mixed(N) -> #{1.5 => N, "text" => [N], 1 bsl 70 => N, a => N}.
