%% vm: own
%% timeout: 120
%% modes: plain
%% A node goes that many links and monitors led to: each fires once; and large messages keep their place among small ones.
-module(many_relations).
-export([main/0, echo/1]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(many_relations),
    [with(Which) || Which <- tb_nodes:others()],
    tb_nodes:halt_all([]).

with(Which) ->
    N = tb_nodes:start(Which, atom_to_list(Which)),
    in_order(N),
    process_flag(trap_exit, true),
    P = spawn(N, timer, sleep, [infinity]),
    Monitors = maps:from_keys([monitor(process, P) || _ <- lists:seq(1, 20000)], x),
    Ps = erpc:call(N, fun() -> [spawn(timer, sleep, [infinity]) || _ <- lists:seq(1, 5000)] end),
    [link(X) || X <- Ps],
    Me = self(),
    Watch = fun() -> monitor_node(N, true), R = monitor(process, P), link(P), Me ! ready,
                     receive {nodedown, N} -> ok end, receive {'DOWN', R, _, _, noconnection} -> ok end end,
    Watchers = maps:from_keys([spawn_monitor(Watch) || _ <- lists:seq(1, 2000)], x),
    [receive ready -> ok end || _ <- lists:seq(1, maps:size(Watchers))],
    net_kernel:monitor_nodes(true),
    tb_nodes:kill(N),
    p(monitors, fired(Monitors, 0)),
    p(links, exits(maps:from_keys(Ps, x), 0)),
    p(watchers, watchers(Watchers, #{})),
    p(nodedown, receive {nodedown, N} -> ok after 20000 -> none end),
    p(again, {tb_nodes:start(Which, atom_to_list(Which)) =:= N, receive {nodeup, N} -> ok after 20000 -> none end}),
    net_kernel:monitor_nodes(false),
    %% Nodes that end take ports and processes that were linked with us along.
    p(none, receive {Any, _, _, _, _} -> Any; {'EXIT', _, noconnection} -> exit; {Any, _} -> Any after 100 -> none end),
    in_order(N),
    tb_nodes:stop(N).

fired(Refs, N) when map_size(Refs) =:= 0 -> N;
fired(Refs, N) ->
    receive {'DOWN', R, process, _, noconnection} when is_map_key(R, Refs) -> fired(maps:remove(R, Refs), N + 1)
    after 20000 -> {missing, map_size(Refs)} end.

exits(Ps, N) when map_size(Ps) =:= 0 -> N;
exits(Ps, N) ->
    receive {'EXIT', P, noconnection} when is_map_key(P, Ps) -> exits(maps:remove(P, Ps), N + 1)
    after 20000 -> {missing, map_size(Ps)} end.

%% They die of the link, or are done before.
watchers(Ps, Why) when map_size(Ps) =:= 0 -> lists:sort(maps:keys(Why));
watchers(Ps, Why) ->
    receive {'DOWN', R, process, P, W} when is_map_key({P, R}, Ps) -> watchers(maps:remove({P, R}, Ps), Why#{W => x})
    after 20000 -> {missing, map_size(Ps)} end.

%% What is large is decoded aside; nothing overtakes it, and nothing is lost.
in_order(N) ->
    E = spawn(N, ?MODULE, echo, [self()]),
    Large = [lists:seq(1, 200000), binary:copy(<<"b">>, 3000000), {self(), lists:duplicate(100000, {a, 1.5})}],
    Terms = lists:append([[I, T, {I, T}, self()] || I <- [1, 2], T <- Large]),
    Reader = self(),
    Other = spawn(fun() -> [E ! {Reader, I} || I <- lists:seq(1, 1000)] end),
    [E ! {main, T} || T <- Terms],
    p(in_order, [T || T <- Terms, receive {main, X} -> X =/= T after 20000 -> true end]),
    p(others, [I || I <- lists:seq(1, 1000), receive {Reader, J} -> J =/= I after 20000 -> true end]),
    p(sender, is_pid(Other)),
    E ! stop,
    Dead = spawn(N, fun() -> receive go -> ok end end),
    M = monitor(process, Dead),
    Dead ! {large, lists:seq(1, 300000)}, Dead ! go,
    p(done, receive {'DOWN', M, process, _, Why} -> Why after 20000 -> none end),
    Killed = spawn(N, fun() -> receive never -> ok end end),
    M2 = monitor(process, Killed),
    Killed ! {large, lists:seq(1, 300000)}, exit(Killed, kill),
    p(killed, receive {'DOWN', M2, process, _, Why2} -> Why2 after 20000 -> none end),
    {_, M3} = spawn_monitor(N, erlang, apply, [fun(L) -> exit(length(L)) end, [lists:seq(1, 300000)]]),
    p(arguments, receive {'DOWN', M3, process, _, Why3} -> Why3 after 20000 -> none end),
    p(answer, length(erpc:call(N, lists, seq, [1, 400000]))),
    p(patient, begin
                   Waiter = spawn(N, fun() -> receive {_, _} -> exit(got) after 60000 -> exit(late) end end),
                   M4 = monitor(process, Waiter),
                   Waiter ! {x, lists:seq(1, 300000)},
                   receive {'DOWN', M4, process, _, Why4} -> Why4 after 20000 -> none end
               end).

echo(To) -> receive stop -> ok; X -> To ! X, echo(To) end.
