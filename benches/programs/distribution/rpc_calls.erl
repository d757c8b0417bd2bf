%% Round trips of rpc:call/4.
-module(rpc_calls).
-export([run/0]).

run() ->
    N = bench_node:node(),
    lists:sum([rpc:call(N, erlang, '+', [1, I]) || I <- lists:seq(1, 500)]).
