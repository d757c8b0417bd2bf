%% Slices of a port in which it does something by itself: it reads what has come, or its time is over.
-module(port_slices).
-export([main/0]).
-import(tb, [p/2]).

-define(LO, {127, 0, 0, 1}).

main() ->
    {ok, R} = gen_udp:open(0, [{ip, ?LO}, {active, true}, {read_packets, 2}, {recbuf, 200000}]),
    {ok, No} = inet:port(R),
    {ok, S} = gen_udp:open(0, [{ip, ?LO}]),
    {ok, From} = inet:port(S),
    p(one, traced(R, fun() -> ok = gen_udp:send(S, ?LO, No, "x"), receive {udp, R, _, _, "x"} -> ok end end, From)),
    %% Few of many are read in one slice (the reference reads these two up to twenty times).
    ok = inet:setopts(R, [{active, false}]),
    [ok = gen_udp:send(S, ?LO, No, "y") || _ <- lists:seq(1, 120)],
    Read = traced(R, fun() ->
                             ok = inet:setopts(R, [{active, true}]),
                             [receive {udp, R, _, _, "y"} -> ok end || _ <- lists:seq(1, 120)]
                     end, From),
    p(too_many, [N || N <- runs(Read, 0), N > 40]),
    p(all, length([x || {send, _} <- Read])),
    ok = inet:setopts(R, [{active, false}]),
    p(timeout, traced(R, fun() -> {error, timeout} = gen_udp:recv(R, 0, 10) end, From)),
    [ok = gen_udp:close(X) || X <- [R, S]].

runs([{send, _} | Rest], N) -> runs(Rest, N + 1);
runs([{out, _} | Rest], N) -> [N | runs(Rest, 0)];
runs([_ | Rest], N) -> runs(Rest, N);
runs([], N) -> [N].

traced(Port, Fun, From) ->
    Me = self(),
    Tracer = spawn_link(fun() -> receive stop -> Me ! {self(), [strip(T, From) || T <- tb:flush()]} end end),
    1 = erlang:trace(Port, true, [running_ports, send, 'receive', {tracer, Tracer}]),
    Fun(),
    timer:sleep(50),
    1 = erlang:trace(Port, false, [all]),
    Ref = erlang:trace_delivered(all),
    receive {trace_delivered, all, Ref} -> ok end,
    Tracer ! stop,
    receive {Tracer, Traces} -> Traces end.

strip({trace, _, send, {udp, _, Ip, From, Data}, _}, From) -> {send, {Ip, Data}};
strip({trace, _, send, {inet_async, _, _, Result}, _}, _) -> {send, Result};
strip({trace, _, send, {_, Result}, _}, _) -> {answer, Result};
strip({trace, _, 'receive', timeout}, _) -> timeout;
strip({trace, _, 'receive', What}, _) -> {told, element(1, element(2, What))};
strip({trace, _, Tag, What}, _) -> {Tag, What}.
