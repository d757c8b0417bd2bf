%% A TCP connection to ourselves: many small packets, some large.
-module(sockets).
-export([run/0]).

run() ->
    {ok, L} = gen_tcp:listen(0, [binary, {packet, 4}, {active, false}, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(L),
    P = spawn_link(fun() -> {ok, S} = gen_tcp:accept(L), echo(S) end),
    {ok, S} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {packet, 4}, {active, false}, {nodelay, true}]),
    Small = lists:sum([echoed(S, <<N:32>>) || N <- lists:seq(1, 500)]),
    Large = lists:sum([echoed(S, binary:copy(<<N>>, 100000)) || N <- lists:seq(1, 20)]),
    unlink(P),
    gen_tcp:close(S),
    gen_tcp:close(L),
    {Small, Large}.

echoed(S, B) -> ok = gen_tcp:send(S, B), {ok, B} = gen_tcp:recv(S, 0), byte_size(B).

echo(S) ->
    case gen_tcp:recv(S, 0) of
        {ok, B} -> ok = gen_tcp:send(S, B), echo(S);
        {error, closed} -> ok
    end.
