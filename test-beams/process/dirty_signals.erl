%% Signals to a process that runs a dirty native: questions, links, suspension, and its end are not held up.
-module(dirty_signals).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    %% Loads what errors need.
    catch erts_debug:dirty_io(wait, x),
    p(info, with(fun(Pid) ->
        [process_info(Pid, [current_function, status]), process_info(Pid, message_queue_len)]
    end)),
    p(messages, with(fun(Pid) -> Pid ! a, Pid ! b, process_info(Pid, messages) end)),
    p(links, with(fun(Pid) -> link(Pid), L = process_info(Pid, links), unlink(Pid), {L =:= {links, [self()]}, process_info(Pid, links)} end)),
    p(leader, with(fun(Pid) ->
        Old = process_info(Pid, group_leader), group_leader(self(), Pid),
        New = process_info(Pid, group_leader), {New =:= {group_leader, self()}, New =/= Old}
    end)),
    p(killed, with(fun(Pid) ->
        M = monitor(process, Pid), exit(Pid, kill),
        Reason = receive {'DOWN', M, process, Pid, R} -> R end,
        {Reason, is_process_alive(Pid), process_info(Pid), lists:member(Pid, processes())}
    end)),
    p(linked, with(fun(Pid) ->
        process_flag(trap_exit, true), link(Pid), exit(Pid, over),
        receive {'EXIT', Pid, R} -> R end
    end)),
    p(suspended, begin
        {Pid, M} = dirty(300),
        erlang:suspend_process(Pid, [asynchronous]),
        Before = process_info(Pid, status),
        S = until_suspended(Pid),
        erlang:resume_process(Pid),
        {Before, S, receive {'DOWN', M, process, Pid, Why} -> Why end}
    end).

%% What Fun makes of a process that runs a native for two seconds, and whether it took less than one.
with(Fun) ->
    {Pid, _} = dirty(2000),
    Start = erlang:monotonic_time(millisecond),
    Result = Fun(Pid),
    Took = erlang:monotonic_time(millisecond) - Start,
    exit(Pid, kill),
    {Result, Took < 1500}.

dirty(Time) ->
    {Pid, M} = spawn_monitor(fun() -> erts_debug:dirty_io(wait, Time), exit(done) end),
    until_dirty(Pid),
    {Pid, M}.

until_dirty(Pid) ->
    case process_info(Pid, current_function) of
        {current_function, {erts_debug, dirty_io, 2}} -> ok;
        _ -> erlang:yield(), until_dirty(Pid)
    end.

until_suspended(Pid) ->
    case process_info(Pid, status) of
        {status, suspended} -> suspended;
        _ -> timer:sleep(10), until_suspended(Pid)
    end.
