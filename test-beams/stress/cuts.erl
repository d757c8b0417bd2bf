%% Two nodes whose connections go through a proxy that splits, delays and cuts them: at any byte, also of the handshake, by a close, a
%% reset, one direction at a time, or by silence. Each connection gets its own senders, watchers, callers and spawners, on both
%% sides. What arrives through it is a beginning of what was sent, in order; each monitor and link fires once; each request
%% is answered once, by a reply or by its monitor; nothing stays behind.
%% Usage: erl -epmd_module cuts …; cuts:main([Cuts, Emulator, Argument…]), the emulator being that of the other node.
-module(cuts).
-export([main/1, prepare/1, work/3, finish/1, sizes/0]).
-export([start_link/0, register_node/3, address_please/3, listen_port_please/2, names/1]).

-define(LATE, 60000).
-define(TARGETS, 20).

main([CutsArg, Emulator | Arguments]) ->
    Cuts = list_to_integer(CutsArg),
    logger:set_primary_config(level, none),
    Dir = filename:join(filename:dirname(code:which(?MODULE)), "cuts_" ++ os:getpid()),
    ok = file:make_dir(Dir),
    os:putenv("CUTS_DIR", Dir),
    try run(Cuts, {Emulator, Arguments}) after file:del_dir_r(Dir) end.

run(Cuts, Exec) ->
    rand:seed(exsss, {7, 7, 7}),
    Begun = erlang:monotonic_time(millisecond),
    plan(#{style => fast, budget => none, action => close}),
    {ok, _} = net_kernel:start([cuts_here, shortnames]),
    net_kernel:set_net_ticktime(2, 0),
    proxy("cuts_here"),
    {ok, Peer, There} = peer:start_link(#{name => cuts_there, connection => standard_io, exec => Exec, wait_boot => ?LATE, args =>
        ["-epmd_module", "cuts", "-start_epmd", "false", "-setcookie", atom_to_list(erlang:get_cookie()), "-pa", filename:dirname(code:which(?MODULE)),
         "-kernel", "dist_auto_connect", "never", "net_ticktime", "2", "logger_level", "none"]}),
    proxy("cuts_there"),
    application:set_env(kernel, dist_auto_connect, never),
    Warm = min(10, Cuts div 3),
    Some = lists:append([cut(N, Peer, There) || N <- lists:seq(1, Warm)]),
    Before = sizes(Peer),
    More = lists:append([cut(N, Peer, There) || N <- lists:seq(Warm + 1, Cuts)]),
    same_size(Before, fun() -> sizes(Peer) end, 100),
    Sums = lists:foldl(fun({K, V}, M) -> maps:update_with(K, fun(X) -> X + V end, V, M) end, #{}, Some ++ More),
    [0 =/= maps:get(K, Sums, 0) orelse exit({nothing, K}) || K <- [messages, bytes, fired, spawned, called]],
    peer:stop(Peer),
    io:format("cuts: ~b attempts, ~0p in ~b ms~n", [Cuts, maps:to_list(Sums), erlang:monotonic_time(millisecond) - Begun]).

%% What may grow with each connection.
sizes(Peer) -> {sizes(), peer:call(Peer, ?MODULE, sizes, [], ?LATE)}.
sizes() ->
    [erlang:garbage_collect(P) || P <- processes()],
    {length(processes()), length(erlang:ports()), erlang:memory(total) div 1000, erlang:memory(binary) div 1000}.

same_size(Before, Now, Tries) ->
    {A, B} = Now(),
    case bigger(element(1, Before), A) orelse bigger(element(2, Before), B) of
        false -> ok;
        true when Tries =:= 0 -> exit({grown, Before, {A, B}});
        true -> timer:sleep(100), same_size(Before, Now, Tries - 1)
    end.

bigger({Processes, Ports, Total, Binary}, {Processes1, Ports1, Total1, Binary1}) ->
    Processes1 > Processes + 3 orelse Ports1 > Ports + 1 orelse Total1 > Total + 6000 orelse Binary1 > Binary + 3000.

%% One attempt to connect, and the end of what came of it.
cut(N, Peer, There) ->
    Action = pick(case rand:uniform(12) of 1 -> [silence]; _ -> [close, close, reset, half] end),
    Budget = case rand:uniform(6) of
        %% In the handshake.
        1 -> rand:uniform(400);
        2 -> none;
        _ -> 400 + rand:uniform(200000)
    end,
    plan(#{style => pick([fast, fast, split, late]), budget => Budget, action => Action}),
    Here = fun() -> net_kernel:connect_node(There) end,
    Other = fun() -> peer:call(Peer, net_kernel, connect_node, [node()], ?LATE) end,
    Both = fun() ->
        Me = self(),
        P = spawn_link(fun() -> Other(), Me ! {self(), done} end),
        Here(),
        receive {P, done} -> ok after ?LATE -> exit({hung, connecting}) end
    end,
    (pick([Here, Other, Both]))(),
    Counts = case lists:member(There, nodes()) of
        false -> [{refused, 1}];
        true -> connected(N, Peer, There)
    end,
    %% Both sides see the end.
    cut_now(),
    gone(fun() -> nodes() end, here),
    gone(fun() -> peer:call(Peer, erlang, nodes, [], ?LATE) end, there),
    Counts.

connected(N, Peer, There) ->
    Theirs = peer:call(Peer, ?MODULE, prepare, [N], ?LATE),
    Ours = prepare(N),
    peer:call(Peer, ?MODULE, work, [N, node(), Ours], ?LATE),
    work(N, There, Theirs),
    timer:sleep(rand:uniform(150)),
    case rand:uniform(8) of
        1 -> erlang:disconnect_node(There);
        2 -> peer:call(Peer, erlang, disconnect_node, [node()], ?LATE);
        _ -> cut_now()
    end,
    Counts = finish(N) ++ peer:call(Peer, ?MODULE, finish, [N], ?LATE),
    [{connected, 1} | Counts].

gone(Nodes, Where) -> gone(Nodes, Where, erlang:monotonic_time(millisecond) + ?LATE).
gone(Nodes, Where, End) ->
    case Nodes() of
        [] -> ok;
        Still -> erlang:monotonic_time(millisecond) < End orelse exit({still_connected, Where, Still}), timer:sleep(10), gone(Nodes, Where, End)
    end.

pick(L) -> lists:nth(rand:uniform(length(L)), L).

%% One side of one connection. A process keeps what belongs to it.

prepare(N) ->
    Me = self(),
    Keeper = spawn(fun() -> keeper(N, Me) end),
    receive {Keeper, Offer} -> Offer end.

work(N, Node, Offer) -> name(N) ! {work, Node, Offer}, ok.

finish(N) ->
    Keeper = whereis(name(N)),
    M = monitor(process, Keeper),
    Keeper ! {finish, self()},
    receive
        {Keeper, Counts} -> demonitor(M, [flush]), Counts;
        {'DOWN', M, process, _, Why} -> exit({failed, N, Why})
    after ?LATE - 5000 -> exit({hung, N, process_info(Keeper, [current_stacktrace, messages])})
    end.

%% Few names, so that there are few atoms.
name(N) -> list_to_atom("keeper_" ++ integer_to_list(N rem 2)).
server(N) -> list_to_atom("server_" ++ integer_to_list(N rem 2)).

keeper(N, Who) ->
    register(name(N), self()),
    Receivers = [spawn_link(fun() -> take(N, 1, 0) end) || _ <- lists:seq(1, 4)],
    Targets = [spawn(fun() -> target() end) || _ <- lists:seq(1, ?TARGETS)],
    Server = spawn_link(fun() -> serve() end),
    register(server(N), Server),
    Who ! {self(), {Receivers, Targets, Server}},
    receive {work, Node, {R, T, S}} -> ok end,
    Works = [fun() -> send(N, P, Kind) end || {P, Kind} <- lists:zip(R, [small, small, sized, large])]
        ++ [fun() -> watch(N, Node, T) end, fun() -> request(Node) end, fun() -> call(S) end],
    Workers = [spawn_monitor(fun() -> rand:seed(exsss, {N, erlang:phash2(self()), 1}), exit({did, W()}) end) || W <- Works],
    Did = [receive {'DOWN', M, process, P, {did, Counts}} -> Counts; {'DOWN', M, process, P, Why} -> exit(Why) end || {P, M} <- Workers],
    Took = [begin P ! {stop, self()}, receive {P, Counts} -> Counts end end || P <- Receivers],
    [exit(P, kill) || P <- Targets],
    unlink(Server),
    exit(Server, kill),
    receive {finish, Finisher} -> Finisher ! {self(), lists:append(Did ++ Took)} end.

%% Numbered messages, until the connection is over.
send(N, To, Kind) ->
    M = monitor(process, To),
    send(N, To, Kind, M, 1).
send(N, To, Kind, M, I) ->
    receive {'DOWN', M, process, To, Why} -> noconnection = Why, []
    after 0 ->
        Data = data(Kind, I),
        To ! {N, I, erlang:crc32(term_to_binary(Data)), Data},
        %% Bursts, and time for others between.
        I rem (case Kind of small -> 100; sized -> 10; large -> 1 end) =:= 0 andalso timer:sleep(rand:uniform(6)),
        send(N, To, Kind, M, I + 1)
    end.

data(small, I) -> {I, small};
data(sized, I) -> binary:copy(<<I>>, rand:uniform(3000));
data(large, I) -> case I rem 2 of 0 -> binary:copy(<<I:32>>, rand:uniform(70000)); 1 -> lists:seq(I, I + rand:uniform(40000)) end.

take(N, Next, Bytes) ->
    receive
        {N, Next, Crc, Data} ->
            B = term_to_binary(Data),
            Crc =:= erlang:crc32(B) orelse exit({corrupt, N, Next}),
            take(N, Next + 1, Bytes + byte_size(B));
        {stop, Who} ->
            unlink(Who),
            Who ! {self(), [{messages, Next - 1}, {bytes, Bytes}]};
        Other -> exit({not_in_order, Next, Other})
    end.

target() -> receive {die, Why} -> exit(Why) end.

serve() -> receive {call, Alias, I} -> Alias ! {reply, Alias, I}, serve() end.

%% Monitors, links, and both at once, of processes that end or not.
watch(N, Node, Targets) ->
    process_flag(trap_exit, true),
    monitor_node(Node, true),
    Named = monitor(process, {server(N), Node}),
    [link(P) || P <- Targets],
    Ms = maps:from_list([{monitor(process, P), P} || P <- Targets]),
    %% These are taken back; what fires before that is flushed.
    [demonitor(monitor(process, P), [flush]) || P <- Targets],
    {Die, _} = lists:split(7, Targets),
    [P ! {die, {bye, P}} || P <- Die],
    %% The name, so many monitors and links, and nodedown.
    fires(Node, Named, Ms, maps:from_keys(Targets, true), true),
    quiet(watch),
    [{fired, 2 + 2 * ?TARGETS}].

fires(_, none, Ms, Links, false) when Ms =:= #{}, Links =:= #{} -> ok;
fires(Node, Named, Ms, Links, NodeDown) ->
    receive
        {nodedown, Node} when NodeDown -> fires(Node, Named, Ms, Links, false);
        {'DOWN', Named, process, {_, Node}, noconnection} -> fires(Node, none, Ms, Links, NodeDown);
        {'DOWN', M, process, P, Why} when is_map_key(M, Ms) ->
            {P, Left} = maps:take(M, Ms),
            reason(P, Why),
            fires(Node, Named, Left, Links, NodeDown);
        {'EXIT', P, Why} when is_map_key(P, Links) ->
            reason(P, Why),
            fires(Node, Named, Ms, maps:remove(P, Links), NodeDown);
        Other -> exit({fired_wrongly, Other})
    after ?LATE - 10000 -> exit({did_not_fire, Named, Ms, Links, NodeDown})
    end.

reason(_, noconnection) -> ok;
reason(P, {bye, P}) -> ok;
reason(P, Why) -> exit({wrong_reason, P, Why}).

%% Spawn requests; how each ends.
request(Node) ->
    process_flag(trap_exit, true),
    monitor_node(Node, true),
    request(Node, #{}, 0).
request(Node, Open, Did) when map_size(Open) < 20 ->
    R = spawn_request(Node, erlang, exit, [{done, Did}], [monitor, link]),
    requested(Node, Open#{R => asked}, Did, 0);
request(Node, Open, Did) ->
    requested(Node, Open, Did, 1000).

requested(Node, Open, Did, Wait) ->
    receive
        {nodedown, Node} -> rest(Open), quiet(request), [{spawned, Did}];
        M -> requested(Node, outcome(M, Open), Did + 1, Wait)
    after Wait -> request(Node, Open, Did)
    end.

rest(Open) when Open =:= #{} -> ok;
rest(Open) -> receive M -> rest(outcome(M, Open)) after ?LATE - 10000 -> exit({unanswered, Open}) end.

%% A reply, then one exit signal and one monitor in any order.
outcome({spawn_reply, R, ok, P}, Open) -> asked = map_get(R, Open), (maps:remove(R, Open))#{{down, R} => P, {exit, P} => R};
outcome({spawn_reply, R, error, noconnection}, Open) -> asked = map_get(R, Open), maps:remove(R, Open);
outcome({'DOWN', R, process, P, Why}, Open) -> ended(Why), {P, Left} = maps:take({down, R}, Open), Left;
outcome({'EXIT', P, Why}, Open) -> ended(Why), {_, Left} = maps:take({exit, P}, Open), Left.

ended({done, _}) -> ok;
ended(noconnection) -> ok.

%% Calls with replies through an alias.
call(Server) -> call(Server, 0).
call(Server, I) ->
    M = monitor(process, Server, [{alias, reply_demonitor}]),
    Server ! {call, M, I},
    receive
        {reply, M, I} -> call(Server, I + 1);
        {'DOWN', M, process, Server, Why} -> noconnection = Why, quiet(call), [{called, I}];
        Other -> exit({answered_wrongly, Other})
    after ?LATE - 10000 -> exit({no_answer, I})
    end.

quiet(Who) -> receive M -> exit({twice, Who, M}) after 50 -> ok end.

%% The proxy before each node. What it does is in a table.

%% That of a new attempt.
plan(#{budget := Budget} = Plan) ->
    ets:whereis(?MODULE) =:= undefined andalso ets:new(?MODULE, [named_table, public]),
    Left = case Budget of
        none -> none;
        _ -> A = atomics:new(1, []), atomics:put(A, 1, Budget), A
    end,
    ets:insert(?MODULE, {plan, Plan#{id => make_ref(), left => Left, cut => false}}).
cut_now() -> ets:insert(?MODULE, {plan, (plan())#{cut => true}}).
plan() -> ets:lookup_element(?MODULE, plan, 2).

proxy(Name) ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}}, {backlog, 100}]),
    {ok, Port} = inet:port(L),
    P = spawn_link(fun() -> receive go -> accept(L, Name) end end),
    ok = gen_tcp:controlling_process(L, P),
    P ! go,
    put_port(Name ++ ".proxy", Port).

accept(L, Name) ->
    {ok, A} = gen_tcp:accept(L),
    P = spawn(fun() -> receive go -> between(A, Name) end end),
    ok = gen_tcp:controlling_process(A, P),
    P ! go,
    accept(L, Name).

between(A, Name) ->
    case gen_tcp:connect({127, 0, 0, 1}, get_port(Name ++ ".port"), [binary, {active, false}, {nodelay, true}]) of
        {ok, B} ->
            inet:setopts(A, [{nodelay, true}]),
            Plan = plan(),
            {_, M} = spawn_monitor(fun() -> pump(A, B, Plan) end),
            pump(B, A, Plan),
            receive {'DOWN', M, _, _, _} -> ok end;
        {error, _} -> gen_tcp:close(A)
    end.

%% The plan is that of the attempt it was made for; a later one means the end.
pump(From, To, Plan) ->
    Now = plan(),
    case maps:get(id, Now) =:= maps:get(id, Plan) of
        true when map_get(cut, Now) -> act(maps:get(action, Plan), From, To, Plan);
        true ->
            case gen_tcp:recv(From, 0, 10) of
                {ok, Bytes} -> carry(From, To, Plan, Bytes);
                {error, timeout} -> pump(From, To, Plan);
                {error, _} -> gen_tcp:close(From), gen_tcp:close(To)
            end;
        false -> gen_tcp:close(From), gen_tcp:close(To)
    end.

carry(From, To, #{left := none} = Plan, Bytes) -> pass(maps:get(style, Plan), To, Bytes), pump(From, To, Plan);
carry(From, To, #{left := Left} = Plan, Bytes) ->
    case atomics:sub_get(Left, 1, byte_size(Bytes)) of
        N when N > 0 -> pass(maps:get(style, Plan), To, Bytes), pump(From, To, Plan);
        N when N + byte_size(Bytes) > 0 ->
            gen_tcp:send(To, binary:part(Bytes, 0, N + byte_size(Bytes))),
            act(maps:get(action, Plan), From, To, Plan);
        _ -> act(maps:get(action, Plan), From, To, Plan)
    end.

pass(fast, To, Bytes) -> gen_tcp:send(To, Bytes);
pass(late, To, Bytes) -> timer:sleep(rand:uniform(15)), gen_tcp:send(To, Bytes);
pass(split, To, Bytes) when byte_size(Bytes) < 2 -> gen_tcp:send(To, Bytes);
pass(split, To, Bytes) ->
    N = rand:uniform(min(byte_size(Bytes) - 1, pick([1, 8, 1000, 100000]))),
    {Now, Later} = split_binary(Bytes, N),
    gen_tcp:send(To, Now),
    rand:uniform(20) =:= 1 andalso timer:sleep(1),
    pass(case rand:uniform(30) of 1 -> fast; _ -> split end, To, Later).

act(close, From, To, _) ->
    gen_tcp:close(From), gen_tcp:close(To);
act(reset, From, To, _) ->
    [inet:setopts(S, [{linger, {true, 0}}]) || S <- [From, To]],
    gen_tcp:close(From), gen_tcp:close(To);
act(half, From, To, _) ->
    gen_tcp:shutdown(To, write),
    drain(From),
    gen_tcp:close(To);
act(silence, From, To, Plan) ->
    %% Until both nodes have noticed by themselves, which lets the next attempt begin.
    case maps:get(id, plan()) =:= maps:get(id, Plan) of
        true -> timer:sleep(20), act(silence, From, To, Plan);
        false -> gen_tcp:close(From), gen_tcp:close(To)
    end.

drain(From) ->
    case gen_tcp:recv(From, 0, ?LATE) of
        {ok, _} -> drain(From);
        _ -> gen_tcp:close(From)
    end.

%% Where nodes listen, and where the proxies before them do, stands in files.

put_port(File, Port) ->
    Path = filename:join(os:getenv("CUTS_DIR"), File),
    %% When a node starts there is no file server yet.
    ok = prim_file:write_file(Path ++ ".new", integer_to_list(Port)),
    ok = prim_file:rename(Path ++ ".new", Path).
get_port(File) ->
    {ok, Text} = prim_file:read_file(filename:join(os:getenv("CUTS_DIR"), File)),
    binary_to_integer(Text).

start_link() -> ignore.
register_node(Name, Port, _) -> put_port(lists:concat([Name, ".port"]), Port), {ok, erlang:phash2(os:getpid(), 1 bsl 16) + 4}.
address_please(Name, _, _) -> {ok, {127, 0, 0, 1}, get_port(lists:concat([Name, ".proxy"])), 6}.
listen_port_please(_, _) -> {ok, 0}.
names(_) -> {error, address}.
