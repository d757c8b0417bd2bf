%% vm: own
%% timeout: 60
%% modes: plain
%% A node that stands still is noticed within the tick time, one that is killed at once, one that says nothing stays: on each
%% mix of emulators, over TCP and carriers that are processes.
-module(ticking).
-export([main/0, watch/2, told/0]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    tb_peer:epmd(),
    Args = ["-kernel", "net_ticktime", "3", "net_tickintensity", "10", "prevent_overlapping_partitions", "false", "-connect_all", "false"],
    Carrier = ["-proto_dist", "tb_carrier", "-tb_carrier", "tcp"],
    Ways = [{stopped, own, reference, []}, {stopped, reference, own, []}, {stopped, own, own, []}, {stopped, own, own, Carrier},
            {killed, own, reference, []}, {killed, reference, own, []}, {idle, own, reference, []}, {idle, own, own, Carrier}],
    Ps = tb_peer:start_all([{W, ["-sname", lists:concat([X, I])] ++ Args ++ More}
                            || {I, {_, A, B, More}} <- lists:zip(lists:seq(1, length(Ways)), Ways), {X, W} <- [{a, A}, {b, B}]]),
    Pairs = pairs(Ps),
    [pong = tb_peer:call(A, ?MODULE, watch, [tb_peer:node(B), element(1, Way)]) || {Way, {A, B}} <- lists:zip(Ways, Pairs)],
    Os = [tb_peer:os_pid(B) || {_, B} <- Pairs],
    T0 = now_ms(),
    [case How of
        stopped -> tb_peer:signal(O, "STOP");
        killed -> tb_peer:signal(O, "KILL");
        idle -> ok
     end || {{How, _, _, _}, O} <- lists:zip(Ways, Os)],
    [p({How, W1, W2, length(More)}, within(How, T0, tb_peer:call(A, ?MODULE, told, [])))
     || {{How, W1, W2, More}, {A, _}} <- lists:zip(Ways, Pairs), How =/= idle],
    %% What goes on after all sees that the connection is gone, and makes another.
    [tb_peer:signal(O, "CONT") || O <- Os],
    [p({again, W1, W2}, tb_nodes:until(fun() -> tb_peer:call(B, net_adm, ping, [tb_peer:node(A)]) =:= pong end))
     || {{stopped, W1, W2, _}, {A, B}} <- lists:zip(Ways, Pairs)],
    timer:sleep(max(0, 6000 - (now_ms() - T0))),
    [p({How, W1, W2, length(More)}, [length(tb_peer:call(P, erlang, nodes, [])) || P <- [A, B]])
     || {{How, W1, W2, More}, {A, B}} <- lists:zip(Ways, Pairs), How =:= idle],
    times(element(1, lists:last(Pairs))),
    tb_peer:stop_all(Ps).

pairs([A, B | T]) -> [{A, B} | pairs(T)];
pairs([]) -> [].

now_ms() -> erlang:monotonic_time(millisecond).

watch(N, How) ->
    true = tb_nodes:until(fun() -> net_adm:ping(N) =:= pong end),
    How =:= killed andalso net_kernel:set_net_ticktime(60, 0),
    Me = self(),
    register(watch, spawn(fun() ->
        net_kernel:monitor_nodes(true, [nodedown_reason]),
        {M, _} = {monitor(process, {kernel_sup, N}), monitor_node(N, true)},
        Me ! ready,
        Why = receive {nodedown, N, [{nodedown_reason, R}]} -> R end,
        W = receive {'DOWN', M, _, _, R2} -> R2 end,
        receive {nodedown, N} -> ok end,
        At = now_ms_there(),
        receive {told, P} -> P ! {Why, W, now_ms_there() - At} end end)),
    receive ready -> ok end,
    net_adm:ping(N).

now_ms_there() -> erlang:monotonic_time(millisecond).

told() ->
    watch ! {told, self()},
    receive {_, _, _} = T -> T after 30000 -> none end.

%% It takes as long as the tick time says, more or less; a machine that is busy takes a little longer.
within(How, T0, {Why, W, Ago}) ->
    T = now_ms() - T0 - Ago,
    {Why, W, case How of stopped -> T > 2000 andalso T < 10000; killed -> T < 5000 end orelse T};
within(_, _, None) -> None.

%% Changes of the tick time at run time.
times(P) ->
    p(times, [tb_peer:call(P, net_kernel, F, As) || {F, As} <- [
        {get_net_ticktime, []}, {set_net_ticktime, [3]}, {set_net_ticktime, [5, 1]}, {get_net_ticktime, []}, {set_net_ticktime, [5]},
        {set_net_ticktime, [7]}]]),
    p(times, tb_nodes:until(fun() -> case tb_peer:call(P, net_kernel, get_net_ticktime, []) of {_, _} -> false; T -> T end end)),
    p(times, tb_peer:call(P, net_kernel, set_net_ticktime, [3, 0])).
