%% Many processes alive at once, each answering a message.
%% Usage: many:main([Count]). The emulator needs +P for more than 262144.
-module(many).
-export([main/1]).

main([CountArg]) ->
    Count = list_to_integer(CountArg),
    Memory0 = erlang:memory(processes),
    T0 = erlang:monotonic_time(millisecond),
    Pids = [spawn(fun() -> loop() end) || _ <- lists:seq(1, Count)],
    T1 = erlang:monotonic_time(millisecond),
    Each = (erlang:memory(processes) - Memory0) div Count,
    Self = self(),
    [P ! {ask, Self, P} || P <- Pids],
    [receive {answer, P} -> ok end || P <- Pids],
    T2 = erlang:monotonic_time(millisecond),
    true = erlang:system_info(process_count) >= Count,
    [P ! stop || P <- Pids],
    io:format("many: ~p alive, made in ~p ms, all answered in ~p ms, ~p bytes each~n",
              [Count, T1 - T0, T2 - T1, Each]).

loop() ->
    receive
        {ask, From, Tag} -> From ! {answer, Tag}, loop();
        stop -> ok
    end.
