%% Large binaries sent around: counted, not copied.
-module(refc_binaries).
-export([run/0]).

run() ->
    Me = self(),
    Ps = [spawn(fun() -> part(Me) end) || _ <- lists:seq(1, 10)],
    B = binary:copy(<<"0123456789abcdef">>, 4096),
    S = rounds(300, Ps, B, 0),
    [exit(P, kill) || P <- Ps],
    S.

rounds(0, _, _, S) -> S;
rounds(N, Ps, B, S) ->
    [P ! {N, B} || P <- Ps],
    rounds(N - 1, Ps, B, lists:foldl(fun(_, A) -> receive {part, X} -> A + byte_size(X) + binary:first(X) end end, S, Ps)).

part(To) -> receive {N, B} -> To ! {part, binary:part(B, N, 1000)}, part(To) end.
