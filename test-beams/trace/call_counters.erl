%% Counters of calls and time, what loaded modules get, functions that were traced when their module is loaded anew.
-module(call_counters).
-export([main/0, f/1, busy/1, outer/1]).

f(X) -> X.
busy(0) -> ok;
busy(N) -> f(N), busy(N - 1).
outer(N) -> busy(N), ok.

main() ->
    count({?MODULE, f, 1}, true),
    busy(10),
    info(f, call_count),
    count({?MODULE, f, 1}, pause),
    busy(10),
    info(f, call_count),
    count({?MODULE, f, 1}, restart),
    busy(3),
    info(f, call_count),
    d(erlang:trace_info({?MODULE, f, 1}, all)),
    count({?MODULE, f, 1}, false),
    info(f, call_count),
    erlang:trace_pattern({?MODULE, '_', '_'}, true, [call_time]),
    erlang:trace(self(), true, [call]),
    ?MODULE:outer(100),
    (catch ?MODULE:busy(x)),
    erlang:trace(self(), false, [call]),
    ?MODULE:outer(1),
    [begin
         {call_time, L} = erlang:trace_info({?MODULE, F, A}, call_time),
         d({F, [{P =:= self(), N, S >= 0, Us >= 0} || {P, N, S, Us} <- L]})
     end || {F, A} <- [{outer, 1}, {f, 1}]],
    erlang:trace_pattern({?MODULE, '_', '_'}, false, [call_time]),
    info(f, call_time),
    %% what loaded modules get
    d(erlang:trace_pattern(on_load, [{'_', [], [{return_trace}]}], [local])),
    d([erlang:trace_info(on_load, K) || K <- [traced, match_spec, all]]),
    load(1),
    d(erlang:trace_info({tiny, v, 0}, traced)),
    d(erlang:trace_info({tiny, v, 0}, match_spec)),
    erlang:trace_pattern(on_load, false, [local]),
    d(erlang:trace_info(on_load, traced)),
    load(2),
    d(erlang:trace_info({tiny, v, 0}, traced)),
    erlang:trace_pattern({tiny, v, 0}, true, []),
    d(erlang:trace_info({tiny, v, 0}, traced)),
    code:purge(tiny),
    load(3),
    d(erlang:trace_info({tiny, v, 0}, traced)),
    3 = apply(tiny, v, []),
    code:purge(tiny), code:delete(tiny), code:purge(tiny),
    d(erlang:trace_info({tiny, v, 0}, traced)),
    ok.

count(Mfa, How) -> 1 = erlang:trace_pattern(Mfa, How, [call_count]).
info(F, Key) -> d(erlang:trace_info({?MODULE, F, 1}, Key)).

load(N) ->
    code:purge(tiny),
    Forms = [{attribute, 1, module, tiny}, {attribute, 2, export, [{v, 0}]},
             {function, 3, v, 0, [{clause, 3, [], [], [{integer, 3, N}]}]}],
    {ok, tiny, Beam} = compile:forms(Forms, []),
    {module, tiny} = code:load_binary(tiny, "tiny.beam", Beam).
d(X) -> io:format("~0tp~n", [X]).
