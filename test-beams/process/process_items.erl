-module(process_items).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    Me = self(),
    P = spawn(fun() -> put(a, 1), process_flag(trap_exit, true), Me ! ready, wait(Me) end),
    receive ready -> ok end,
    timer:sleep(5),
    link(P),
    M = monitor(process, P),
    P ! one, P ! {two, "x"},
    p(simple, [process_info(P, I) || I <- [registered_name, current_function, initial_call, status, message_queue_len, trap_exit, error_handler, priority, dictionary, catchlevel, last_calls, suspending, sequential_trace_token, message_queue_data]]),
    p(messages, process_info(P, messages)),
    p(links, process_info(P, links) =:= {links, [Me]}),
    p(monitored_by, process_info(P, monitored_by) =:= {monitored_by, [Me]}),
    p(monitors, process_info(P, monitors)),
    p(group_leader, process_info(P, group_leader) =:= {group_leader, group_leader()}),
    p(list, process_info(P, [status, registered_name, message_queue_len, status])),
    p(empty_list, process_info(P, [])),
    p(parent, is_pid(element(2, process_info(P, parent)))),
    p(numbers, [is_integer(element(2, process_info(P, I))) || I <- [reductions, heap_size, total_heap_size, stack_size, memory, min_heap_size =:= x andalso x, memory] -- [false]]),
    p(current_location, element(1, element(2, process_info(P, current_location)))),
    p(current_stack, [{Mo, F, A} || {Mo, F, A, _} <- element(2, process_info(P, current_stacktrace)), Mo =:= ?MODULE]),
    p(gc, [lists:keymember(K, 1, element(2, process_info(P, garbage_collection))) || K <- [minor_gcs, fullsweep_after, min_heap_size, min_bin_vheap_size, max_heap_size]]),
    p(gc_info, [lists:keymember(K, 1, element(2, process_info(P, garbage_collection_info))) || K <- [heap_size, stack_size, mbuf_size, recent_size, old_heap_size]]),
    p(all, lists:sort([K || {K, _} <- process_info(P)])),
    p(self, [process_info(self(), I) || I <- [status, message_queue_len, trap_exit]]),
    p(self_function, process_info(self(), current_function)),
    p(self_messages, begin self() ! x, self() ! y, A1 = process_info(self(), messages), tb:flush(), A1 end),
    t(bad_item, fun() -> process_info(P, id(bad)) end),
    t(bad_pid, fun() -> process_info(id(x), status) end),
    P ! stop,
    receive {'DOWN', M, _, _, _} -> ok end,
    p(dead, [process_info(P, status), process_info(P), process_info(P, [status])]),
    p(waiting, begin P2 = spawn(fun() -> receive never -> ok end end), timer:sleep(5), A2 = process_info(P2, [status, current_function]), exit(P2, kill), A2 end),
    p(running, begin P3 = spawn(fun Loop() -> Loop() end), timer:sleep(5), {status, S3} = process_info(P3, status), exit(P3, kill), lists:member(S3, [running, runnable]) end),
    p(in_bif, begin P4 = spawn(fun() -> timer:sleep(1000000) end), timer:sleep(5), A4 = process_info(P4, current_function), exit(P4, kill), A4 end),
    p(binary, begin B = binary:copy(<<"x">>, 1000), P5 = spawn(fun() -> receive {keep, B5} -> receive stop -> B5 end end end), P5 ! {keep, B}, timer:sleep(5), {binary, [{_, Size, _} | _]} = process_info(P5, binary), exit(P5, kill), Size end),
    p(reductions_grow, begin {reductions, R1} = process_info(self(), reductions), lists:seq(1, 10000), lists:sum(lists:seq(1, 10000)), {reductions, R2} = process_info(self(), reductions), R2 > R1 + 1000 end),
    p(backtrace, is_binary(element(2, process_info(self(), backtrace)))),
    p(system, [erlang:system_info(I) || I <- [wordsize, {wordsize, external}, process_count =:= x andalso x, otp_release, machine, heap_type, compat_rel, smp_support, threads, endian, fullsweep_after, nif_version, tolerant_timeofday] -- [false]]),
    p(limits, [erlang:system_info(I) || I <- [process_limit, port_limit, atom_limit, ets_limit =:= x andalso x] -- [false]]),
    p(counts, [is_integer(erlang:system_info(I)) || I <- [process_count, port_count, atom_count, schedulers, schedulers_online, logical_processors, dirty_cpu_schedulers, dirty_io_schedulers, ets_count, creation]]),
    p(statistics, [is_tuple(statistics(I)) || I <- [runtime, wall_clock, reductions, garbage_collection, context_switches, io]]),
    p(memory, [is_integer(erlang:memory(I)) || I <- [total, processes, system, atom, binary, code, ets]]),
    p(memory_sum, begin L = erlang:memory(), proplists:get_value(total, L) =:= proplists:get_value(processes, L) + proplists:get_value(system, L) end).

wait(Me) ->
    receive
        stop -> ok;
        {'EXIT', Me, _} -> wait(Me)
    end.
