%% Processes that live shortly.
-module(spawning).
-export([run/0]).

run() ->
    Me = self(),
    [spawn(fun() -> Me ! {N, N * N} end) || N <- lists:seq(1, 20000)],
    collect(20000, 0).

collect(0, S) -> S;
collect(N, S) -> receive {_, X} -> collect(N - 1, S + X) end.
