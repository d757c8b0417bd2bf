%% vm: own
%% timeout: 30
%% modes: plain
%% Links and monitors as both ends and the connection know them; who makes them waits while the connection is busy; a node
%% that was disconnected is connected again at once.
-module(relations).
-export([main/0]).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(relations),
    erts_debug:set_internal_state(available_internal_state, true),
    former(),
    [with(Which) || Which <- tb_nodes:others()],
    tb_nodes:halt_all([]).

%% Names of an earlier life of this node name nobody.
former() ->
    [Pid, Port] = [old(T) || T <- [spawn(fun() -> ok end), hd(erlang:ports())]],
    M1 = monitor(process, Pid),
    p(former_pid, receive {'DOWN', M1, K1, O1, W1} -> {K1, O1 =:= Pid, W1} end),
    M2 = monitor(port, Port, [{tag, gone}]),
    p(former_port, receive {gone, M2, K2, O2, W2} -> {K2, O2 =:= Port, W2} end),
    M3 = monitor(port, no_such_port),
    p(no_port, receive {'DOWN', M3, K3, O3, W3} -> {K3, O3 =:= {no_such_port, node()}, W3} end).

%% The same under another creation, which is the last four bytes.
old(T) ->
    B = term_to_binary(T),
    Size = byte_size(B) - 4,
    <<Front:Size/binary, C:32>> = B,
    binary_to_term(<<Front/binary, (C bxor 1000):32>>).

with(Which) ->
    N = tb_nodes:start(Which, atom_to_list(Which)),
    rpc:call(N, erts_debug, set_internal_state, [available_internal_state, true]),
    again(N, 100),
    p(again, net_adm:ping(N)),
    tables(N),
    busy(N),
    tb_nodes:stop(N).

get_list(Key, Of) -> erts_debug:get_internal_state({Key, Of}).

tables(N) ->
    P = spawn(N, timer, sleep, [infinity]),
    link(P),
    M1 = monitor(process, P),
    M2 = monitor(process, {kernel_sup, N}),
    monitor_node(N, true),
    monitor_node(N, true),
    Me = self(),
    R = make_ref(),
    Q = spawn(N, fun() -> M = monitor(process, Me), Me ! {R, M}, receive stop -> ok end end),
    M3 = receive {R, M} -> M end,
    _ = process_info(self(), monitored_by),
    Own = [L || {erl_link, dist_process, _, _, _} = L <- get_list(link_list, self())],
    Through = get_list(link_list, N),
    p(links, [[{P =:= X, S} || {_, _, X, S, _} <- Own],
              [{T, S} || {_, T, X, S, _} <- Through, X =:= Me],
              [I || {_, _, _, _, I} <- Own] =:= [I || {_, _, X, _, I} <- Through, X =:= Me]]),
    There = [{T, X, E} || {_, T, origin, Ref, X, E} <- get_list(monitor_list, self()), _ <- [1 || Ref =:= M1 orelse Ref =:= M2]],
    p(monitors, [lists:sort([{T, case X of P -> pid; N -> node end, E} || {T, X, E} <- There]),
                 [E || {_, node, origin, _, X, E} <- get_list(monitor_list, self()), X =:= N],
                 [{T, E} || {_, T, target, Ref, X, E} <- get_list(monitor_list, self()), Ref =:= M3, X =:= Q]]),
    Mine = [{T, D, Ref, E} || {_, T, D, Ref, X, E} <- get_list(monitor_list, N), X =:= Me],
    p(through, [[{T, D, E} || {T, D, Ref, E} <- Mine, Ref =:= W] || W <- [M1, M2, M3, []]]),
    p(remote, [[{T, D, X =:= Me, E} || {_, T, D, Ref, X, E} <- rpc:call(N, erts_debug, get_internal_state, [{monitor_list, P}]), Ref =:= M1]]),
    unlink(P),
    demonitor(M1),
    Q ! stop,
    true = tb_nodes:until(fun() -> element(2, process_info(self(), monitored_by)) -- [Q] =:= element(2, process_info(self(), monitored_by)) end),
    monitor_node(N, false),
    monitor_node(N, false),
    demonitor(M2),
    p(ended, [[L || {_, _, X, linked, _} = L <- get_list(link_list, N), X =:= Me],
              [E || {_, _, _, _, X, _} = E <- get_list(monitor_list, N), X =:= Me]]).

%% The other node stands still; what it would be sent is too much for the connection.
busy(N) ->
    P = spawn(N, timer, sleep, [infinity]),
    Pid = tb_nodes:os_pid(N),
    os:cmd("kill -STOP " ++ Pid),
    Data = binary:copy(<<0>>, 200000),
    ok = fill({nobody, N}, Data),
    erlang:system_monitor(self(), [busy_dist_port]),
    Ps = [spawn(fun() -> F(), receive stop -> ok end end)
          || F <- [fun() -> link(P) end, fun() -> monitor(process, P) end, fun() -> P ! x end]],
    p(busy, [tb_nodes:until(fun() -> waits(process_info(W, [status, current_function])) end) || W <- Ps]),
    Told = [receive {monitor, W, busy_dist_port, C} -> is_port(C) after 5000 -> none end || W <- Ps],
    erlang:system_monitor(undefined),
    os:cmd("kill -CONT " ++ Pid),
    p(told, Told),
    p(free, [tb_nodes:until(fun() -> process_info(W, status) =:= {status, waiting} end) || W <- Ps]),
    [W ! stop || W <- Ps].

waits([{status, suspended}, {_, {erlang, bif_return_trap, _}}]) -> true;
waits(_) -> false.

%% The carrier takes more for a while.
fill(To, Data) -> fill(To, Data, 10).
fill(_, _, 0) -> ok;
fill(To, Data, N) ->
    case erlang:send(To, Data, [nosuspend]) of
        ok -> fill(To, Data, 10);
        nosuspend -> timer:sleep(20), fill(To, Data, N - 1)
    end.

again(_, 0) -> ok;
again(N, K) ->
    pong = net_adm:ping(N),
    true = erlang:disconnect_node(N),
    again(N, K - 1).

p(Tag, X) ->
    io:format("~p: ~p~n", [Tag, X]),
    X.
