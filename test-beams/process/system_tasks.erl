%% Work that others ask of a process, and where processes run: priorities of tasks, collections switched off, processes
%% bound to a scheduler, what yielding costs, messages against a heap limit.
-module(system_tasks).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    Old = erts_debug:set_internal_state(available_internal_state, true),
    in_process(fun order/0),
    in_process(fun switched_off/0),
    in_process(fun bound/0),
    in_process(fun yields/0),
    in_process(fun limit/0),
    in_process(fun dirty/0),
    erts_debug:set_internal_state(available_internal_state, Old),
    ok.

in_process(F) ->
    {P, M} = spawn_monitor(F),
    receive {'DOWN', M, process, P, Why} -> Why =:= normal orelse p(ended, Why) end.

%% Urgent ones first; low and normal ones take turns.
order() ->
    process_flag(priority, high),
    process_flag(scheduler, 1),
    Pid = spawn_opt(fun() -> receive after infinity -> ok end end, [link, {scheduler, 1}]),
    Ask = fun(Priority, From, To) ->
        [erts_internal:request_system_task(Pid, Priority, {system_task_test, {Priority, N}}) || N <- lists:seq(From, To)]
    end,
    Ask(low, 0, 1), Ask(normal, 0, 10), Ask(low, 2, 4), Ask(normal, 11, 20),
    p(order, [receive {system_task_test, {P, N}, true} -> {P, N} after 5000 -> missing end || _ <- lists:seq(1, 26)]),
    Ask(low, 0, 1), Ask(normal, 0, 9), Ask(max, 0, 0), Ask(high, 0, 1),
    All = [receive {system_task_test, {P, N}, true} -> {P, N} after 5000 -> missing end || _ <- lists:seq(1, 15)],
    p(urgent, lists:sublist(All, 3)),
    p(bad, catch_class(fun() -> erts_internal:request_system_task(Pid, lowest, {system_task_test, 1}) end)),
    unlink(Pid),
    exit(Pid, kill),
    p(gone, begin
        M = monitor(process, Pid),
        receive {'DOWN', M, _, _, _} -> ok end,
        Ask(normal, 1, 1),
        receive {system_task_test, X, Y} -> {X, Y} after 5000 -> missing end
    end).

switched_off() ->
    Me = self(),
    P = spawn_link(fun() ->
        Me ! {state, erts_debug:set_internal_state(gc_state, false)},
        receive on -> ok end,
        Me ! {state, erts_debug:set_internal_state(gc_state, true)},
        receive stop -> ok end
    end),
    p(was, receive {state, A} -> A end),
    async = erlang:garbage_collect(P, [{async, here}]),
    p(waits, receive {garbage_collect, here, B} -> B after 100 -> nothing end),
    P ! on,
    p(off, receive {state, C} -> C end),
    p(done, receive {garbage_collect, here, D} -> D after 5000 -> nothing end),
    P ! stop.

bound() ->
    p(free, process_flag(scheduler, 1)),
    p(one, {erlang:system_info(scheduler_id), process_flag(scheduler, 1)}),
    Last = erlang:system_info(schedulers_online),
    p(last, begin 1 = process_flag(scheduler, Last), erlang:system_info(scheduler_id) =:= Last end),
    p(back, process_flag(scheduler, 0) =:= Last),
    p(none, process_flag(scheduler, 0)),
    p(bad, [catch_class(fun() -> process_flag(scheduler, X) end) || X <- [-1, 1 bsl 20, a]]),
    Me = self(),
    %% They stay where they were put, however busy it is there.
    Ps = [spawn_opt(fun() -> Me ! {self(), [stay(1) || _ <- lists:seq(1, 20)]} end, [{scheduler, 1}]) || _ <- lists:seq(1, 20)],
    p(stay, lists:usort(lists:append([receive {P, L} -> L end || P <- Ps]))).

stay(N) ->
    erlang:yield(),
    lists:foldl(fun(X, S) -> X + S end, 0, lists:seq(1, 500)),
    erlang:system_info(scheduler_id) =:= N.

catch_class(F) ->
    try F() catch C:R -> {C, R} end.

%% The rest of a slice is not used by who gives it up.
yields() ->
    {reductions, A} = process_info(self(), reductions),
    [true = erlang:yield() || _ <- lists:seq(1, 4)],
    {reductions, B} = process_info(self(), reductions),
    p(yields, B - A < 200).

%% Messages that are kept on the heap count, those that are not do not.
limit() ->
    Ends = fun(Where) ->
        {P, M} = spawn_opt(fun() -> receive never -> ok after 2000 -> ok end end,
                           [{max_heap_size, #{size => 1024, error_logger => false}}, {message_queue_data, Where}, monitor]),
        [P ! lists:duplicate(N, N) || N <- lists:seq(1, 100)],
        _ = process_info(P, messages),
        erlang:garbage_collect(P),
        R = receive {'DOWN', M, process, P, Why} -> Why after 200 -> lives end,
        exit(P, kill),
        R
    end,
    p(on_heap, Ends(on_heap)),
    p(off_heap, Ends(off_heap)).

%% Dirty natives that wait for a thread go by priority.
%% One dirty scheduler changes hands: who gets it next tells so from there.
dirty() ->
    Me = self(),
    N = erlang:system_info(dirty_cpu_schedulers_online),
    Hold = fun() -> Me ! {goes, self()}, erts_debug:dirty_cpu(alive_waitexiting, Me) end,
    [First | Others] = [spawn(Hold) || _ <- lists:seq(1, N)],
    [receive {alive, P} -> ok end || P <- [First | Others]],
    Waiting = [begin
        P = spawn_opt(Hold, [{priority, Priority}]),
        receive {goes, P} -> ok end,
        receive after 20 -> ok end,
        {P, Priority}
    end || Priority <- [low, normal, high, normal, high]],
    {Order, Last} = lists:mapfoldl(fun(_, P) ->
        exit(P, kill),
        receive {alive, Next} -> {proplists:get_value(Next, Waiting), Next} after 5000 -> {missing, P} end
    end, First, Waiting),
    p(dirty, {lists:sublist(Order, 2), lists:sort(Order)}),
    [exit(P, kill) || P <- [Last | Others]].
