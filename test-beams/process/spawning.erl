-module(spawning).
-export([main/0, entry/1]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    Me = self(),
    p(kinds, [begin P = F(), is_pid(P) end || F <- [fun() -> spawn(fun() -> ok end) end, fun() -> spawn(?MODULE, entry, [Me]) end, fun() -> spawn_link(fun() -> ok end) end, fun() -> spawn(node(), fun() -> ok end) end, fun() -> spawn_opt(fun() -> ok end, []) end]]),
    p(entry, receive {entry, Dict} -> Dict end),
    p(opts, [begin P2 = spawn_opt(fun() -> receive stop -> ok end end, [O]), A2 = element(2, process_info(P2, element(1, O))), P2 ! stop, A2 end || O <- [{priority, high}, {priority, low}]]),
    p(flags, begin {P3, M3} = spawn_opt(fun() -> exit(process_flag(fullsweep_after, 5)) end, [monitor, {fullsweep_after, 9}]), receive {'DOWN', M3, _, P3, R3} -> R3 end end),
    p(max_heap, begin logger:set_primary_config(level, none), {P4, M4} = spawn_opt(fun() -> grow([]) end, [monitor, {max_heap_size, #{size => 50000, kill => true, error_logger => false}}]), R4 = receive {'DOWN', M4, _, P4, W4} -> W4 end, logger:set_primary_config(level, notice), R4 end),
    t(bad_opt, fun() -> spawn_opt(fun() -> ok end, id([{min_heap_size, x}])) end),
    p(bad_fun, is_pid(spawn(id(fun(X) -> X end)))),
    t(bad_args, fun() -> spawn(m, f, id([a | b])) end),
    p(group_leader, begin GL = group_leader(), spawn(fun() -> Me ! {gl, group_leader() =:= GL} end), receive {gl, G} -> G end end),
    p(initial_call, begin P5 = spawn(?MODULE, entry, [Me]), X5 = receive {entry, _} -> ok end, X5 end),
    p(info_initial, begin P6 = spawn(erlang, hibernate, [?MODULE, entry, [Me]]), A6 = process_info(P6, initial_call), exit(P6, kill), A6 end),
    p(dictionary, begin put(k, v), spawn(fun() -> Me ! {dict, get(k)} end), receive {dict, D} -> D end end),
    p(nested, begin spawn(fun() -> spawn(fun() -> spawn(fun() -> Me ! {depth, 3} end) end) end), receive {depth, N} -> N end end),
    p(thousands, begin L = [spawn(fun() -> receive {add, X} -> Me ! {sum, X + N} end end) || N <- lists:seq(1, 3000)], [P ! {add, 1} || P <- L], lists:sum([receive {sum, S} -> S end || _ <- L]) end),
    p(alive, begin P7 = spawn(fun() -> receive stop -> ok end end), A7 = is_process_alive(P7), M7 = monitor(process, P7), P7 ! stop, receive {'DOWN', M7, _, _, _} -> {A7, is_process_alive(P7)} end end),
    p(processes, begin P8 = spawn(fun() -> receive stop -> ok end end), A8 = lists:member(P8, processes()), exit(P8, kill), tb:wait(P8), {A8, lists:member(P8, processes())} end),
    p(pid_text, begin L9 = pid_to_list(self()), list_to_pid(L9) =:= self() end),
    t(pid_bad, fun() -> list_to_pid(id("<x>")) end),
    p(ref_text, begin R10 = make_ref(), list_to_ref(ref_to_list(R10)) =:= R10 end),
    p(register, [register(spawn_reg, self()), whereis(spawn_reg) =:= self(), lists:member(spawn_reg, registered()), process_info(self(), registered_name), unregister(spawn_reg), whereis(spawn_reg), process_info(self(), registered_name)]),
    t(register_twice, fun() -> register(spawn_a, self()), try register(spawn_b, self()) after unregister(spawn_a) end end),
    t(register_dead, fun() -> P11 = spawn(fun() -> ok end), tb:wait(P11), register(spawn_dead, P11) end),
    p(register_ends, begin P12 = spawn(fun() -> register(spawn_gone, self()), Me ! ready, receive stop -> ok end end), receive ready -> ok end, A12 = whereis(spawn_gone) =:= P12, P12 ! stop, tb:wait(P12), {A12, whereis(spawn_gone)} end),
    p(yield, [erlang:yield(), erlang:bump_reductions(100)]),
    p(fairness, begin P13 = spawn(fun Loop() -> Loop() end), R13 = receive after 20 -> responsive end, exit(P13, kill), R13 end),
    p(priority, begin spawn_opt(fun() -> Me ! {prio, process_flag(priority, normal)} end, [{priority, max}]), receive {prio, Pr} -> Pr end end),
    p(suspend, begin P14 = spawn(fun() -> receive {ping, F} -> F ! pong end end), erlang:suspend_process(P14), P14 ! {ping, self()}, A14 = receive pong -> got after 20 -> none end, S14 = process_info(P14, status), erlang:resume_process(P14), {A14, S14, receive pong -> got after 1000 -> none end} end),
    p(hibernate, begin P15 = spawn(fun() -> erlang:hibernate(?MODULE, entry, [Me]) end), timer:sleep(10), P15 ! wake, receive {entry, D15} -> D15 end end),
    p(gc_async, begin P16 = spawn(fun() -> receive stop -> ok end end), garbage_collect(P16), R16 = garbage_collect(P16, [{async, req}]), {R16, receive {garbage_collect, req, V16} -> V16 end} end),
    p(process_flag, [process_flag(trap_exit, true), process_flag(trap_exit, false), process_flag(priority, normal), process_flag(message_queue_data, off_heap), process_flag(message_queue_data, on_heap), process_flag(sensitive, false), process_flag(save_calls, 0)]),
    p(exit_many, begin L17 = [spawn_monitor(fun() -> exit({n, K}) end) || K <- lists:seq(1, 50)], lists:sum([receive {'DOWN', M, _, P, {n, K}} -> K end || {P, M} <- L17]) end).

entry(Me) -> Me ! {entry, get()}.

grow(L) -> grow([lists:seq(1, 100) | L]).
