%% Messages of 64 kB that are lists of tuples.
-module(lists_64k).
-export([run/0, take/3]).

-define(COUNT, 100).

run() ->
    N = bench_node:node(),
    P = spawn(N, ?MODULE, take, [self(), 1, 0]),
    L = [{I, name, <<"some text">>} || I <- lists:seq(1, 2500)],
    [P ! {number, I, L} || I <- lists:seq(1, ?COUNT)],
    receive {P, Sum} -> Sum end.

take(To, I, Sum) when I > ?COUNT -> To ! {self(), Sum};
take(To, I, Sum) -> receive {number, I, L} -> take(To, I + 1, Sum + length(L)) end.
