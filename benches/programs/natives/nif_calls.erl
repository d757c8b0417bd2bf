-module(nif_calls).
-export([run/0]).

%% Calls of a NIF that does nothing.
run() -> loop(100000, 0).

loop(0, Acc) -> Acc;
loop(N, Acc) -> loop(N - 1, bench_nif:nothing(N) + Acc).
