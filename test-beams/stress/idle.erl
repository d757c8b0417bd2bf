%% An idle node uses at most 0.2 % of a processor: the time that its threads ran for, by the system's count in nanoseconds.
%% Usage: idle:main([Seconds]).
-module(idle).
-export([main/1]).

main([SecondsArg]) ->
    Seconds = list_to_integer(SecondsArg),
    timer:sleep(2000),
    Before = used(),
    timer:sleep(Seconds * 1000),
    Used = (used() - Before) div Seconds div 1000,
    io:format("idle: ~b us of processor time a second~n", [Used]),
    Used =< 2000 orelse exit({busy, Used}).

used() ->
    {ok, Tasks} = file:list_dir("/proc/self/task"),
    lists:sum([binary_to_integer(hd(binary:split(Text, <<" ">>))) ||
        T <- Tasks, {ok, Text} <- [file:read_file("/proc/self/task/" ++ T ++ "/schedstat")]]).
