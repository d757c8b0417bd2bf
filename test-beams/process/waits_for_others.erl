%% Asking processes that others keep from running, and processes that are about to end.
-module(waits_for_others).
-export([main/0, sleeper/0]).

main() ->
    urgent(),
    dying(),
    hibernating().

%% Those who spin at high priority keep nobody of a higher one waiting for an answer.
urgent() ->
    process_flag(priority, max),
    Low = spawn_opt(fun spin/0, [{priority, low}]),
    Normal = spawn(fun() -> receive stop -> ok end end),
    Spinning = [spawn_opt(fun spin/0, [{priority, high}]) || _ <- lists:seq(1, 2 * erlang:system_info(schedulers))],
    receive after 50 -> ok end,
    Leader = whereis(init),
    erlang:display({gc, garbage_collect(Low)}),
    erlang:display({code, erlang:check_process_code(Low, no_such_module)}),
    erlang:display({leader, group_leader(Leader, Normal), process_info(Normal, group_leader) =:= {group_leader, Leader}}),
    erlang:display({alive, is_process_alive(hd(Spinning))}),
    [exit(P, kill) || P <- [Low, Normal | Spinning]],
    erlang:display({alive, [P || P <- [Low, Normal | Spinning], is_process_alive(P)]}),
    process_flag(priority, normal).

spin() -> spin().

%% What is sent after a kill finds nobody.
dying() ->
    {Pid, Old} = spawn_monitor(fun() -> receive stop -> ok end end),
    exit(Pid, kill),
    New = monitor(process, Pid),
    receive {'DOWN', Old, _, _, Why1} -> erlang:display({before, Why1}) end,
    receive {'DOWN', New, _, _, Why2} -> erlang:display({'after', Why2}) end.

hibernating() ->
    Pid = spawn(?MODULE, sleeper, []),
    wait(fun() -> process_info(Pid, current_function) =:= {current_function, {erlang, hibernate, 3}} end),
    erlang:display(process_info(Pid, [current_function, status])),
    exit(Pid, kill).

sleeper() -> erlang:hibernate(?MODULE, sleeper, []).

wait(Fun) ->
    case Fun() of
        true -> ok;
        false -> receive after 5 -> wait(Fun) end
    end.
