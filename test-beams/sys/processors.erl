%% How processors lie and how schedulers are bound to them, for machines that we say we have.
-module(processors).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    Old = erts_debug:set_internal_state(available_internal_state, true),
    Before = erlang:system_info({cpu_topology, defined}),
    [topology(N, T) || {N, T} <- [{nodes, above()}, {inner, inner()}, {mixed, above() ++ inner()}, {flat, flat()}]],
    p(undefined, begin erlang:system_flag(cpu_topology, undefined), erlang:system_info({cpu_topology, defined}) end),
    p(bad, [try erlang:system_flag(cpu_topology, T) catch C:R -> {C, R} end ||
            T <- [a, [{core, {logical, -1}}], [{thread, []}], [{core, {logical, 0}}, {core, {logical, 0}}], [{core, [{node, {logical, 1}}]}]]]),
    p(type, [try erlang:system_flag(scheduler_bind_type, T) catch C:R -> {C, R} end || T <- [1, none, []]]),
    p(unbound, {erlang:system_info(scheduler_bind_type), lists:usort(tuple_to_list(erlang:system_info(scheduler_bindings)))}),
    erlang:system_flag(cpu_topology, Before),
    p(same, erlang:system_info(update_cpu_info)),
    erts_debug:set_internal_state(available_internal_state, Old),
    ok.

topology(Name, T) ->
    erlang:system_flag(cpu_topology, T),
    p(Name, {erlang:system_info(cpu_topology) =:= T, erlang:system_info({cpu_topology, used}) =:= T}),
    [p(How, erts_debug:get_internal_state({fake_scheduler_bindings, How})) ||
        How <- [no_spread, thread_spread, processor_spread, spread, no_node_thread_spread, no_node_processor_spread,
                thread_no_node_processor_spread, default_bind, unbound]].

above() ->
    [{node, [{processor, [core(0), core(2)]}, {processor, [core(4), core(6)]}]},
     {node, [{processor, [core(8), core(10)]}, {processor, [core(12), core(14)]}]}].

inner() ->
    [{processor, [{node, [core(16), core(18)]}, {node, [core(20), core(22)]}]},
     {processor, [{node, [core(24), core(26)]}, {node, [core(28), core(30)]}]}].

flat() ->
    [{processor, [{core, {logical, N}} || N <- [3, 1, 2]]}, {processor, [{core, {logical, N}} || N <- [7, 5, 6]]}].

core(N) ->
    {core, [{thread, {logical, N}}, {thread, {logical, N + 1}}]}.
