-module(nif_resources).
-export([run/0]).

%% Resources with a destructor are made, read and let go.
run() -> loop(10000, 0).

loop(0, Acc) -> Acc;
loop(N, Acc) -> loop(N - 1, bench_nif:read_resource(bench_nif:resource()) + Acc).
