%% A binary of 50 MB.
-module(binary_50mb).
-export([run/0, take/1]).

run() ->
    N = bench_node:node(),
    B = binary(),
    P = spawn(N, ?MODULE, take, [self()]),
    P ! {binary, B},
    receive {P, Result} -> Result end.

binary() ->
    case get(?MODULE) of
        undefined -> put(?MODULE, binary:copy(<<"0123456789">>, 5000000)), binary();
        B -> B
    end.

take(To) -> receive {binary, B} -> To ! {self(), {byte_size(B), binary:last(B)}} end.
