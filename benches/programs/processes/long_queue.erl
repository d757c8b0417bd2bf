%% Receives of a fresh reference and of a distinct tag behind 100,000 other messages.
-module(long_queue).
-export([run/0]).

run() ->
    [self() ! {noise, N, N} || N <- lists:seq(1, 100000)],
    S = spawn(fun server/0),
    R = lists:foldl(fun(N, A) -> A + call(S, N) + tagged(S, N) end, 0, lists:seq(1, 300)),
    exit(S, kill),
    {R, drain(0)}.

call(S, N) -> Ref = make_ref(), S ! {self(), Ref, N}, receive {Ref, X} -> X end.
tagged(S, N) -> S ! {self(), reply, N}, receive {reply, X} -> X end.
server() -> receive {From, Tag, N} -> From ! {Tag, N + 1}, server() end.
drain(N) -> receive {noise, _, _} -> drain(N + 1) after 0 -> N end.
