%% vm: own
%% timeout: 60
%% modes: plain
%% What is sent while a connection is being made waits for it, in order, or is lost with it; nodes that go and come again are
%% others; who asked for it hears of both, with kinds and reasons.
-module(pending).
-export([main/0, queue/2, finish/0, hear/0, heard/0, sink/1, old/1, later/2]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    tb_peer:epmd(),
    [begin queue(A, B, comes), queue(A, B, goes), again(A, B) end || {A, B} <- [{own, reference}, {reference, own}]],
    tb_peer:stop_all([]).

args(X) -> ["-sname", X, "-kernel", "prevent_overlapping_partitions", "false", "-connect_all", "false"].

name(W, X) -> lists:concat([W, "_", X]).

%% The other node stands still while it is connected to.
queue(W1, W2, How) ->
    Ps = [A, B] = tb_peer:start_all([{W1, args(name(W1, lists:concat([asks_, How])))}, {W2, args(name(W2, lists:concat([stands_, How])))}]),
    N = tb_peer:node(B),
    Sink = tb_peer:call(B, fun() -> S = spawn(?MODULE, sink, [[]]), register(sink, S), S end),
    Os = tb_peer:os_pid(B),
    tb_peer:signal(Os, "STOP"),
    p({W1, How, pending}, tb_peer:call(A, ?MODULE, queue, [N, Sink])),
    tb_peer:signal(Os, case How of comes -> "CONT"; goes -> "KILL" end),
    p({W1, How, finished}, tb_peer:call(A, ?MODULE, finish, [])),
    How =:= comes andalso p({W1, How, came}, came(B)),
    [tb_peer:stop(P) || P <- Ps].

came(B) ->
    tb_nodes:until(fun() ->
        L = tb_peer:call(B, fun() -> sink ! {tell, self()}, receive {told, L} -> L end end),
        length(L) >= 305 andalso
            [{Who, [I || {W, I} <- L, W =:= Who] =:= lists:seq(1, 100)} || Who <- [1, 2, 3]] ++ lists:sort([X || X <- L, not is_tuple(X)])
    end).

sink(L) ->
    receive
        {tell, P} -> P ! {told, lists:reverse(L)}, sink(L);
        X -> sink([X | L])
    end.

%% Over here: all kinds of signals to a node that does not answer yet.
queue(N, Sink) ->
    Me = self(),
    register(keeper, spawn(fun() ->
        process_flag(trap_exit, true),
        Ws = [spawn_monitor(fun() -> [Sink ! {W, I} || I <- lists:seq(1, 100)] end) || W <- [1, 2, 3]],
        [receive {'DOWN', M, _, _, normal} -> ok end || {_, M} <- Ws],
        Sends = [erlang:send({sink, N}, sent, O) || O <- [[], [nosuspend], [noconnect]]] ++ [Sink ! sent],
        {sink, N} ! named,
        M1 = monitor(process, Sink),
        M2 = monitor(process, {sink, N}),
        link(Sink),
        L = spawn_link(fun() -> process_flag(trap_exit, true), link(Sink), receive {'EXIT', Sink, Why} -> exit({broken, Why}) end end),
        Dies = spawn(fun() -> process_flag(trap_exit, true), link(Sink) end),
        D = monitor(process, Dies),
        receive {'DOWN', D, _, _, W} -> W end,
        R = spawn_request(N, erlang, send, [Sink, spawned], [monitor]),
        Me ! {self(), {Sends, W, nodes(), nodes(connected), is_process_alive(L), lists:member(N, nodes(known))}},
        receive {finish, P} -> ok end,
        {Ok, What} = receive {spawn_reply, R, R1, R2} -> {R1, R2} end,
        Time = case Ok of ok -> 200; error -> 20000 end,
        P ! {finished, [{Ok, is_pid(What) orelse What},
            [{T, receive {'DOWN', M, process, _, X} -> X after Time -> nothing end} || {T, M} <- [{pid, M1}, {name, M2}]],
            [{T, receive {'EXIT', Who, X} -> X after Time -> nothing end} || {T, Who} <- [{link, Sink}, {other, L}]],
            nodes() =:= [N]]}
    end)),
    K = whereis(keeper),
    receive {K, R} -> R end.

finish() ->
    keeper ! {finish, self()},
    receive {finished, R} -> R after 50000 -> none end.

%% A node that goes and comes back has another creation, and nothing of its former life.
again(W1, W2) ->
    Name = name(W2, "returns"),
    [A, B] = tb_peer:start_all([{W1, args(name(W1, "watches"))}, {W2, args(Name)}]),
    N = tb_peer:node(B),
    tb_peer:call(A, ?MODULE, hear, []),
    pong = tb_peer:call(A, net_adm, ping, [N]),
    Pid = tb_peer:call(A, ?MODULE, old, [N]),
    Creation = tb_peer:call(B, erts_internal, get_creation, []),
    tb_peer:kill(B),
    tb_nodes:until(fun() -> tb_peer:call(A, erlang, nodes, []) =:= [] end),
    B2 = tb_peer:start(W2, args(Name)),
    p({W1, again}, {tb_peer:node(B2) =:= N, tb_peer:call(B2, erts_internal, get_creation, []) =/= Creation}),
    p({W1, ping}, tb_peer:call(A, net_adm, ping, [N])),
    p({W1, later}, tb_peer:call(A, ?MODULE, later, [Pid, N])),
    tb_peer:call(A, erlang, disconnect_node, [N]),
    H = tb_peer:start(W2, args(name(W2, "hides")) ++ ["-hidden"]),
    pong = tb_peer:call(H, net_adm, ping, [tb_peer:node(A)]),
    tb_peer:kill(H),
    p({W1, heard}, tb_nodes:until(fun() -> L = tb_peer:call(A, ?MODULE, heard, []), length(L) >= 26 andalso L end)),
    [tb_peer:stop(P) || P <- [A, B, B2, H]].

old(N) -> spawn(N, timer, sleep, [infinity]).

later(Pid, N) ->
    M = monitor(process, Pid),
    process_flag(trap_exit, true),
    L = try link(Pid) catch error:E -> E end,
    New = spawn(N, timer, sleep, [infinity]),
    {receive {'DOWN', M, _, _, W} -> W after 5000 -> none end, L, receive {'EXIT', Pid, W2} -> W2 after 5000 -> none end,
     node(Pid) =:= node(New), Pid =:= New, rpc:call(N, erlang, is_process_alive, [New]), exit(Pid, kill),
     rpc:call(N, erlang, is_process_alive, [New])}.

%% Subscriptions of every kind; what each heard, in order.
hear() ->
    Kinds = [plain, [], [{node_type, hidden}, nodedown_reason], [{node_type, all}, nodedown_reason], [{node_type, visible}, nodedown_reason],
             #{node_type => all, nodedown_reason => true, connection_id => true}],
    register(hearers, spawn(fun() -> hearers([{K, spawn_link(fun() -> hearer(K) end)} || K <- Kinds]) end)),
    timer:sleep(100).

hearer(K) ->
    case K of plain -> net_kernel:monitor_nodes(true); _ -> net_kernel:monitor_nodes(true, K) end,
    collect([]).

collect(L) ->
    receive
        {tell, P} -> P ! {self(), lists:reverse(L)}, collect(L);
        M -> collect([M | L])
    end.

hearers(Hs) ->
    receive {tell, P} -> P ! {told, [{K, begin H ! {tell, self()}, receive {H, L} -> L end end} || {K, H} <- Hs]} end,
    hearers(Hs).

heard() ->
    hearers ! {tell, self()},
    receive {told, All} ->
        [{K, I, plain(M)} || {K, L} <- All, {I, M} <- lists:zip(lists:seq(1, length(L)), L)]
    end.

plain({W, N}) -> {W, tb_nodes:short(N)};
plain({W, N, #{connection_id := C} = I}) -> {W, tb_nodes:short(N), I#{connection_id := is_integer(C)}};
plain({W, N, I}) -> {W, tb_nodes:short(N), I}.
