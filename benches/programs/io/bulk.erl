%% A stream of 20 MB over one connection.
-module(bulk).
-export([run/0]).

-define(PIECE, 100000).
-define(COUNT, 200).

run() ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(L),
    P = spawn_link(fun() -> {ok, S} = gen_tcp:accept(L), B = binary:copy(<<"b">>, ?PIECE), [ok = gen_tcp:send(S, B) || _ <- lists:seq(1, ?COUNT)], gen_tcp:close(S) end),
    {ok, C} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}]),
    N = all(C, 0),
    unlink(P),
    gen_tcp:close(C),
    gen_tcp:close(L),
    N.

all(C, N) ->
    case gen_tcp:recv(C, 0) of
        {ok, D} -> all(C, N + byte_size(D));
        {error, closed} -> N
    end.
