%% args: +C single_time_warp +c false +e 20000 +A 7 +zdbbl 100 +zdntgc 5 +hmqd off_heap +hmax 1000000 +hmaxk false +hmaxel false +zosrl 9 +T 3 +spp true +ec +S 2:2 +SDcpu 2:1 +hms 500 +hmbs 100000 +W i +P 5000 +Q 3000 +t 200000
%% Flags of the emulator show in what they govern.
-module(flag_values).
-export([main/0]).

main() ->
    [io:format("~p ~p~n", [I, erlang:system_info(I)])
     || I <- [time_offset, time_warp_mode, time_correction, tolerant_timeofday, ets_limit, thread_pool_size,
              dist_buf_busy_limit, delayed_node_table_gc, message_queue_data, max_heap_size, port_parallelism,
              outstanding_system_requests_limit, modified_timing_level, compat_rel, ets_always_compress,
              dirty_cpu_schedulers, dirty_cpu_schedulers_online, min_heap_size, min_bin_vheap_size,
              process_limit, port_limit, atom_limit, sequential_tracer]],
    io:format("~p~n", [error_logger:warning_map()]),
    R = erlang:monitor(time_offset, clock_service),
    R2 = erlang:monitor(time_offset, clock_service, [{tag, {my, tag}}]),
    R3 = erlang:monitor(time_offset, clock_service),
    io:format("~p~n", [process_info(self(), monitors)]),
    true = erlang:demonitor(R3),
    Before = erlang:time_offset(),
    timer:sleep(20),
    io:format("~p~n", [erlang:system_flag(time_offset, finalize)]),
    receive {'CHANGE', R, time_offset, clock_service, N} -> io:format("~p~n", [is_integer(N)]) after 1000 -> io:format("none~n") end,
    receive {{my, tag}, R2, time_offset, clock_service, N2} -> io:format("~p~n", [is_integer(N2)]) after 1000 -> io:format("none~n") end,
    receive M -> io:format("~p~n", [M]) after 20 -> io:format("no more~n") end,
    io:format("~p~n", [abs(erlang:time_offset() - Before) < 1000000000]),
    io:format("~p~n", [erlang:system_flag(time_offset, finalize)]),
    io:format("~p~n", [erlang:system_info(time_offset)]),
    io:format("~p~n", [process_info(self(), [message_queue_data, max_heap_size])]),
    io:format("~p~n", [erlang:system_flag(sequential_tracer, self()) =:= false]),
    io:format("~p~n", [erlang:system_info(sequential_tracer) =:= {sequential_tracer, self()}]),
    io:format("~p~n", [erlang:system_flag(sequential_tracer, false) =:= self()]),
    io:format("~p~n", [erlang:system_flag(scheduling_statistics, enable)]),
    [spawn(fun() -> ok end) || _ <- lists:seq(1, 10)],
    timer:sleep(20),
    {process_normal, Run, _} = lists:keyfind(process_normal, 1, erlang:system_info(scheduling_statistics)),
    io:format("~p~n", [Run >= 10]),
    io:format("~p~n", [[K || {K, _, _} <- erlang:system_info(total_scheduling_statistics)]]),
    Ms = [erlang:monotonic_time() || _ <- lists:seq(1, 100)],
    io:format("~p~n", [Ms =:= lists:sort(Ms)]).
