%% UDP packets there and back, a few at a time.
-module(datagrams).
-export([run/0]).

run() ->
    O = [binary, {ip, {127, 0, 0, 1}}],
    {ok, A} = gen_udp:open(0, [{active, false} | O]),
    {ok, PortA} = inet:port(A),
    Me = self(),
    P = spawn_link(fun() -> {ok, B} = gen_udp:open(0, [{active, true} | O]), {ok, PortB} = inet:port(B), Me ! {port, PortB}, echo(B, PortA) end),
    PortB = receive {port, X} -> X end,
    N = lists:sum([burst(A, PortB, K) || K <- lists:seq(1, 100)]),
    unlink(P),
    P ! stop,
    gen_udp:close(A),
    N.

burst(A, Port, K) ->
    [ok = gen_udp:send(A, {127, 0, 0, 1}, Port, <<K:32, I:800>>) || I <- lists:seq(1, 10)],
    lists:sum([begin {ok, {_, _, D}} = gen_udp:recv(A, 0), byte_size(D) end || _ <- lists:seq(1, 10)]).

echo(B, To) ->
    receive
        {udp, B, Ip, Port, D} -> ok = gen_udp:send(B, Ip, Port, D), echo(B, To);
        stop -> gen_udp:close(B)
    end.
