%% vm: own
%% timeout: 60
%% modes: plain
%% Tokens of sequential tracing go to other nodes and come back, whoever they run on.
-module(tokens_there).
-export([main/0, tracer/0, there/1]).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(tokens_there),
    [begin
        N = tb_nodes:start(Which, atom_to_list(Which)),
        [case_of(Name, N) || Name <- [send, name, alias, label, exit, exit_signal, spawn, request, refused, reply]],
        tb_nodes:stop(N)
    end || Which <- tb_nodes:others()],
    tb_nodes:halt_all([]).

case_of(Name, N) ->
    seq_trace:reset_trace(),
    rpc:call(N, seq_trace, reset_trace, []),
    T = spawn(?MODULE, tracer, []),
    U = spawn(N, ?MODULE, tracer, []),
    seq_trace:set_system_tracer(T),
    rpc:call(N, seq_trace, set_system_tracer, [U]),
    There = spawn(N, ?MODULE, there, [self()]),
    Alias = receive {There, A} -> A end,
    Label = make_ref(),
    seq_trace:set_token(label, case Name of label -> 17; _ -> {Label, big} end),
    [seq_trace:set_token(F, true) || F <- [send, 'receive', print]],
    process_flag(trap_exit, true),
    Out = run(Name, N, There, Alias),
    seq_trace:set_token([]),
    exit(There, kill),
    %% A round trip: whatever was on its way has arrived.
    rpc:call(N, erlang, node, []),
    timer:sleep(30),
    Known = [{self(), me}, {There, there}, {Alias, alias}, {Label, label}, {node(), here}, {N, node_there}],
    show({Name, Out}, Known),
    [show(X, Known) || X <- seen(T)],
    io:format("there:~n"),
    [show(X, Known) || X <- seen(U)].

run(name, N, There, _) ->
    true = rpc:call(N, erlang, register, [somebody, There]),
    {somebody, N} ! {self(), hello},
    answer();
run(alias, _, _, Alias) -> Alias ! {self(), hello}, answer();
run(exit, _, There, _) -> link(There), There ! {exit, why}, answer();
run(exit_signal, _, There, _) -> exit(There, why), none;
run(spawn, N, _, _) ->
    P = spawn(N, lists, reverse, [[1, 2]]),
    {node(P) =:= N, seq_trace:get_token(serial)};
run(request, N, _, _) ->
    R = spawn_request(N, lists, reverse, [[1, 2]], [monitor, {reply_tag, tag}]),
    receive {tag, R, ok, P} -> receive {'DOWN', R, process, P, X} -> {X, seq_trace:get_token(serial)} end end;
run(refused, N, _, _) ->
    R = spawn_request(N, lists, reverse, [[1, 2]], [what]),
    receive {spawn_reply, R, error, X} -> {X, seq_trace:get_token(serial)} end;
run(reply, _, There, _) ->
    There ! {self(), hello},
    Out = answer(),
    There ! {self(), again},
    {Out, answer()};
run(_, _, There, _) -> There ! {self(), hello}, answer().

answer() -> receive {'EXIT', P, _} when is_port(P) -> answer(); X -> {X, seq_trace:get_token()} end.

there(P) ->
    A = alias(),
    P ! {self(), A},
    loop().

loop() ->
    receive
        {exit, Why} -> exit(Why);
        {P, X} -> P ! {X, seq_trace:get_token()}, loop()
    end.

tracer() -> tracer([]).
tracer(L) ->
    receive
        {seq_trace, Label, {_, _, From, To, M} = E} when is_tuple(M), element(1, M) =:= 'EXIT' ->
            tracer([{Label, element(1, E), element(2, E), From, To, setelement(2, M, x)} | L]);
        {seq_trace, Label, {What, Count, From, To, M}} -> tracer([{Label, What, Count, From, To, M} | L]);
        {seen, P} -> P ! {seen, lists:reverse(L)}
    end.

seen(T) -> T ! {seen, self()}, receive {seen, L} -> lists:sort(fun(A, B) -> order(A) =< order(B) end, L) end.

order({_, What, Count, _, _, _}) -> {Count, What =:= 'receive'}.

%% Pids, references and nodes by what they are.
show(T, Known) -> io:format("~p~n", [known(T, Known)]).

known(T, Known) ->
    case lists:keyfind(T, 1, Known) of
        {_, Name} -> {Name};
        false when is_tuple(T) -> list_to_tuple(known(tuple_to_list(T), Known));
        false when is_list(T) -> [known(X, Known) || X <- T];
        false when is_pid(T), node(T) =:= node() -> a_pid;
        false when is_pid(T) -> a_pid_there;
        false when is_reference(T) -> a_reference;
        false -> T
    end.
