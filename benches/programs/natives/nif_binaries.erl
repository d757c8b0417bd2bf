-module(nif_binaries).
-export([run/0]).

%% A NIF makes binaries of 1 kB out of others.
run() -> loop(3000, binary:copy(<<1>>, 1000)).

loop(0, B) -> erlang:crc32(B);
loop(N, B) -> loop(N - 1, bench_nif:invert(B)).
