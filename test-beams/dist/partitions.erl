%% vm: own
%% timeout: 90
%% modes: plain
%% One link of three nodes is cut: with prevent_overlapping_partitions nobody stays connected with two that are not connected
%% with each other, and without it that goes on. Then the network heals.
-module(partitions).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    tb_peer:epmd(),
    %% Each with three nodes of its own, side by side.
    Me = self(),
    Ways = [{"true1", [own, reference, own], true}, {"true2", [reference, own, reference], true}, {"false", [own, reference, own], false}],
    All = [spawn_link(fun() -> Me ! {self(), cut(Name, Ws, Prevent)} end) || {Name, Ws, Prevent} <- Ways],
    [receive {P, L} -> [p(K, V) || {K, V} <- L] end || P <- All],
    tb_peer:stop_all([]).

cut(Name, Ws, Prevent) ->
    Ps = [A, B, _] = tb_peer:start_all([{W, ["-sname", [X, $_ | Name], "-kernel", "prevent_overlapping_partitions", atom_to_list(Prevent),
                                              "-kernel", "net_setuptime", "2"]} || {X, W} <- lists:zip("abc", Ws)]),
    Ns = [NA, NB, NC] = [tb_peer:node(P) || P <- Ps],
    [pong = tb_peer:call(P, net_adm, ping, [NA]) || P <- Ps],
    Whole = {{Name, whole}, tb_nodes:until(fun() -> graph(Ps, Ns) =:= [{NA, [NB, NC]}, {NB, [NA, NC]}, {NC, [NA, NB]}] end)},
    [tb_peer:call(P, global, sync, []) || P <- Ps],
    %% Neither connects to the other again.
    tb_peer:call(A, net_kernel, allow, [[NA, NC]]),
    tb_peer:call(B, net_kernel, allow, [[NB, NC]]),
    tb_peer:call(A, erlang, disconnect_node, [NB]),
    timer:sleep(500),
    Overlapping = fun() -> overlapping(graph(Ps, Ns)) end,
    Cut = {{Name, cut}, case Prevent of
        true -> {tb_nodes:until(fun() -> not Overlapping() end), lists:member(NB, tb_peer:call(A, erlang, nodes, []))};
        false -> timer:sleep(500), {Overlapping(), lists:member(NB, tb_peer:call(A, erlang, nodes, []))}
    end},
    %% Allowed again.
    [tb_peer:call(P, net_kernel, allow, [Ns]) || P <- [A, B]],
    Healed = {{Name, healed}, tb_nodes:until(fun() ->
        [tb_peer:call(P, net_adm, ping, [N]) || P <- Ps, N <- Ns],
        [{N, lists:sort(L)} || {N, L} <- graph(Ps, Ns)] =:= [{NA, [NB, NC]}, {NB, [NA, NC]}, {NC, [NA, NB]}] end)},
    Global = {{Name, global}, begin
        Pid = tb_peer:call(A, fun() -> P = spawn(timer, sleep, [infinity]), global:register_name(common, P), P end),
        tb_nodes:until(fun() -> [1 || P <- Ps, tb_peer:call(P, global, whereis_name, [common]) =/= Pid] =:= [] end)
    end},
    [tb_peer:stop(P) || P <- Ps],
    [Whole, Cut, Healed, Global].

graph(Ps, Ns) -> [{N, lists:sort(tb_peer:call(P, erlang, nodes, []))} || {P, N} <- lists:zip(Ps, Ns)].

%% Somebody is connected with two that are not connected with each other.
overlapping(G) ->
    [1 || {_, L} <- G, X <- L, Y <- L, X < Y, not lists:member(Y, proplists:get_value(X, G))] =/= [].
