%% Connections made, accepted and closed.
-module(accepts).
-export([run/0]).

run() ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {backlog, 128}, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(L),
    P = spawn_link(fun() -> accept(L) end),
    [begin {ok, C} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}, {linger, {true, 0}}]), {ok, <<"x">>} = gen_tcp:recv(C, 1), gen_tcp:close(C) end || _ <- lists:seq(1, 200)],
    unlink(P),
    gen_tcp:close(L).

accept(L) ->
    case gen_tcp:accept(L) of
        {ok, S} -> ok = gen_tcp:send(S, "x"), gen_tcp:close(S), accept(L);
        {error, closed} -> ok
    end.
