%% Many processes alive at once, each answering a message.
%% Usage: many:main([Count]). The emulator needs +P for more than 262144. Resident memory: at most 2.0 kB for a fresh one,
%% 2.3 kB for one that has answered (and 16 MB for what all need once).
-module(many).
-export([main/1]).

main([CountArg]) ->
    Count = list_to_integer(CountArg),
    Memory0 = erlang:memory(processes),
    Resident0 = resident(),
    T0 = erlang:monotonic_time(millisecond),
    Pids = [spawn(fun() -> loop() end) || _ <- lists:seq(1, Count)],
    T1 = erlang:monotonic_time(millisecond),
    Fresh = (resident() - Resident0) div Count,
    Each = (erlang:memory(processes) - Memory0) div Count,
    Self = self(),
    [P ! {ask, Self, P} || P <- Pids],
    [receive {answer, P} -> ok end || P <- Pids],
    T2 = erlang:monotonic_time(millisecond),
    Answered = (resident() - Resident0) div Count,
    true = erlang:system_info(process_count) >= Count,
    [P ! stop || P <- Pids],
    io:format("many: ~p alive, made in ~p ms, all answered in ~p ms, ~p bytes each, resident ~p fresh and ~p when answered~n",
              [Count, T1 - T0, T2 - T1, Each, Fresh, Answered]),
    Once = (16 bsl 20) div Count,
    Fresh =< 2000 + Once orelse exit({fresh, Fresh}),
    Answered =< 2300 + Once orelse exit({answered, Answered}).

resident() ->
    {ok, Status} = file:read_file("/proc/self/status"),
    {match, [Kb]} = re:run(Status, "VmRSS:\\s*(\\d+)", [{capture, all_but_first, list}]),
    list_to_integer(Kb) * 1024.

loop() ->
    receive
        {ask, From, Tag} -> From ! {answer, Tag}, loop();
        stop -> ok
    end.
