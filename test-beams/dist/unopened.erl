%% vm: own
%% Malformed messages to a suspended process: they count, and their connection goes on, until somebody looks into them. What
%% comes after them comes after them.
-module(unopened).
-export([main/0]).
-define(NODE, 'b@remote').

main() ->
    logger:set_primary_config(level, none),
    Me = self(),
    register(net_kernel, spawn_link(fun() -> forward(Me) end)),
    true = erlang:setnode('a@local', 77),
    process_flag({monitor_nodes, #{node_type => all, nodedown_reason => true}}, true),
    [p(What, once(F)) || {What, F} <- looks()].

looks() ->
    [{messages, fun(P) -> process_info(P, messages) end},
     {both, fun(P) -> process_info(P, [message_queue_len, messages]) end},
     {size, fun(P) -> element(1, process_info(P, total_heap_size)) end},
     {length, fun(P) -> process_info(P, message_queue_len) end},
     {resume, fun(P) -> resume_process(P), wait(P) end},
     {killed, fun(P) -> exit(P, kill), process_info(P, messages) end}].

once(Look) ->
    Me = self(),
    P = spawn(fun() -> receive tell -> Me ! {got, got()} end end),
    register(target, P),
    erlang:suspend_process(P),
    C = connect(),
    P ! first,
    put_data(C, good(one)),
    [put_data(C, bad()) || _ <- [1, 2, 3]],
    put_data(C, good({two, lists:duplicate(400, x)})),
    P ! last,
    Counted = process_info(P, message_queue_len),
    Alive = is_process_alive(C),
    Looked = Look(P),
    receive after 50 -> ok end,
    Then = is_process_alive(C),
    P ! tell,
    catch resume_process(P),
    Got = receive {got, G} -> G after 300 -> none end,
    exit(C, {shutdown, finished}),
    Why = receive {nodedown, ?NODE, #{nodedown_reason := W}} -> W after 5000 -> none end,
    exit(P, kill),
    catch unregister(target),
    flush(),
    {Counted, Alive, short(Looked), Then, short(Got), Why}.

wait(P) -> case process_info(P, status) of {status, waiting} -> ok; _ -> erlang:yield(), wait(P) end.

resume_process(P) -> erlang:resume_process(P).

got() -> receive M -> [M | got()] after 0 -> [] end.

short({two, L}) -> {two, length(L)};
short(L) when is_list(L) -> [short(X) || X <- L];
short({messages, L}) -> {messages, short(L)};
short(X) -> X.

good(T) -> [131, 68, 0, body({6, remote(1), '', target}), body(T)].
bad() -> [131, 68, 0, body({6, remote(1), '', target}), 104, 200].

forward(To) -> receive {nodeup, _} -> ok; M -> To ! M end, forward(To).

connect() ->
    Me = self(),
    C = spawn(fun() -> carrier(Me) end),
    receive {up, C} -> C end.

carrier(Parent) ->
    _ = erts_internal:new_connection(?NODE),
    {_, Flags, _, _, _, _} = erts_internal:get_dflags(),
    DH = erlang:setnode(?NODE, self(), {Flags, 4}),
    erlang:dist_ctrl_input_handler(DH, self()),
    Parent ! {up, self()},
    carry(DH).

carry(DH) ->
    receive {put, From, Data} -> erlang:dist_ctrl_put_data(DH, Data), From ! done, carry(DH) end.

put_data(C, Data) ->
    M = monitor(process, C),
    C ! {put, self(), iolist_to_binary(Data)},
    receive
        done -> demonitor(M, [flush]);
        {'DOWN', M, _, _, _} -> ok
    end.

flush() -> receive _ -> flush() after 0 -> ok end.
body(T) -> <<131, B/binary>> = term_to_binary(T), B.
remote(N) ->
    A = atom_to_binary(?NODE),
    binary_to_term(<<131, 88, 119, (byte_size(A)), A/binary, N:32, 0:32, 4:32>>).
p(What, R) -> io:format("~p: ~p~n", [What, R]).
