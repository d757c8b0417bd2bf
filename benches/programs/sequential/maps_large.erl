%% Hash maps: insert, look up, delete, fold.
-module(maps_large).
-export([run/0]).

run() ->
    M = lists:foldl(fun(K, A) -> A#{K => K * 2, {K} => K} end, #{}, lists:seq(1, 8000)),
    S = lists:foldl(fun(K, A) -> A + maps:get(K, M) + maps:get({K}, M) end, 0, lists:seq(1, 8000)),
    M2 = lists:foldl(fun maps:remove/2, M, lists:seq(1, 8000, 2)),
    {S, map_size(M2), maps:fold(fun(_, V, A) -> V + A end, 0, M2)}.
