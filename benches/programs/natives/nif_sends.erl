-module(nif_sends).
-export([run/0]).

%% A NIF sends messages from an environment of its own.
run() -> loop(100, 0).

loop(0, Acc) -> Acc;
loop(N, Acc) -> loop(N - 1, take(bench_nif:send_some(100), Acc)).

take(0, Acc) -> Acc;
take(N, Acc) -> receive {bench, I} -> take(N - 1, Acc + I) end.
