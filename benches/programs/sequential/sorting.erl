%% lists:sort, keysort and a quicksort of random numbers.
-module(sorting).
-export([run/0]).

run() ->
    L = random(15000, 42, []),
    {lists:nth(100, lists:sort(L)), lists:nth(5000, lists:keysort(2, [{X, X rem 1000} || X <- L])), lists:nth(77, qsort(L))}.

random(0, _, Acc) -> Acc;
random(N, S, Acc) -> S1 = (S * 1103515245 + 12345) band 16#7fffffff, random(N - 1, S1, [S1 | Acc]).

qsort([]) -> [];
qsort([P | Xs]) -> {A, B} = part(P, Xs, [], []), qsort(A) ++ [P | qsort(B)].

part(_, [], A, B) -> {A, B};
part(P, [X | Xs], A, B) when X < P -> part(P, Xs, [X | A], B);
part(P, [X | Xs], A, B) -> part(P, Xs, A, [X | B]).
