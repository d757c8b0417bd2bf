%% modes: plain
%% Stacks that grow, loops that do not.
-module(recursion).
-export([main/0]).
-import(tb, [p/2, id/1]).

main() ->
    p(loop, loop(1000000, 0)),
    p(deep, deep(300000)),
    p(deep_list, length(build(200000))),
    p(deep_tuple, depth(nest(100000, x), 0)),
    p(mutual, even(500001)),
    p(ackermann, ack(2, 300)),
    p(fib, [fib(N) || N <- lists:seq(0, 20)]),
    p(hanoi, length(hanoi(12, a, b, c))),
    p(queens, [length(queens(N)) || N <- lists:seq(1, 7)]),
    p(primes, lists:sum(sieve(lists:seq(2, 3000)))),
    p(perms, length(perms([1, 2, 3, 4, 5, 6, 7]))),
    p(collatz, lists:max([{collatz(N, 0), N} || N <- lists:seq(1, 3000)])),
    p(tak, tak(14, 8, 3)),
    p(many_regs, regs(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 100)),
    p(qsort, tb:h(qsort(randoms(20000, tb:seed(1), [])))),
    p(gb, begin T = lists:foldl(fun(K, T) -> gb_trees:enter(K rem 1009, K, T) end, gb_trees:empty(), lists:seq(1, 20000)), tb:h(gb_trees:to_list(T)) end),
    p(string_rev, tb:h(lists:foldl(fun(N, Acc) -> integer_to_list(N) ++ lists:reverse(lists:sublist(Acc, 50)) end, "", lists:seq(1, 5000)))).

loop(0, Acc) -> Acc;
loop(N, Acc) -> loop(N - 1, Acc + (N band 7)).

deep(0) -> 0;
deep(N) -> 1 + deep(N - 1).

build(0) -> [];
build(N) -> [{N, integer_to_list(N)} | build(N - 1)].

nest(0, T) -> T;
nest(N, T) -> nest(N - 1, {N, T}).

depth({_, T}, D) -> depth(T, D + 1);
depth(x, D) -> D.

even(0) -> true;
even(N) -> odd(N - 1).
odd(0) -> false;
odd(N) -> even(N - 1).

ack(0, N) -> N + 1;
ack(M, 0) -> ack(M - 1, 1);
ack(M, N) -> ack(M - 1, ack(M, N - 1)).

fib(N) when N < 2 -> N;
fib(N) -> fib(N - 1) + fib(N - 2).

hanoi(0, _, _, _) -> [];
hanoi(N, A, B, C) -> hanoi(N - 1, A, C, B) ++ [{A, B}] ++ hanoi(N - 1, C, B, A).

queens(N) -> place(N, N, []).
place(0, _, Qs) -> [Qs];
place(K, N, Qs) -> lists:append([place(K - 1, N, [Q | Qs]) || Q <- lists:seq(1, N), safe(Q, 1, Qs)]).
safe(_, _, []) -> true;
safe(Q, D, [P | Ps]) -> Q =/= P andalso abs(Q - P) =/= D andalso safe(Q, D + 1, Ps).

sieve([P | Xs]) -> [P | sieve([X || X <- Xs, X rem P =/= 0])];
sieve([]) -> [].

perms([]) -> [[]];
perms(L) -> [[H | T] || H <- L, T <- perms(L -- [H])].

collatz(1, N) -> N;
collatz(X, N) when X band 1 =:= 0 -> collatz(X bsr 1, N + 1);
collatz(X, N) -> collatz(3 * X + 1, N + 1).

tak(X, Y, Z) when Y >= X -> Z;
tak(X, Y, Z) -> tak(tak(X - 1, Y, Z), tak(Y - 1, Z, X), tak(Z - 1, X, Y)).

regs(A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, 0) -> [A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P];
regs(A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Count) -> regs(P, A, B, C, D, E, F, G, H, I, J, K, L, M, N, id(O), Count - 1).

qsort([]) -> [];
qsort([P | Xs]) -> qsort([X || X <- Xs, X < P]) ++ [P] ++ qsort([X || X <- Xs, X >= P]).

randoms(0, _, Acc) -> Acc;
randoms(N, S0, Acc) -> {X, S} = tb:next(S0), randoms(N - 1, S, [X | Acc]).
