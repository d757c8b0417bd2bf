%% gen_server calls.
-module(gen_calls).
-behaviour(gen_server).
-export([run/0, init/1, handle_call/3, handle_cast/2]).

run() ->
    {ok, P} = gen_server:start(?MODULE, 0, []),
    [gen_server:call(P, {add, N}) || N <- lists:seq(1, 15000)],
    R = gen_server:call(P, {add, 0}),
    gen_server:stop(P),
    R.

init(N) -> {ok, N}.
handle_call({add, X}, _, N) -> {reply, N + X, N + X}.
handle_cast(_, N) -> {noreply, N}.
