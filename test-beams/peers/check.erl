%% A check in a process of its own: prints its name and what it gave, how it died, or that it was late, and gives that.
-module(check).
-export([run/2]).

run(Name, F) ->
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() -> Self ! {self(), F()} end),
    Result =
        receive
            {Pid, R} -> R;
            {'DOWN', Ref, _, _, Reason} -> {died, Reason}
        after 40000 -> exit(Pid, kill), late
        end,
    erlang:demonitor(Ref, [flush]),
    io:format("~0p: ~0tp~n", [Name, Result]),
    Result.
