%% What the emulator tells: its own programs' ends are no signals, a logger that ends is replaced, numbers of a state.
-module(emulator_events).
-export([main/0, init/1, handle_event/2, handle_info/2, handle_call/2]).
-import(tb, [p/2]).

main() ->
    logger(),
    children(),
    numbers(),
    process_flag(sensitive, true),
    p(sensitive, process_info(self(), backtrace)),
    process_flag(sensitive, false),
    p(limits, try is_port(open_port({spawn, "true"}, [{busy_limits_port, {1 bsl 64 - 2, 1 bsl 64 - 2}}])) catch E:R -> {E, R} end),
    p(types, [erts_internal:term_type(T) || T <- [<<5:7>>, <<1, 2, 3>>, 1 bsl 70, fun lists:sort/1, #{}]]).

logger() ->
    Me = self(),
    Initial = erlang:system_info(system_logger),
    Logger = spawn(fun L() -> receive {log, Level, _, _, _} -> Me ! {got, Level}, L() end end),
    Initial = erlang:system_flag(system_logger, Logger),
    p(own, erlang:system_info(system_logger) =:= Logger),
    event(),
    p(event, receive {got, X} -> X after 5000 -> nothing end),
    M = monitor(process, Logger),
    exit(Logger, kill),
    receive {'DOWN', M, _, _, _} -> ok end,
    logger:set_primary_config(level, none),
    event(),
    logger:set_primary_config(level, notice),
    p(bad, try erlang:system_flag(system_logger, 1) catch C:R -> {C, R} end),
    erlang:system_flag(system_logger, Initial).

event() ->
    {P, M} = spawn_monitor(fun() -> error(expected) end),
    receive {'DOWN', M, process, P, _} -> ok end.

children() ->
    ok = gen_event:add_handler(erl_signal_server, {?MODULE, self()}, self()),
    os:set_signal(sigchld, handle),
    [os:cmd("true") || _ <- lists:seq(1, 3)],
    p(own, receive signal -> signal after 200 -> none end),
    os:cmd("kill -CHLD " ++ os:getpid()),
    p(sent, receive signal -> signal after 5000 -> none end),
    os:set_signal(sigchld, ignore),
    gen_event:delete_handler(erl_signal_server, {?MODULE, self()}, []).

init(Pid) -> {ok, Pid}.
handle_event(sigchld, Pid) -> Pid ! signal, {ok, Pid};
handle_event(_, Pid) -> {ok, Pid}.
handle_info(_, Pid) -> {ok, Pid}.
handle_call(_, Pid) -> {ok, ok, Pid}.

numbers() ->
    Old = erts_debug:set_internal_state(available_internal_state, true),
    Least = erts_debug:get_internal_state(min_unique_monotonic_integer),
    p(least, Least),
    N = erlang:unique_integer([monotonic]),
    State2 = erts_debug:get_internal_state(unique_monotonic_integer_state),
    p(next, Least + State2 >= N),
    erts_debug:set_internal_state(available_internal_state, Old).
