%% One process sends to many, all answer to one.
-module(fan_out).
-export([run/0]).

run() ->
    Me = self(),
    Ps = [spawn(fun() -> worker(Me) end) || _ <- lists:seq(1, 200)],
    S = rounds(100, Ps, 0),
    [P ! stop || P <- Ps],
    S.

rounds(0, _, S) -> S;
rounds(N, Ps, S) -> [P ! {job, N} || P <- Ps], rounds(N - 1, Ps, collect(length(Ps), S)).

collect(0, S) -> S;
collect(N, S) -> receive {result, X} -> collect(N - 1, S + X) end.

worker(To) -> receive {job, N} -> To ! {result, N * N}, worker(To); stop -> ok end.
