%% Messages between two processes.
-module(pingpong).
-export([run/0]).

run() ->
    Me = self(),
    P = spawn(fun() -> pong(Me) end),
    R = ping(P, 50000, 0),
    exit(P, kill),
    R.

pong(To) -> receive {ping, N} -> To ! {pong, N}, pong(To) end.

ping(_, 0, S) -> S;
ping(P, N, S) -> P ! {ping, N}, receive {pong, N} -> ping(P, N - 1, S + 1) end.
