%% Calls of a gen_server on the other node.
-module(server_calls).
-export([run/0, init/1, handle_call/3, handle_cast/2]).

run() ->
    N = bench_node:node(),
    {ok, P} = erpc:call(N, gen_server, start, [?MODULE, 0, []]),
    Last = lists:last([gen_server:call(P, {add, I}) || I <- lists:seq(1, 1000)]),
    gen_server:stop(P),
    Last.

init(S) -> {ok, S}.
handle_call({add, I}, _, S) -> {reply, S + I, S + I}.
handle_cast(_, S) -> {noreply, S}.
