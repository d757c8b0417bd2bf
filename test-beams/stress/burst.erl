%% After a burst of processes with 100 kB each the resident memory returns, without garbage_collect/0,1.
%% Usage: burst:main([Processes]).
-module(burst).
-export([main/1]).

main([CountArg]) ->
    Count = list_to_integer(CountArg),
    timer:sleep(2500),
    Before = resident(),
    Pids = [spawn(fun keep/0) || _ <- lists:seq(1, Count)],
    [P ! go || P <- Pids],
    [begin P ! {ready, self()}, receive ready -> ok end end || P <- Pids],
    Most = resident(),
    [P ! stop || P <- Pids],
    After = settle(Before, 20),
    io:format("burst: ~p processes, resident ~p -> ~p -> ~p kB~n", [Count, Before, Most, After]),
    After =< Before * 1.3 orelse exit(resident_grew).

keep() ->
    receive go -> ok end,
    List = lists:seq(1, 6400),
    receive {ready, From} -> From ! ready end,
    receive stop -> length(List) end.

settle(Before, Tries) ->
    timer:sleep(500),
    case resident() of
        Now when Now =< Before * 1.3; Tries =:= 0 -> Now;
        _ -> settle(Before, Tries - 1)
    end.

resident() ->
    {ok, Status} = file:read_file("/proc/self/status"),
    {match, [Kb]} = re:run(Status, "VmRSS:\\s*(\\d+)", [{capture, all_but_first, list}]),
    list_to_integer(Kb).
