%% Bags and duplicate bags, counters, matches.
-module(ets_bags).
-export([run/0]).

run() -> [one(Type) || Type <- [bag, duplicate_bag]].

one(Type) ->
    T = ets:new(t, [Type]),
    [ets:insert(T, {K rem 2000, K, {value, K}}) || K <- lists:seq(1, 10000)],
    N = lists:sum([length(ets:lookup(T, K)) || K <- lists:seq(0, 1999)]),
    M = length(ets:match(T, {7, '$1', '_'})),
    D = ets:select_delete(T, [{{'_', '$1', '_'}, [{'<', '$1', 5000}], [true]}]),
    F = ets:foldl(fun({_, X, _}, A) -> A + X end, 0, T),
    ets:delete(T),
    {N, M, D, F}.
