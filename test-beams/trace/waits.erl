%% modes: plain
%% Waits that end are told of; who is suspended, and whether it stands still yet; what a sensitive process hides; who made a tail call.
-module(waits).
-export([main/0, tail/1, error/3, twice/3]).

main() ->
    step("a receive that gives up"),
    P = spawn(fun() -> receive go -> receive nothing -> ok after 1 -> receive never -> ok after 0 -> ok end end end end),
    1 = erlang:trace(P, true, ['receive']),
    P ! go,
    told(P),
    Q = spawn(fun() -> receive go -> receive nothing -> ok after 1 -> ok end end end),
    1 = erlang:trace(Q, true, ['receive']),
    erlang:trace_pattern('receive', [{[clock_service, undefined, timeout], [], [{message, clock}]}], []),
    Q ! go,
    told(Q),
    erlang:trace_pattern('receive', true, []),
    step("suspended"),
    S = spawn(fun() -> receive stop -> ok end end),
    [] = suspending(),
    true = erlang:suspend_process(S),
    true = erlang:suspend_process(S, [asynchronous]),
    false = erlang:suspend_process(S, [unless_suspending]),
    d(suspending() =:= [{S, 2, 0}]),
    true = erlang:resume_process(S),
    true = erlang:resume_process(S),
    d(suspending()),
    true = erlang:suspend_process(S, [asynchronous]),
    false = erlang:suspend_process(S, [unless_suspending]),
    d(suspending() =:= [{S, 1, 0}]),
    step("sensitive"),
    self() ! hidden,
    d(process_info(self(), messages)),
    process_flag(sensitive, true),
    d(process_info(self(), messages)),
    process_flag(sensitive, false),
    receive hidden -> ok end,
    step("the monitor is not told of itself"),
    erlang:system_monitor(self(), [{large_heap, 10000}]),
    L = lists:seq(1, 100000),
    garbage_collect(),
    d(length(L)),
    d(receive {monitor, _, large_heap, _} -> told after 100 -> nothing end),
    erlang:system_monitor(undefined),
    step("tail calls"),
    [stack(F) || F <- [tail, error, twice]],
    step("traced"),
    erlang:trace_pattern({erlang, error, 1}, [{'_', [], [{exception_trace}]}], [local]),
    Tracer = spawn(fun() -> receive after infinity -> ok end end),
    erlang:trace(new, true, [call, {tracer, Tracer}]),
    [stack(F) || F <- [tail, error, twice]],
    erlang:trace(new, false, [call]),
    erlang:trace_pattern({erlang, error, 1}, false, [local]),
    exit(Tracer, kill).

tail([M, F, A]) -> erlang:apply(id(M), id(F), id(A)).
error(M, F, _) -> apply(id(M), id(F), [oops]).
twice(M, F, A) -> apply(id(M), id(apply), [id(M), F, A]).

stack(F) ->
    Args = [erlang, error, [oops]],
    {_, R} = spawn_monitor(fun() ->
        case F of tail -> tail(Args); error -> error(erlang, error, []); twice -> twice(erlang, error, [oops]) end,
        id(ok)
    end),
    receive {'DOWN', R, _, _, {Why, Stack}} -> d({Why, [{G, A} || {_, G, A, _} <- Stack]}) end.

id(X) -> X.
suspending() -> element(2, process_info(self(), suspending)).
told(P) -> receive M when element(2, M) =:= P -> d(setelement(2, M, pid)), told(P) after 200 -> ok end.
step(S) -> io:format("-- ~s~n", [S]).
d(T) -> io:format("~p~n", [T]).
