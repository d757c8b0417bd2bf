%% vm: own
%% timeout: 150
%% Nodes that are killed, stopped, disconnected, hidden, renamed, or have another cookie.
-module(faults).
-export([main/0]).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(faults),
    net_kernel:monitor_nodes(true, [nodedown_reason]),
    [with(Which) || Which <- tb_nodes:others()],
    tb_nodes:halt_all([]).

with(Which) ->
    Name = atom_to_list(Which),
    N = tb_nodes:start(Which, Name),
    p(up, nodeup(N)),
    R = spawn(N, timer, sleep, [infinity]),
    M = monitor(process, R),
    T0 = now_ms(),
    tb_nodes:kill(N),
    p(down, receive {'DOWN', M, _, _, W} -> W after 20000 -> no end),
    p(nodedown, nodedown(N)),
    p(quick, now_ms() - T0 < 10000),
    N = tb_nodes:start(Which, Name),
    p(up, nodeup(N)),
    M2 = monitor(process, R),
    p(former, receive {'DOWN', M2, _, _, W2} -> W2 after 20000 -> no end),
    p(former, {R =:= spawn(N, timer, sleep, [infinity]), node(R) =:= N}),
    p(disconnect, [net_kernel:disconnect(N), nodedown(N), net_adm:ping(N), nodeup(N), net_kernel:disconnect(nobody@nowhere)]),
    rpc:call(N, erlang, disconnect_node, [node()]),
    p(disconnect, [nodedown(N), tb_nodes:until(fun() -> net_adm:ping(N) =:= pong end), nodeup(N)]),
    p(ticktime, net_kernel:set_net_ticktime(4, 0)),
    rpc:call(N, net_kernel, set_net_ticktime, [4, 0]),
    timer:sleep(6000),
    p(ticks, nodes() =:= [N]),
    Os = tb_nodes:os_pid(N),
    os:cmd("kill -STOP " ++ Os),
    T1 = now_ms(),
    p(stopped, nodedown(N)),
    p(in_time, begin T = now_ms() - T1, T > 2500 andalso T < 15000 end),
    os:cmd("kill -CONT " ++ Os),
    p(again, [tb_nodes:until(fun() -> net_adm:ping(N) =:= pong end), nodeup(N)]),
    p(cookie, begin
                  rpc:call(N, erlang, set_cookie, [other]),
                  net_kernel:disconnect(N),
                  Pang = net_adm:ping(N),
                  erlang:set_cookie(N, other),
                  {Pang, tb_nodes:until(fun() -> net_adm:ping(N) =:= pong end)}
              end),
    flush(),
    tb_nodes:stop(N),
    p(halted, nodedown(N)),
    H = tb_nodes:start(Which, Name ++ "_hidden", ["-hidden"]),
    p(hidden, {nodes(), nodes(hidden) =:= [H], nodes(connected) =:= [H], rpc:call(H, erlang, nodes, [])}),
    p(hidden, maps:get(node_type, element(2, hd(nodes(hidden, #{node_type => true}))))),
    tb_nodes:stop(H),
    p(refused, [net_adm:ping(nobody@nowhere), net_adm:ping(list_to_atom("nobody@" ++ host()))]),
    p(dead_letters, [{x, nobody@nowhere} ! y, erlang:send({x, nobody@nowhere}, y, [noconnect])]),
    Mn = monitor(process, {x, nobody@nowhere}),
    p(unreachable, receive {'DOWN', Mn, _, {x, nobody@nowhere}, W3} -> W3 after 20000 -> no end),
    p(rpc, rpc:call(nobody@nowhere, erlang, node, [])),
    p(erpc, try erpc:call(nobody@nowhere, erlang, node, []) catch C:E -> {C, E} end),
    flush().

host() -> lists:last(string:split(atom_to_list(node()), "@")).
now_ms() -> erlang:monotonic_time(millisecond).
nodeup(N) -> receive {nodeup, N, _} -> up after 20000 -> no end.
nodedown(N) -> receive {nodedown, N, I} -> I after 30000 -> no end.
flush() -> receive {nodeup, _, _} -> flush(); {nodedown, _, _} -> flush() after 300 -> ok end.

p(What, T) -> io:format("~w ~p~n", [What, T]), T.
