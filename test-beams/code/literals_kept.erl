%% What is kept outside processes lives on when the code that its literals came from is gone: match specifications of traces, the
%% meta data of sockets, data of ports and timers, tags of monitors, heirs, persistent terms, messages to processes that stand still.
%% modes: plain
-module(literals_kept).
-export([main/0]).

main() ->
    Source = binary_to_term(term_to_binary(value(1))),
    load(code_a, 1),
    T = code_a:value(),
    tb:p(same, T =:= Source),
    1 = erlang:trace_pattern({lists, seq, 2}, [{['_', '_'], [], [{message, {const, T}}]}], [local]),
    {ok, S} = socket:open(inet, dgram),
    ok = socket:setopt(S, {otp, meta}, T),
    Port = open_port({spawn, "cat"}, [binary]),
    true = erlang:port_set_data(Port, T),
    Timer = erlang:start_timer(600000, self(), T),
    erlang:send_after(1500, self(), {timer, T}),
    Watched = spawn(fun() -> receive stop -> ok end end),
    Tagged = monitor(process, Watched, [{tag, {tag, T}}]),
    {Owner, OwnerRef} = spawn_monitor(fun() -> ets:new(heired, [named_table, public, {heir, whereis(literals_kept), T}]), receive stop -> ok end end),
    register(literals_kept, self()),
    {Owner2, Ref2} = spawn_monitor(fun() -> ets:new(heired2, [named_table, public, {heir, whereis(literals_kept), T}]), receive stop -> ok end end),
    persistent_term:put(literals_kept, T),
    Still = spawn(fun() -> receive go -> ok end, receive {From, X} -> From ! {still, X} end end),
    erlang:suspend_process(Still),
    Still ! {self(), T},
    ets:new(kept, [named_table]),
    ets:insert(kept, {a, T}),
    Select = ets:match_spec_compile([{{a, '$1'}, [{'=:=', '$1', {const, T}}], [ok]}]),
    put(kept, T),
    %% No process but this one uses it, and this one only through its dictionary.
    gone(code_a),
    [load(list_to_atom("code_" ++ integer_to_list(N)), N) || N <- lists:seq(2, 6)],
    [erlang:garbage_collect(P) || P <- processes()],
    tb:p(dictionary, get(kept) =:= Source),
    {match_spec, [{_, [], [{message, {const, Traced}}]}]} = erlang:trace_info({lists, seq, 2}, match_spec),
    tb:p(trace, Traced =:= Source),
    erlang:trace_pattern({lists, seq, 2}, false, [local]),
    {ok, Meta} = socket:getopt(S, {otp, meta}),
    tb:p(meta, Meta =:= Source),
    socket:close(S),
    tb:p(port_data, erlang:port_get_data(Port) =:= Source),
    port_close(Port),
    tb:p(persistent, persistent_term:get(literals_kept) =:= Source),
    tb:p(ets, ets:lookup(kept, a) =:= [{a, Source}]),
    tb:p(compiled, ets:match_spec_run([{a, Source}], Select)),
    Watched ! stop,
    tb:p(tag, receive {{tag, X}, Tagged, process, Watched, normal} -> X =:= Source end),
    erlang:cancel_timer(Timer),
    Owner ! stop, Owner2 ! stop,
    receive {'DOWN', OwnerRef, _, _, _} -> ok end,
    receive {'DOWN', Ref2, _, _, _} -> ok end,
    tb:p(heir, receive {'ETS-TRANSFER', heired2, Owner2, Y} -> Y =:= Source end),
    erlang:resume_process(Still),
    Still ! go,
    tb:p(message, receive {still, Z} -> Z =:= Source end),
    tb:p(timer, receive {timer, W} -> W =:= Source end),
    persistent_term:erase(literals_kept).

%% A term that is large enough for its own place.
value(N) ->
    [{N, I, "text of some length", <<"a binary that is longer than sixty-four bytes, so that it is counted and not copied">>,
      [N + I, {N * I}], #{key => {N, I}}} || I <- lists:seq(1, 600)].

load(Module, N) ->
    Value = erl_parse:abstract(value(N)),
    Forms = [{attribute, 1, module, Module}, {attribute, 1, export, [{value, 0}]},
             {function, 1, value, 0, [{clause, 1, [], [], [Value]}]}],
    {ok, Module, Beam} = compile:forms(Forms, []),
    {module, Module} = code:load_binary(Module, "", Beam).

gone(Module) ->
    true = code:delete(Module),
    code:purge(Module),
    %% The collector of literals is done when it waits again.
    receive after 200 -> ok end,
    idle(100).

idle(0) -> busy;
idle(N) ->
    Collector = [P || P <- processes(), process_info(P, initial_call) =:= {initial_call, {erts_literal_area_collector, start, 0}}],
    case [process_info(P, status) || P <- Collector] of
        [{status, waiting}] -> ok;
        _ -> receive after 20 -> ok end, idle(N - 1)
    end.
