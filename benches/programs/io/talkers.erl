%% A hundred connections that talk at once.
-module(talkers).
-export([run/0]).

run() ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, true}, {backlog, 128}, {ip, {127, 0, 0, 1}}, {nodelay, true}]),
    {ok, Port} = inet:port(L),
    A = spawn_link(fun() -> accept(L) end),
    Me = self(),
    Clients = [spawn_link(fun() -> Me ! {self(), talk(Port)} end) || _ <- lists:seq(1, 100)],
    N = lists:sum([receive {C, K} -> K end || C <- Clients]),
    unlink(A),
    gen_tcp:close(L),
    N.

talk(Port) ->
    {ok, C} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}, {nodelay, true}, {linger, {true, 0}}]),
    [begin ok = gen_tcp:send(C, <<N:64>>), {ok, <<N:64>>} = gen_tcp:recv(C, 8) end || N <- lists:seq(1, 20)],
    gen_tcp:close(C),
    20.

accept(L) ->
    case gen_tcp:accept(L) of
        {ok, S} ->
            P = spawn(fun() -> receive go -> echo(S) end end),
            _ = gen_tcp:controlling_process(S, P),
            P ! go,
            accept(L);
        {error, closed} -> ok
    end.

echo(S) ->
    receive
        {tcp, S, D} -> _ = gen_tcp:send(S, D), echo(S);
        {tcp_closed, S} -> ok
    end.
