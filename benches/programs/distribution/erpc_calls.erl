%% Round trips of erpc:call/4.
-module(erpc_calls).
-export([run/0]).

run() ->
    N = bench_node:node(),
    lists:sum([erpc:call(N, erlang, '+', [1, I]) || I <- lists:seq(1, 500)]).
