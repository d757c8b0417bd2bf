%% Naive reverse: allocation of lists.
-module(nrev).
-export([run/0]).

run() -> repeat(60, lists:seq(1, 300), 0).

repeat(0, _, Acc) -> Acc;
repeat(N, L, Acc) -> repeat(N - 1, L, Acc + hd(nrev(L))).

nrev([]) -> [];
nrev([H | T]) -> append(nrev(T), [H]).

append([], L) -> L;
append([H | T], L) -> [H | append(T, L)].
