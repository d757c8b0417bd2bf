-module(nif_sums).
-export([run/0]).

%% A NIF reads lists of 1000 integers.
run() -> loop(300, lists:seq(1, 1000), 0).

loop(0, _, Acc) -> Acc;
loop(N, L, Acc) -> loop(N - 1, L, bench_nif:sum(L) + Acc).
