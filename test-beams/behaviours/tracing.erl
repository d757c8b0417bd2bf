%% vm: own
-module(tracing).
-export([main/0, f/1, g/2, fact/1]).
-import(tb, [p/2, t/2]).

main() ->
    Me = self(),
    P = spawn(fun() -> loop() end),
    p(on, erlang:trace(P, true, [call, {tracer, Me}])),
    p(pattern, [erlang:trace_pattern({?MODULE, f, 1}, true, [local]), erlang:trace_pattern({?MODULE, no, 1}, true, [local])]),
    run(P, fun() -> f(1), g(1, 2) end),
    p(calls, got(P)),
    p(pattern_return, erlang:trace_pattern({?MODULE, f, 1}, [{'_', [], [{return_trace}]}], [local])),
    run(P, fun() -> f(2) end),
    p(returns, got(P)),
    p(pattern_exc, erlang:trace_pattern({?MODULE, g, 2}, [{['$1', '_'], [{'>', '$1', 5}], [{exception_trace}]}], [local])),
    run(P, fun() -> catch g(6, a), g(1, 1), g(7, 1) end),
    p(exceptions, [setelement(1, X, element(1, X)) || X <- got(P)]),
    erlang:trace_pattern({?MODULE, '_', '_'}, false, [local]),
    p(global, erlang:trace_pattern({lists, seq, 2}, true, [global])),
    run(P, fun() -> lists:seq(1, 3) end),
    p(global_calls, got(P)),
    p(bif, erlang:trace_pattern({erlang, abs, 1}, true, [global])),
    run(P, fun() -> apply(erlang, abs, [tb:id(-1)]) end),
    p(bif_calls, got(P)),
    erlang:trace_pattern({'_', '_', '_'}, false, [global]),
    erlang:trace(P, false, [call]),
    p(info, [erlang:trace_info(P, flags), erlang:trace_info({?MODULE, f, 1}, traced)]),
    p(count, begin erlang:trace_pattern({?MODULE, fact, 1}, true, [call_count]), fact(10), R1 = erlang:trace_info({?MODULE, fact, 1}, call_count), erlang:trace_pattern({?MODULE, fact, 1}, false, [call_count]), R1 end),
    p(time, begin erlang:trace_pattern({?MODULE, fact, 1}, true, [call_time]), erlang:trace(Me, true, [call]), fact(5), {call_time, L2} = erlang:trace_info({?MODULE, fact, 1}, call_time), erlang:trace(Me, false, [call]), erlang:trace_pattern({?MODULE, fact, 1}, false, [call_time]), [{X2 =:= Me, C2} || {X2, C2, _, _} <- L2] end),
    erlang:trace(P, true, [send, 'receive', {tracer, Me}]),
    run(P, fun() -> Me ! hi end),
    p(send_receive, begin timer:sleep(5), L3 = got(P), lists:sort(lists:usort([element(3, X) || X <- L3])) end),
    erlang:trace(P, false, [all]),
    erlang:trace(P, true, [procs, {tracer, Me}]),
    run(P, fun() -> Q = spawn(fun() -> ok end), link(Q), register(trace_x, self()), unregister(trace_x) end),
    p(procs, begin timer:sleep(10), lists:usort([element(3, X) || X <- got(P)]) end),
    erlang:trace(P, false, [all]),
    erlang:trace(P, true, [garbage_collection, {tracer, Me}]),
    run(P, fun() -> garbage_collect() end),
    p(gc, begin timer:sleep(10), lists:usort([element(3, X) || X <- got(P)]) end),
    erlang:trace(P, false, [all]),
    erlang:trace(P, true, [running, {tracer, Me}]),
    run(P, fun() -> ok end),
    p(running, begin timer:sleep(10), lists:usort([element(3, X) || X <- got(P)]) -- [in, out] end),
    erlang:trace(P, false, [all]),
    p(arity, begin erlang:trace(P, true, [call, arity, {tracer, Me}]), erlang:trace_pattern({?MODULE, f, 1}, true, [local]), run(P, fun() -> f(1) end), got(P) end),
    p(silent, begin erlang:trace(P, true, [silent]), run(P, fun() -> f(1) end), R4 = got(P), erlang:trace(P, false, [silent]), R4 end),
    p(ms, begin erlang:trace(P, false, [arity]), erlang:trace_pattern({?MODULE, f, 1}, [{['$1'], [], [{message, {{seen, '$1'}}}]}], [local]), run(P, fun() -> f(9) end), got(P) end),
    p(ms_caller, begin erlang:trace_pattern({?MODULE, f, 1}, [{'_', [], [{message, {caller}}]}], [local]), run(P, fun() -> g(0, 0) end), got(P) end),
    p(delivered, begin Ref = erlang:trace_delivered(P), receive {trace_delivered, P, Ref} -> ok after 1000 -> none end end),
    exit(P, kill),
    p(seq_trace, begin seq_trace:set_token(label, 7), R5 = seq_trace:get_token(label), seq_trace:set_token([]), {R5, seq_trace:get_token()} end),
    t(bad_flag, fun() -> erlang:trace(self(), true, [tb:id(bad)]) end),
    t(bad_pattern, fun() -> erlang:trace_pattern(tb:id({a}), true, []) end),
    p(monitor, [erlang:system_monitor(self(), [{long_gc, 100000}]), erlang:system_monitor(undefined) =:= {self(), [{long_gc, 100000}]}]),
    p(profile, erlang:system_profile()),
    p(dbg, begin {ok, _} = dbg:tracer(process, {fun(M, N) -> Me ! {dbg, M}, N + 1 end, 0}), {ok, _} = dbg:p(self(), [c]), {ok, _} = dbg:tpl(?MODULE, f, 1, []), f(3), R6 = receive {dbg, {trace, _, call, C}} -> C after 1000 -> none end, dbg:stop_clear(), R6 end).

loop() ->
    receive
        {run, From, F} -> F(), From ! {done, self()}, loop();
        hi -> loop()
    end.

run(P, F) -> P ! {run, self(), F}, receive {done, P} -> ok end.

got(P) ->
    Ref = erlang:trace_delivered(P),
    receive {trace_delivered, P, Ref} -> ok end,
    collect(P).

collect(P) ->
    receive
        {trace, P, A} -> [{trace, p, A} | collect(P)];
        {trace, P, A, B} -> [{trace, p, A, B} | collect(P)];
        {trace, P, A, B, C} -> [{trace, p, A, B, C} | collect(P)];
        hi -> collect(P)
    after 0 -> []
    end.

f(X) -> tb:id(X) + 1.
g(X, Y) -> R = f(X) + Y, tb:id(R).
fact(0) -> 1;
fact(N) -> N * fact(N - 1).
