%% A large live heap with much garbage: the collector.
-module(allocation).
-export([run/0]).

run() ->
    T = tree(13),
    loop(60, T, 0).

loop(0, T, A) -> A + count(T);
loop(N, T, A) -> X = tree(8), loop(N - 1, T, A + count(X)).

tree(0) -> {leaf, 1.5};
tree(N) -> {node, tree(N - 1), N, tree(N - 1)}.

count({leaf, _}) -> 1;
count({node, L, _, R}) -> count(L) + 1 + count(R).
