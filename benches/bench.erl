%% Measures programs inside one emulator: main([Milliseconds, Name, ...]) prints a line a program,
%%     NAME NANOSECONDS ROUNDS RESULT
%% with the shortest time of a round of NAME:run/0 and a hash of what it returned, so that the
%% runner can see that both emulators computed the same.
-module(bench).
-export([main/1]).

main([Milliseconds | Names]) ->
    Budget = list_to_integer(Milliseconds) * 1000000,
    lists:foreach(fun(Name) -> measure(list_to_atom(Name), Budget) end, Names),
    halt(0).

measure(Module, Budget) ->
    {module, Module} = code:ensure_loaded(Module),
    %% Each program gets a process of its own, and so a fresh heap.
    {Pid, Mon} = spawn_monitor(fun() ->
        {_, Result} = once(Module),
        {Best, Rounds} = rounds(Module, Result, now_ns() + Budget, infinity, 0),
        exit({measured, Best, Rounds, erlang:phash2(Result)})
    end),
    receive
        {'DOWN', Mon, process, Pid, {measured, Best, Rounds, Hash}} ->
            io:format("~s ~b ~b ~b~n", [Module, Best, Rounds, Hash]);
        {'DOWN', Mon, process, Pid, Reason} ->
            io:format("~s failed ~0p~n", [Module, Reason])
    end.

rounds(Module, Result, End, Best, N) ->
    erlang:garbage_collect(),
    {Time, Result} = once(Module),
    Best1 = min(Time, Best),
    case now_ns() < End orelse N < 2 of
        true -> rounds(Module, Result, End, Best1, N + 1);
        false -> {Best1, N + 1}
    end.

once(Module) ->
    T0 = now_ns(),
    Result = Module:run(),
    {now_ns() - T0, Result}.

now_ns() -> erlang:monotonic_time(nanosecond).
