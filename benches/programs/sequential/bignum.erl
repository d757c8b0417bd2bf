%% Digits of pi and a factorial: big integers.
-module(bignum).
-export([run/0]).

run() -> {pi(250, 1, 180, 60, 2, []) , erlang:phash2(fact(1500)), length(integer_to_list(fact(1000)))}.

pi(0, _, _, _, _, Acc) -> lists:reverse(Acc);
pi(N, Q, R, T, I, Acc) ->
    U = 3 * (3 * I + 1) * (3 * I + 2),
    Y = (Q * (27 * I - 12) + 5 * R) div (5 * T),
    pi(N - 1, 10 * Q * I * (2 * I - 1), 10 * U * (Q * (5 * I - 2) + R - Y * T), T * U, I + 1, [Y | Acc]).

fact(0) -> 1;
fact(N) -> N * fact(N - 1).
