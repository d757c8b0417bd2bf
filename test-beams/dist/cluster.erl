%% vm: own
%% timeout: 150
%% modes: plain
%% Two nodes on every mix of emulators: messages of all kinds, links, monitors, spawns, and what stands on them.
-module(cluster).
-export([main/0, echo/0]).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(cluster),
    net_kernel:monitor_nodes(true, [nodedown_reason]),
    [with(Which) || Which <- tb_nodes:others()],
    tb_nodes:halt_all([]).

echo() ->
    receive
        {From, M} -> From ! {self(), M}, echo();
        stop -> ok
    end.

with(Which) ->
    N = tb_nodes:start(Which, atom_to_list(Which)),
    put(node, N),
    {nodeup, _} = p(up, receive {nodeup, N, _} -> {nodeup, x} after 20000 -> none end),
    P = spawn(N, ?MODULE, echo, []),
    terms(N, P),
    large(P),
    names(N, P),
    exits(N),
    spawns(N),
    services(N),
    gone(N).

terms(N, P) ->
    p(pid, node(P) =:= N),
    Port = hd(erlang:ports()),
    All = [a, 'å', 1, 255, 256, -1, 1 bsl 31, 1 bsl 62, 1 bsl 64, -(1 bsl 100), 1.5, "string", [1, 2 | 3], [300],
           <<>>, <<"bin">>, <<1:3>>, {}, {1}, list_to_tuple(lists:seq(1, 300)), #{}, #{a => #{b => 1}},
           maps:from_list([{I, I} || I <- lists:seq(1, 100)]), fun lists:map/2, make_ref(), self(), P, Port, alias(),
           [list_to_atom("atom" ++ integer_to_list(I)) || I <- lists:seq(1, 600)], node(), N],
    p(terms, [X || X <- All, not same(P, X)]),
    X = 40,
    F = fun(Y) -> X + Y end,
    p(funs, [rpc:call(N, erlang, apply, [F, [2]]), same(P, F)]),
    p(order, lists:sort([self(), P]) =:= rpc:call(N, lists, sort, [[P, self()]])),
    p(hash, erlang:phash2({self(), P, Port}) =:= rpc:call(N, erlang, phash2, [{self(), P, Port}])),
    p(print, pid_to_list(self()) =:= rpc:call(N, erlang, pid_to_list, [P]) orelse ok),
    [P ! I || I <- lists:seq(1, 100)],
    p(many, lists:sum([length([P ! {self(), {I, J}} || J <- lists:seq(1, 50)]) || I <- lists:seq(1, 40)])),
    p(in_order, [receive {P, {I, J}} -> {I, J} after 20000 -> none end || I <- lists:seq(1, 40), J <- lists:seq(1, 50)]
         =:= [{I, J} || I <- lists:seq(1, 40), J <- lists:seq(1, 50)]).

same(P, X) ->
    P ! {self(), X},
    receive {P, Y} -> Y =:= X after 20000 -> false end.

large(P) ->
    p(large, [same(P, binary:copy(<<"y">>, Size)) || Size <- [65000, 65536, 70000, 1000000, 20000000]]),
    p(large, same(P, lists:seq(1, 300000))),
    Me = self(),
    %% Large ones of several senders, small ones between.
    Senders = [spawn_link(fun() -> B = binary:copy(<<I>>, 3000000),
                                   Me ! {done, I, [same(P, B), same(P, {small, I})]} end) || I <- [1, 2, 3, 4]],
    p(between, same(P, small)),
    p(parallel, [receive {done, I, R} -> R after 20000 -> none end || I <- lists:seq(1, length(Senders))]).

names(N, P) ->
    p(register, rpc:call(N, erlang, register, [echo, P])),
    {echo, N} ! {self(), hi},
    p(name, receive {P, hi} -> ok after 20000 -> none end),
    {nobody, N} ! lost,
    p(send3, [erlang:send({echo, N}, x, [noconnect, nosuspend]), erlang:send(P, y, [nosuspend])]),
    A = alias([reply]),
    spawn(N, fun() -> A ! one, A ! two end),
    p(alias, [receive one -> one after 20000 -> none end, receive two -> two after 200 -> none end]),
    S = spawn(N, ?MODULE, echo, []),
    group_leader(self(), S),
    p(group_leader, tb_nodes:until(fun() -> element(2, rpc:call(N, erlang, process_info, [S, group_leader])) =:= self() end)),
    S ! stop.

exits(N) ->
    process_flag(trap_exit, true),
    New = fun() -> spawn(N, ?MODULE, echo, []) end,
    A = New(), link(A), A ! stop,
    p(normal, exit_of(A)),
    B = New(), link(B), exit(B, reason),
    p(reason, exit_of(B)),
    C = New(), link(C), exit(C, kill),
    p(killed, exit_of(C)),
    D = New(), link(D), unlink(D), exit(D, kill),
    p(unlinked, exit_of(D, 200)),
    link(D),
    p(noproc, exit_of(D)),
    E = New(), M = monitor(process, E), E ! stop,
    p(down, down_of(M)),
    p(noproc, down_of(monitor(process, E))),
    p(noproc, down_of(monitor(process, {nobody, N}))),
    M2 = monitor(process, {echo, N}),
    p(demonitor, [demonitor(M2, [info]), demonitor(M2, [info, flush])]),
    M3 = monitor(process, {echo, N}, [{tag, {my, tag}}]),
    rpc:call(N, erlang, exit, [rpc:call(N, erlang, whereis, [echo]), out]),
    p(tagged, receive {{my, tag}, M3, process, {echo, N}, Why} -> Why after 20000 -> none end),
    %% The other way round: they watch and are linked with us.
    Me = self(),
    L = spawn(fun() -> receive stop -> exit(over) end end),
    spawn(N, fun() -> R = monitor(process, L), Me ! watching,
                      receive {'DOWN', R, process, L, W} -> Me ! {saw, W} end end),
    Linked = spawn(N, fun() -> link(L), Me ! linked, receive never -> ok end end),
    ML = monitor(process, Linked),
    receive watching -> ok end, receive linked -> ok end,
    L ! stop,
    p(saw, receive {saw, W} -> W after 20000 -> none end),
    p(linked, down_of(ML)).

spawns(N) ->
    A = spawn_link(N, erlang, exit, [spawned]),
    p(spawn_link, exit_of(A)),
    {B, MB} = spawn_monitor(N, erlang, exit, [watched]),
    p(spawn_monitor, {is_pid(B), down_of(MB)}),
    {C, MC} = spawn_opt(N, ?MODULE, echo, [], [monitor, link, {min_heap_size, 1000}, {priority, high}]),
    p(spawn_opt, rpc:call(N, erlang, process_info, [C, priority])),
    C ! stop,
    p(spawn_opt, {down_of(MC), exit_of(C)}),
    R = spawn_request(N, ?MODULE, echo, [], [monitor, {reply_tag, {t, 1}}]),
    p(request, receive {{t, 1}, R, ok, D} -> D ! stop, ok after 20000 -> none end),
    p(request, down_of(R)),
    R2 = spawn_request(N, ?MODULE, echo, [], [{bad, option}]),
    p(badopt, receive {spawn_reply, R2, error, Why} -> Why after 20000 -> none end),
    p(spawn_opt, try spawn_opt(N, ?MODULE, echo, [], [{bad, option}]) catch X:Y -> {X, Y} end),
    p(undef, down_of(element(2, spawn_monitor(N, no_such, function, [])))).

services(N) ->
    p(rpc, [rpc:call(N, erlang, node, []) =:= N, rpc:call(N, erlang, error, [x]) =/= ok, rpc:call(N, no, no, []) =/= ok]),
    p(erpc, [erpc:call(N, fun() -> node() end) =:= N, catch_error(fun() -> erpc:call(N, erlang, throw, [t]) end),
             catch_error(fun() -> erpc:call(N, timer, sleep, [5000], 100) end)]),
    p(multicall, {[X =:= Y || {X, Y} <- lists:zip(element(1, rpc:multicall([node(), N], erlang, node, [])), [node(), N])]}),
    p(async, begin K = rpc:async_call(N, lists, sum, [[1, 2]]), rpc:yield(K) end),
    p(global, [global:register_name(the_name, self()), rpc:call(N, global, whereis_name, [the_name]) =:= self(),
               global:trans({lock, self()}, fun() -> in_lock end), global:unregister_name(the_name)]),
    pg:start(pg), rpc:call(N, pg, start, [pg]),
    pg:join(group, self()),
    p(pg, tb_nodes:until(fun() -> rpc:call(N, pg, get_members, [group]) =:= [self()] end)),
    p(gen_server, element(2, {x, is_list(gen_server:call({kernel_sup, N}, which_children))})),
    p(multi_call, length(element(1, gen_server:multi_call([N, node()], kernel_sup, count_children)))),
    p(io, rpc:call(N, io, format, ["from the other node~n"])),
    p(file, is_list(element(2, rpc:call(N, file, list_dir, ["/"])))),
    p(nodes, [nodes() =:= [N], nodes(hidden), rpc:call(N, erlang, nodes, []) =:= [node()]]).

gone(N) ->
    P = spawn(N, ?MODULE, echo, []),
    link(P),
    M = monitor(process, P),
    M2 = monitor(process, {init, N}),
    monitor_node(N, true),
    R = spawn(fun() -> catch rpc:call(N, timer, sleep, [infinity]) end),
    MR = monitor(process, R),
    tb_nodes:kill(N),
    p(link, exit_of(P)),
    p(monitors, [down_of(M), down_of(M2), down_of(MR)]),
    p(nodedown, receive {nodedown, N} -> ok after 20000 -> none end),
    p(nodedown, receive {nodedown, N, Info} -> Info after 20000 -> none end),
    p(nodes, nodes()),
    p(send, P ! x =:= x),
    p(link, begin link(P), exit_of(P) end),
    p(monitor, down_of(monitor(process, P))),
    monitor_node(N, true),
    p(monitor_node, receive {nodedown, N} -> ok after 20000 -> none end).

exit_of(P) -> exit_of(P, 5000).
exit_of(P, T) -> receive {'EXIT', P, Why} -> Why after T -> none end.
down_of(M) -> receive {'DOWN', M, process, _, Why} -> Why after 20000 -> none end.
catch_error(F) -> try F() catch C:E -> {C, E} end.

p(What, T) -> io:format("~w ~p~n", [What, plain(T)]), T.

plain(T) when is_tuple(T) -> list_to_tuple(plain(tuple_to_list(T)));
plain([H | T]) -> [plain(H) | plain(T)];
plain(A) when is_atom(A) -> case lists:member($@, atom_to_list(A)) of true -> node_name; false -> A end;
plain(T) -> T.
