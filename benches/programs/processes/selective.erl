%% Replies picked out of a long message queue.
-module(selective).
-export([run/0]).

run() ->
    [self() ! {noise, N} || N <- lists:seq(1, 2000)],
    S = spawn(fun server/0),
    R = lists:foldl(fun(N, A) -> A + call(S, N) end, 0, lists:seq(1, 3000)),
    exit(S, kill),
    drain(),
    R.

call(S, N) -> Ref = make_ref(), S ! {self(), Ref, N}, receive {Ref, X} -> X end.
server() -> receive {From, Ref, N} -> From ! {Ref, N + 1}, server() end.
drain() -> receive {noise, _} -> drain() after 0 -> ok end.
