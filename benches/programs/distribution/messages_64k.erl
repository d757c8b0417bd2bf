%% Messages with binaries of 64 kB.
-module(messages_64k).
-export([run/0, take/3]).

-define(COUNT, 300).

run() ->
    N = bench_node:node(),
    P = spawn(N, ?MODULE, take, [self(), 1, 0]),
    B = binary:copy(<<"12345678">>, 8192),
    [P ! {number, I, B} || I <- lists:seq(1, ?COUNT)],
    receive {P, Bytes} -> Bytes end.

take(To, I, Bytes) when I > ?COUNT -> To ! {self(), Bytes};
take(To, I, Bytes) -> receive {number, I, B} -> take(To, I + 1, Bytes + byte_size(B)) end.
