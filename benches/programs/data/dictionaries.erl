%% The process dictionary, arrays, sets and queues.
-module(dictionaries).
-export([run/0]).

run() ->
    [put({key, N}, N) || N <- lists:seq(1, 3000)],
    S = lists:sum([get({key, N}) || N <- lists:seq(1, 3000)]),
    [erase({key, N}) || N <- lists:seq(1, 3000)],
    A = lists:foldl(fun(N, X) -> array:set(N, N * 3, X) end, array:new(), lists:seq(0, 3000)),
    Q = lists:foldl(fun queue:in/2, queue:new(), lists:seq(1, 3000)),
    {{value, H}, _} = queue:out(Q),
    U = sets:union(sets:from_list(lists:seq(1, 2000)), sets:from_list(lists:seq(1000, 3000))),
    {S, array:foldl(fun(_, V, X) -> V + X end, 0, A), H, sets:size(U)}.
