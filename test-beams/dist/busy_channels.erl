%% vm: own
%% timeout: 60
%% modes: plain
%% A connection whose other side takes nothing: who sends waits, is told so, or goes on, as it asked for; nothing is lost.
-module(busy_channels).
-export([main/0, fill/1, senders/2, finish/0, sink/1, took/0, flags/0, no_connection/1]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    tb_peer:epmd(),
    [with(A, B, More) || {A, B, More} <- [{own, reference, []}, {reference, own, []}, {own, reference, ["-proto_dist", "tb_carrier", "-tb_carrier", "tcp"]}]],
    Ps = [F, _, _] = tb_peer:start_all([{own, []}, {own, pad("true")}, {own, ["+zdbbl", "1" | pad("false")]}]),
    p(flags, [tb_peer:call(P, ?MODULE, flags, []) || P <- Ps]),
    p(limits, [tb_peer:call(P, erlang, system_info, [dist_buf_busy_limit]) || P <- Ps]),
    p(no_connection, tb_peer:call(F, ?MODULE, no_connection, [nobody@nowhere])),
    tb_peer:stop_all(Ps).

with(W1, W2, More) ->
    Name = lists:concat([W1, length(More)]),
    Ps = [A, B] = tb_peer:start_all([{W1, ["-sname", Name ++ "_a", "+zdbbl", "64" | More]}, {W2, ["-sname", Name ++ "_b" | More]}]),
    N = tb_peer:node(B),
    p({W1, limit}, tb_peer:call(A, erlang, system_info, [dist_buf_busy_limit])),
    p({W1, no_connection}, tb_peer:call(A, ?MODULE, no_connection, [N])),
    Sink = tb_peer:call(B, fun() -> S = spawn(?MODULE, sink, [[]]), register(sink, S), S end),
    pong = tb_peer:call(A, net_adm, ping, [N]),
    p({W1, noconnect}, tb_peer:call(A, erlang, send, [{nobody, N}, x, [noconnect]])),
    Os = tb_peer:os_pid(B),
    tb_peer:signal(Os, "STOP"),
    p({W1, fill}, tb_peer:call(A, ?MODULE, fill, [N])),
    p({W1, senders}, tb_peer:call(A, ?MODULE, senders, [N, Sink])),
    tb_peer:signal(Os, "CONT"),
    p({W1, finish}, tb_peer:call(A, ?MODULE, finish, [])),
    Want = [send, send, plain] ++ lists:append([[async, async, async_spawned] || has_async()]),
    p({W1, took}, tb_nodes:until(fun() -> L = tb_peer:call(B, ?MODULE, took, []), Want -- L =:= [] andalso lists:sort(L) end)),
    [tb_peer:stop(P) || P <- Ps].

pad(Value) -> lists:append([["+pad", Value] || has_async()]).

has_async() -> erlang:system_info(otp_release) > "25".

no_connection(N) ->
    [erlang:send({x, N}, y, [noconnect]), erlang:send({x, N}, y, [nosuspend, noconnect]), nodes()].

%% Until it takes no more; the carrier takes more for a while.
fill(N) -> fill(N, binary:copy(<<0>>, 20000), 10).
fill(_, _, 0) -> full;
fill(N, Data, I) ->
    case erlang:send({nobody, N}, Data, [nosuspend]) of
        ok -> fill(N, Data, 10);
        nosuspend -> timer:sleep(20), fill(N, Data, I - 1)
    end.

senders(N, Sink) ->
    Me = self(),
    register(keeper, spawn(fun() ->
        erlang:system_monitor(self(), [busy_dist_port]),
        S = {sink, N},
        All = [{What, start(What, F)} || {What, F} <- [
            {plain, fun() -> S ! plain, sent end},
            {send, fun() -> erlang:send(S, send) end},
            {nosuspend, fun() -> erlang:send(S, nosuspend, [nosuspend]) end},
            {nosuspend2, fun() -> erlang:send_nosuspend(Sink, nosuspend, [noconnect]) end},
            {noconnect, fun() -> erlang:send(S, send, [noconnect]) end},
            {async, fun() -> process_flag(async_dist, true), S ! async, sent end},
            {async_nosuspend, fun() -> process_flag(async_dist, true), erlang:send(S, async, [nosuspend]) end},
            {async_spawned, fun() -> S ! async_spawned, sent end},
            {monitor, fun() -> is_reference(monitor(process, Sink)) end},
            {link, fun() -> link(Sink) end},
            {exit, fun() -> exit(Sink, normal) end},
            {spawn_request, fun() -> is_reference(spawn_request(N, erlang, node, [])) end},
            {group_leader, fun() -> group_leader(self(), Sink) end}]],
        Ended = [{What, how(P)} || {What, P} <- All],
        Told = [{What, receive {monitor, P, busy_dist_port, C} -> {is_port(C), is_pid(C)} after 1000 -> none end} || {What, P} <- All, proplists:get_value(What, Ended) =:= suspended],
        erlang:system_monitor(undefined),
        Me ! {self(), Ended, Told},
        receive {finish, To} -> To ! {finished, [{What, receive {result, P, R} -> R after 20000 -> none end} || {What, P} <- All]} end
    end)),
    K = whereis(keeper),
    receive {K, Ended, Told} -> {Ended, Told} end.

start(What, F) ->
    Me = self(),
    Options = [{async_dist, true} || What =:= async_spawned],
    G = fun() -> R = try F() catch C:E -> {C, E} end, Me ! {result, self(), R}, receive stop -> ok end end,
    try spawn_opt(G, Options) catch error:badarg -> spawn(fun() -> Me ! {result, self(), badarg} end) end.

%% It waits for good, or goes on.
how(P) ->
    tb_nodes:until(fun() ->
        case process_info(P, [status, current_function]) of
            [{status, suspended}, _] -> suspended;
            [{status, waiting}, {_, {?MODULE, _, _}}] -> goes_on;
            undefined -> goes_on;
            _ -> false
        end end).

finish() ->
    keeper ! {finish, self()},
    receive {finished, L} -> L end.

sink(L) ->
    receive
        {took, P} -> P ! {took, L}, sink(L);
        X -> sink([X | L])
    end.

took() ->
    sink ! {took, self()},
    receive {took, L} -> L end.

flags() ->
    Info = fun(P) -> try process_info(P, async_dist) catch error:E -> E end end,
    P = spawn(timer, sleep, [infinity]),
    [Info(self()), catch_error(fun() -> process_flag(async_dist, true) end), Info(self()), catch_error(fun() -> process_flag(async_dist, false) end),
     catch_error(fun() -> process_flag(async_dist, 1) end), catch_error(fun() -> process_flag(P, async_dist, true) end), Info(P),
     catch_error(fun() -> Info(spawn_opt(timer, sleep, [infinity], [{async_dist, true}])) end),
     catch_error(fun() -> spawn_opt(timer, sleep, [infinity], [{async_dist, x}]) end)].

catch_error(F) -> try F() catch C:E -> {C, E} end.
