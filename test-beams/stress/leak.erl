%% Millions of messages of several shapes leave no memory behind: erlang:memory/1 and the resident
%% set return to what they were after the first round.
%% Usage: leak:main([Millions]).
-module(leak).
-export([main/1]).

main([MillionsArg]) ->
    Rounds = list_to_integer(MillionsArg),
    Rounds >= 2 orelse exit(too_few_rounds),
    round(),
    round(),
    {Total0, Rss0} = measure(),
    [round() || _ <- lists:seq(1, Rounds - 2)],
    {Total1, Rss1} = measure(),
    io:format("leak: ~p million messages, erlang:memory(total) ~p -> ~p kB, resident ~p -> ~p kB~n",
              [Rounds, Total0, Total1, Rss0, Rss1]),
    Total1 =< Total0 + 1024 orelse exit(memory_grew),
    Rss1 =< Rss0 * 1.1 + 4096 orelse exit(resident_grew).

measure() ->
    [garbage_collect(P) || P <- processes()],
    timer:sleep(300),
    {erlang:memory(total) div 1024, resident()}.

resident() ->
    {ok, Status} = file:read_file("/proc/self/status"),
    {match, [Kb]} = re:run(Status, "VmRSS:\\s*(\\d+)", [{capture, all_but_first, list}]),
    list_to_integer(Kb).

%% A million messages: small, deep, with shared binaries, by alias, through timers and to the dead.
round() ->
    Parent = self(),
    Binary = binary:copy(<<"shared">>, 1000),
    Pids = [spawn_link(fun() -> echo() end) || _ <- lists:seq(1, 20)],
    [begin
         [send(P, N, Parent, Binary) || P <- Pids],
         [receive {echo, P} -> ok end || P <- Pids]
     end || N <- lists:seq(1, 25000)],
    [begin M = monitor(process, P), P ! stop, receive {'DOWN', M, _, _, _} -> ok end end || P <- Pids],
    [P ! gone || P <- Pids],
    ok.

send(P, N, Parent, Binary) ->
    P ! case N rem 5 of
        0 -> {from, Parent, N};
        1 -> {from, Parent, [N, {deep, [[[N]], "text"]}]};
        2 -> {from, Parent, Binary};
        3 -> {from, Parent, binary:part(Binary, N rem 1000, 100)};
        4 -> {from, Parent, #{n => N, ref => make_ref()}}
    end.

echo() ->
    receive
        {from, Pid, _} -> Pid ! {echo, self()}, echo();
        stop -> ok
    end.
