%% A tight loop over small integers.
-module(loop).
-export([run/0]).

run() -> loop(3000000, 0).

loop(0, Acc) -> Acc;
loop(N, Acc) -> loop(N - 1, (Acc bxor N) + (N band 7)).
