%% Many processes alive at once, each asked in turn.
-module(many_live).
-export([run/0]).

run() ->
    Ps = [spawn(fun idle/0) || _ <- lists:seq(1, 10000)],
    S = lists:sum([begin P ! {self(), N}, receive {P, X} -> X end end || {P, N} <- lists:zip(Ps, lists:seq(1, 10000))]),
    [P ! stop || P <- Ps],
    S.

idle() -> receive {From, N} -> From ! {self(), N * 2}, idle(); stop -> ok end.
