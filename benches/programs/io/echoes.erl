%% Round trips of small packets over one connection, active and passive.
-module(echoes).
-export([run/0]).

run() ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, true}, {ip, {127, 0, 0, 1}}, {nodelay, true}]),
    {ok, Port} = inet:port(L),
    P = spawn_link(fun() -> {ok, S} = gen_tcp:accept(L), echo(S) end),
    {ok, C} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}, {nodelay, true}]),
    [begin ok = gen_tcp:send(C, <<N:64>>), {ok, <<N:64>>} = gen_tcp:recv(C, 8) end || N <- lists:seq(1, 1000)],
    unlink(P),
    gen_tcp:close(C),
    gen_tcp:close(L).

echo(S) ->
    receive
        {tcp, S, D} -> ok = gen_tcp:send(S, D), echo(S);
        {tcp_closed, S} -> ok
    end.
