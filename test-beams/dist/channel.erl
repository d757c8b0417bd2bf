%% vm: own
%% What goes over a connection, seen by a carrier that is a process: every kind of control message, both ways.
-module(channel).
-export([main/0]).
-define(NODE, 'b@remote').
-define(ATOM_CACHE, 16#2000).
-define(FRAGMENTS, 16#800000).

main() ->
    %% The process that `kernel` would run; what it hears comes here.
    Me = self(),
    Kernel = spawn_link(fun() -> forward(Me) end),
    register(net_kernel, Kernel),
    process_flag(trap_exit, true),
    true = erlang:setnode('a@local', 77),
    put(node, node()),
    p(alive, [node(), is_alive(), erts_internal:get_creation(), nodes()]),
    p(badargs, [catch_error(fun() -> erlang:setnode('c@local', 1) end),
                catch_error(fun() -> erts_internal:new_connection(foo) end),
                catch_error(fun() -> erts_internal:new_connection('a@local') end),
                erts_internal:create_dist_channel(?NODE, foo, {0, 1}),
                catch_error(fun() -> erlang:dist_ctrl_get_data(make_ref()) end)]),
    pending(),
    signals(),
    spawns(),
    incoming(),
    down().

forward(To) -> receive M -> To ! M, forward(To) end.

%% Signals before the connection is up.
pending() ->
    R = remote(1),
    Me = self(),
    spawn_link(fun() -> R ! early, {name, ?NODE} ! named, Me ! sent end),
    receive sent -> ok end,
    receive {auto_connect, Node, _} -> p(auto_connect, Node) end,
    p(nodes, [nodes(), nodes(connected), lists:sort(nodes(known) -- [nonode@nohost])]),
    Conn = erts_internal:new_connection(?NODE),
    p(abort, erts_internal:abort_pending_connection(?NODE, Conn)),
    p(noconnect, [erlang:send(R, x, [noconnect]), erlang:send({a, ?NODE}, x, [noconnect])]),
    p(exits, receive {'EXIT', _, Why} -> Why after 100 -> none end),
    ok = monitor_nodes(),
    Conn2 = erts_internal:new_connection(?NODE),
    R ! kept,
    {kept_name, ?NODE} ! {some, <<"data">>},
    {_, Default, _, _, _, _} = erts_internal:get_dflags(),
    Flags = (Default bor 1) band bnot (?ATOM_CACHE bor ?FRAGMENTS),
    DH = erlang:setnode(?NODE, self(), {Flags, 4}),
    put(dh, DH),
    p(same, erts_internal:abort_pending_connection(?NODE, Conn2)),
    p(ctrlr, receive {dist_ctrlr, C, N, S} -> {C =:= self(), N, S =:= self()} end),
    events(),
    p(nodes, [nodes(), nodes(hidden), nodes(connected), nodes(this),
              [{X, maps:remove(connection_id, M)} || {X, M} <- nodes(connected, #{connection_id => true, node_type => true})]]),
    p(kept, drain()),
    p(stat, element(1, erlang:dist_get_stat(DH))),
    p(input, [erlang:dist_ctrl_input_handler(DH, self()),
              erlang:dist_ctrl_get_opt(DH, get_size),
              erlang:dist_ctrl_set_opt(DH, get_size, true),
              erlang:dist_ctrl_set_opt(DH, get_size, false),
              catch_error(fun() -> erlang:dist_ctrl_get_opt(DH, bad) end)]).

signals() ->
    R = remote(2),
    R ! {hello, [1, 2.5, <<1:3>>, #{a => b}, "str"]},
    p(send, drain()),
    {reg, ?NODE} ! msg,
    p(reg_send, drain()),
    link(R), link(R),
    p(link, {drain(), links()}),
    unlink(R), unlink(R),
    [{35, Id, _, _}] = L = [element(1, C) || C <- drain()],
    p(unlink, {setelement(2, hd(L), id), links()}),
    link(R),
    p(link_again, drain()),
    put_data({36, Id, R, self()}),
    p(links, links()),
    exit(R, {some, reason}), exit(R, kill),
    p(exit2, drain()),
    M1 = monitor(process, R),
    M2 = monitor(process, {reg, ?NODE}),
    p(monitor, drain()),
    p(monitors, monitors()),
    demonitor(M1), demonitor(M2), demonitor(M2),
    p(demonitor, drain()),
    group_leader(self(), R),
    p(group_leader, drain()),
    A = binary_to_term(<<131, 90, 0, 3, 119, 8, "b@remote", 4:32, 5:32, 6:32, 7:32>>),
    A ! to_alias,
    p(alias, drain()),
    P = spawn(fun() -> link(R), receive stop -> exit(because) end end),
    p(link, drain()),
    P ! stop,
    p(exit, drain()).

spawns() ->
    R = spawn_request(?NODE, m, f, [1, a], [link, {min_heap_size, 100}]),
    [{{29, R, _, GL, MFA, Opts}, Args}] = drain(),
    p(request, {GL =:= group_leader(), MFA, Opts, Args}),
    put_data({31, R, self(), 1, remote(9)}),
    p(reply, receive {spawn_reply, R, ok, P} -> {P, lists:member(P, element(2, process_info(self(), links)))} after 500 -> none end),
    R2 = spawn_request(?NODE, m, f, [], [{monitor, [{tag, gone}]}, {reply_tag, mine}]),
    [{{29, R2, _, _, _, Opts2}, []}] = drain(),
    put_data({31, R2, self(), 2, remote(10)}),
    p(reply, [Opts2, receive {mine, R2, ok, P2} -> P2 after 500 -> none end, monitors()]),
    put_data({28, remote(10), self(), R2}, finished),
    p(tagged, receive {gone, R2, process, P2b, Why} -> {P2b, Why} after 500 -> none end),
    R3 = spawn_request(?NODE, m, f, [], [{reply, error_only}]),
    drain(),
    put_data({31, R3, self(), 0, system_limit}),
    p(refused, receive {spawn_reply, R3, error, E} -> E after 500 -> none end),
    R4 = spawn_request(?NODE, m, f, [], [link]),
    drain(),
    p(abandon, [spawn_request_abandon(R4), spawn_request_abandon(R4), spawn_request_abandon(make_ref())]),
    put_data({31, R4, self(), 1, remote(11)}),
    timer_sleep(50),
    p(abandoned, drain()).

incoming() ->
    Me = self(),
    R = remote(20),
    put_data({22, R, Me}, {got, 1}),
    register(main, Me),
    put_data({6, R, '', main}, {got, 2}),
    put_data({2, '', Me}, {got, 3}),
    put_data({6, R, '', nobody}, lost),
    p(messages, [receive {got, N} -> N after 500 -> none end || _ <- [1, 2, 3]]),
    put_data({1, R, Me}),
    p(linked, links()),
    put_data({24, R, Me}, {went, away}),
    p(exit, receive {'EXIT', R, W} -> W after 500 -> none end),
    put_data({24, R, Me}, ignored),
    put_data({1, R, Me}),
    put_data({35, 5, R, Me}),
    p(unlinked, {links(), drain()}),
    put_data({26, R, Me}, exit2),
    p(exit2, receive {'EXIT', R, W2} -> W2 after 500 -> none end),
    put_data({8, R, Me, old_exit2}),
    p(exit2, receive {'EXIT', R, W3} -> W3 after 500 -> none end),
    A = alias([reply]),
    put_data({33, R, A}, to_alias),
    put_data({33, R, A}, too_late),
    p(alias, [receive X -> X after 500 -> none end, receive X2 -> X2 after 50 -> none end]),
    Ref = binary_to_term(<<131, 90, 0, 3, 119, 8, "b@remote", 4:32, 5:32, 6:32, 8:32>>),
    P = spawn(fun() -> receive stop -> exit(stopped) end end),
    register(watched, P),
    put_data({19, R, P, Ref}),
    Ref2 = binary_to_term(<<131, 90, 0, 3, 119, 8, "b@remote", 4:32, 5:32, 6:32, 9:32>>),
    put_data({19, R, watched, Ref2}),
    Ref3 = binary_to_term(<<131, 90, 0, 3, 119, 8, "b@remote", 4:32, 5:32, 6:32, 10:32>>),
    put_data({19, R, P, Ref3}),
    put_data({20, R, P, Ref3}),
    p(watchers, process_info(P, monitored_by)),
    P ! stop,
    p(down, lists:sort([setelement(2, C, who(element(2, C), P)) || {C, stopped} <- drain()])),
    put_data({19, R, P, Ref}),
    put_data({19, R, nobody, Ref2}),
    put_data({1, R, P}),
    p(noproc, [{setelement(2, C, who(element(2, C), P)), Reason} || {C, Reason} <- drain()]),
    %% A request from over there.
    Ref4 = binary_to_term(<<131, 90, 0, 3, 119, 8, "b@remote", 4:32, 5:32, 6:32, 11:32>>),
    put_data({29, Ref4, R, Me, {erlang, send, 2}, [monitor, link]}, [Me, {from, spawned}]),
    p(spawned, receive {from, _} = F -> F after 500 -> none end),
    [{{31, Ref4, R, 3, Child}, none} | Rest] = drain(),
    p(spawned, lists:sort([setelement(2, C, who(element(2, C), Child)) || {C, _} <- Rest])),
    put_data({29, Ref4, R, Me, {erlang, send, 2}, [{bad, option}]}, []),
    p(refused, drain()),
    W4 = spawn(fun() -> group_leader_loop() end),
    put_data({7, R, W4}),
    p(leader, process_info(W4, group_leader)).

group_leader_loop() -> receive _ -> group_leader_loop() end.

who(P, P) -> watched;
who(P, _) when is_pid(P) -> other;
who(X, _) -> X.

down() ->
    R = remote(30),
    drain(),
    Me = self(),
    {C, CM} = spawn_monitor(fun() -> carrier(Me) end),
    receive ready -> ok end,
    L = link_of(R),
    M = monitor(process, {some, 'c@remote'}),
    S = spawn_request('c@remote', m, f, []),
    monitor_node('c@remote', true),
    monitor_node('c@remote', true),
    monitor_node('c@remote', true), monitor_node('c@remote', false),
    p(nodes, lists:sort(nodes())),
    exit(C, {shutdown, finished}),
    receive {'DOWN', CM, _, _, Why} -> p(carrier, Why) end,
    p(watch, receive {'DOWN', M, process, What, Reason} -> {What, Reason} after 500 -> none end),
    p(request, receive {spawn_reply, S, error, E} -> E after 500 -> none end),
    p(nodedown, [receive {nodedown, _} = D -> D after 100 -> none end || _ <- [1, 2, 3]]),
    events(),
    p(nodes, {L, nodes()}).

link_of(_) ->
    Me = self(),
    To = pid_of('c@remote', 3),
    P = spawn(fun() -> process_flag(trap_exit, true), link(To), Me ! linked,
                       receive {'EXIT', To, W} -> Me ! {broken, W} end end),
    receive linked -> ok end,
    P.

carrier(Parent) ->
    _ = erts_internal:new_connection('c@remote'),
    {_, Default, _, _, _, _} = erts_internal:get_dflags(),
    _DH = erlang:setnode('c@remote', self(), {Default, 4}),
    Parent ! ready,
    receive stop -> ok end.

monitor_nodes() ->
    process_flag(monitor_nodes, true),
    process_flag({monitor_nodes, #{node_type => all, nodedown_reason => true}}, true),
    process_flag({monitor_nodes, #{list => true, node_type => visible, nodedown_reason => true}}, true),
    process_flag({monitor_nodes, #{node_type => hidden}}, true),
    ok.

events() ->
    p(events, lists:sort(events([]))).
events(Acc) ->
    receive
        {What, _} = E when What =:= nodeup; What =:= nodedown -> events([E | Acc]);
        {What, _, _} = E when What =:= nodeup; What =:= nodedown -> events([E | Acc]);
        {dist_ctrlr, _, _, _} -> events(Acc);
        {broken, _} = E -> events([E | Acc])
    after 100 -> Acc
    end.

links() ->
    timer_sleep(20),
    {links, L} = process_info(self(), links),
    lists:sort([X || X <- L, is_pid(X), node(X) =/= node()]).

monitors() -> {monitors, L} = process_info(self(), monitors), lists:sort(L).

timer_sleep(N) -> receive after N -> ok end.

%% Control messages, and payloads if there are any, that wait to be carried.
drain() ->
    timer_sleep(20),
    case erlang:dist_ctrl_get_data(get(dh)) of
        none -> [];
        Data ->
            <<112, Bin/binary>> = iolist_to_binary(Data),
            {Ctl, Used} = binary_to_term(Bin, [used]),
            Rest = binary:part(Bin, Used, byte_size(Bin) - Used),
            Payload = case Rest of <<>> -> none; _ -> binary_to_term(Rest) end,
            case Ctl of
                %% Processes of kernel greet every node.
                {6, From, '', Name} when From =/= self(), Name =/= reg -> drain();
                _ -> [{Ctl, Payload} | drain()]
            end
    end.

put_data(Ctl) ->
    erlang:dist_ctrl_put_data(get(dh), [112, term_to_binary(Ctl)]).
put_data(Ctl, Payload) ->
    erlang:dist_ctrl_put_data(get(dh), [112, term_to_binary(Ctl), term_to_binary(Payload)]).

remote(N) -> pid_of(?NODE, N).
pid_of(Node, N) ->
    A = atom_to_binary(Node),
    binary_to_term(<<131, 88, 119, (byte_size(A)), A/binary, N:32, 0:32, 4:32>>).

catch_error(F) -> try F() catch C:E -> {C, E} end.

p(What, T) -> io:format("~w: ~w~n", [What, plain(T)]).

%% Pids and references differ between runs.
plain(P) when is_pid(P), node(P) =:= node() -> if P =:= self() -> self; true -> pid end;
plain(P) when is_pid(P) -> <<131, T/binary>> = term_to_binary(P), {pid, node(P), binary:at(T, byte_size(T) - 9)};
plain(R) when is_reference(R), node(R) =:= node() -> ref;
plain(R) when is_reference(R) -> {ref, node(R)};
plain([H | T]) -> [plain(H) | plain(T)];
plain(T) when is_tuple(T) -> list_to_tuple(plain(tuple_to_list(T)));
plain(M) when is_map(M) -> maps:map(fun(_, V) -> plain(V) end, M);
plain(T) -> T.
