%% A balanced tree of tuples.
-module(gb_tree).
-export([run/0]).

run() ->
    T = lists:foldl(fun(K, T) -> gb_trees:enter(K * 7919 rem 10007, K, T) end, gb_trees:empty(), lists:seq(1, 12000)),
    lists:sum([gb_trees:get(K, T) || K <- gb_trees:keys(T)]).
