-module(nif_lists).
-export([run/0]).

%% A NIF builds lists of 1000 integers.
run() -> loop(300, 0).

loop(0, Acc) -> Acc;
loop(N, Acc) -> loop(N - 1, hd(bench_nif:list(1000)) + Acc).
