%% A timer for a process goes when the process ends; one for a name does not.
-module(timers_end).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    Old = erts_debug:set_internal_state(available_internal_state, true),
    P = spawn(fun() -> receive stop -> ok end end),
    Ts = [start(N rem 2, P) || N <- lists:seq(1, 1000)],
    p(set, lists:usort([is_integer(erlang:read_timer(T)) || T <- Ts])),
    M = monitor(process, P),
    P ! stop,
    receive {'DOWN', M, process, P, normal} -> ok end,
    p(read, lists:usort([erlang:read_timer(T) || T <- Ts])),
    p(cancelled, lists:usort([erlang:cancel_timer(T) || T <- Ts])),
    p(async, begin
        [T | _] = Ts,
        ok = erlang:cancel_timer(T, [{async, true}]),
        receive {cancel_timer, T, R} -> R after 1000 -> nothing end
    end),
    Named = erlang:send_after(100000, nobody_by_this_name, hello),
    p(named, {is_integer(erlang:read_timer(Named)), is_integer(erlang:cancel_timer(Named)), erlang:read_timer(Named)}),
    p(late, erlang:read_timer(start(0, P))),
    %% It holds nothing any more.
    p(memory, lists:min([grown() || _ <- [1, 2, 3]]) < 1000),
    %% Timers that end within timers.
    erts_debug:set_internal_state(multizero_timeout_in_timeout, 10),
    p(zeros, receive multizero_timeout_in_timeout_done -> ok after 5000 -> nothing end),
    erts_debug:set_internal_state(available_internal_state, Old),
    ok.

start(0, P) -> erlang:send_after(100000, P, {hello, lists:seq(1, 20)});
start(1, P) -> erlang:start_timer(100000, P, {hello, lists:seq(1, 20)}).

%% Others may have let go of theirs meanwhile, or taken some.
grown() ->
    Before = memory_after(),
    memory_after() - Before.

memory_after() ->
    P = spawn(fun() -> receive stop -> ok end end),
    [start(N rem 2, P) || N <- lists:seq(1, 1000)],
    M = monitor(process, P),
    exit(P, kill),
    receive {'DOWN', M, process, P, killed} -> ok end,
    erts_debug:set_internal_state(wait, timer_cancellations),
    erts_debug:set_internal_state(wait, deallocations),
    erlang:memory(system).
