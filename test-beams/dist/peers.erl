%% vm: own
%% timeout: 90
%% Nodes that talk to each other, over an epmd of their own.
-module(peers).
-export([main/0, echo/0]).
-import(tb, [p/2, t/2]).

main() ->
    Bin = os:getenv("TB_BIN"),
    logger:set_primary_config(level, none),
    os:cmd(filename:join(Bin, "epmd") ++ " -daemon"),
    true = wait(fun() -> element(1, net_adm:names()) =:= ok end),
    {ok, _} = net_kernel:start([tb_main, shortnames]),
    erlang:set_cookie(tb_cookie),
    try body(Bin) after net_kernel:stop(), os:cmd(filename:join(Bin, "epmd") ++ " -kill") end.

body(Bin) ->
    Args = ["-kernel", "logger_level", "none", "-setcookie", "tb_cookie", "-pa", filename:dirname(code:which(?MODULE)), filename:dirname(code:which(tb))],
    {ok, P1, N1} = peer:start_link(#{name => tb_one, exec => filename:join(Bin, "erl"), args => Args}),
    {ok, P2, N2} = peer:start_link(#{name => tb_two, exec => filename:join(Bin, "erl"), args => Args}),
    p(nodes, [hd(string:split(atom_to_list(N), "@")) || N <- lists:sort(nodes())]),
    p(ping, [net_adm:ping(N1), net_adm:ping('nobody@nowhere')]),
    p(rpc, [rpc:call(N1, lists, sum, [[1, 2, 3]]), rpc:call(N1, erlang, node, []) =:= N1, element(1, rpc:call(N1, erlang, error, [x]))]),
    p(erpc, [erpc:call(N1, fun() -> 1 + 2 end), try erpc:call(N1, erlang, throw, [t]) catch throw:T -> T end]),
    p(multicall, [length(element(1, rpc:multicall([N1, N2], erlang, node, []))), erpc:multicall([N1, N2], erlang, '+', [1, 2])]),
    Echo = spawn(N1, ?MODULE, echo, []),
    p(remote_pid, [node(Echo) =:= N1, is_pid(Echo), node(Echo) =/= node()]),
    p(echo, [begin Echo ! {self(), X}, receive {Echo, Y} -> Y =:= X end end || X <- terms()]),
    p(big, begin B = binary:copy(<<"0123456789">>, 200000), Echo ! {self(), B}, receive {Echo, B2} -> B2 =:= B end end),
    p(many, begin [Echo ! {self(), N} || N <- lists:seq(1, 2000)], L = [receive {Echo, N} -> N end || _ <- lists:seq(1, 2000)], L =:= lists:seq(1, 2000) end),
    p(named, begin rpc:call(N1, erlang, register, [tb_echo, Echo]), {tb_echo, N1} ! {self(), hi}, receive {Echo, R1} -> R1 end end),
    p(monitor, begin M = monitor(process, Echo), Echo ! stop, receive {'DOWN', M, process, Echo, R2} -> R2 end end),
    p(link, begin process_flag(trap_exit, true), L1 = spawn_link(N1, erlang, exit, [because]), receive {'EXIT', L1, R3} -> R3 end end),
    p(spawn_monitor, begin {S, M4} = erlang:spawn_monitor(N2, erlang, exit, [{a, b}]), receive {'DOWN', M4, process, S, R4} -> R4 end end),
    p(spawn_request, begin Q = spawn_request(N2, erlang, apply, [fun() -> ok end, []], [monitor]), receive {spawn_reply, Q, ok, S5} -> receive {'DOWN', Q, process, S5, R5} -> R5 end end end),
    p(exit_signal, begin E = spawn(N1, timer, sleep, [infinity]), M6 = monitor(process, E), exit(E, stop_it), receive {'DOWN', M6, process, E, R6} -> R6 end end),
    p(alias, begin A = alias(), spawn(N1, erlang, send, [A, through_alias]), R7 = receive through_alias -> ok after 20000 -> none end, unalias(A), R7 end),
    p(group_leader, begin rpc:call(N1, io, format, ["written on the other node~n"]), ok end),
    p(funs, begin N8 = tb:id(5), [rpc:call(N1, erlang, apply, [fun() -> N8 * 2 end, []]), (rpc:call(N1, erlang, apply, [fun() -> fun(X) -> X + N8 end end, []]))(1)] end),
    p(global, [global:register_name(tb_global, self()), global:sync(), rpc:call(N1, global, whereis_name, [tb_global]) =:= self(), rpc:call(N1, global, send, [tb_global, via_global]) =:= self(), receive via_global -> got after 20000 -> none end]),
    p(pg, begin {ok, _} = pg:start_link(), rpc:call(N1, pg, start, [pg]), pg:join(g, self()), wait(fun() -> rpc:call(N1, pg, get_members, [g]) =:= [self()] end) end),
    p(trans, global:trans({lock, self()}, fun() -> locked end)),
    p(nodedown, begin net_kernel:monitor_nodes(true), monitor_node(N2, true), peer:stop(P2), {receive {nodedown, N2} -> down after 200000 -> none end, receive {nodedown, N2} -> down after 200000 -> none end, wait(fun() -> nodes() =:= [N1] end)} end),
    p(noconnection, begin M9 = monitor(process, {x, N2}), receive {'DOWN', M9, process, _, R9} -> R9 after 200000 -> none end end),
    p(disconnect, begin E10 = spawn(N1, timer, sleep, [infinity]), M10 = monitor(process, E10), R10 = erlang:disconnect_node(N1), {R10, receive {'DOWN', M10, process, E10, W} -> W after 200000 -> none end} end),
    t(send_dead_node, fun() -> {x, N2} ! hello end),
    catch peer:stop(P1),
    p(last, nodes()).

wait(F) -> wait(F, 1000).
wait(_, 0) -> false;
wait(F, N) -> F() orelse begin timer:sleep(20), wait(F, N - 1) end.

echo() ->
    receive
        {From, X} -> From ! {self(), X}, echo();
        stop -> exit(stopped)
    end.

terms() ->
    [1, -1, 1 bsl 100, 1.5, a, 'αβ', "string", [1 | 2], {a, {b}}, #{k => #{}}, <<"bin">>, <<1:3>>, self(), make_ref(), fun lists:map/2, [], {}, lists:seq(1, 1000), maps:from_list([{I, I} || I <- lists:seq(1, 100)])].
