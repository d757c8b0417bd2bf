%% modes: plain
%% Events of processes: sends, receives, births, deaths, links, names, slices, collections; what is inherited.
-module(events).
-export([main/0, child/0]).

child() -> receive stop -> ok end.

main() ->
    process_flag(trap_exit, true),
    Me = self(),
    step("send and receive"),
    traced([send, 'receive'], fun() ->
        Me ! hello, Me ! [self()],
        self() ! own, receive own -> ok end,
        catch nobody ! x,
        dead() ! lost
    end),
    step("patterns of send and receive"),
    d(erlang:trace_pattern(send, [{['_', {yes, '_'}], [], []}], [])),
    d(erlang:trace_pattern('receive', [{['_', '$1', {a, '_'}], [], [{message, a}]}], [])),
    d([erlang:trace_info(E, match_spec) || E <- [send, 'receive']]),
    traced([send, 'receive'], fun() ->
        Me ! {yes, 1}, Me ! {no, 1}, self() ! {a, 1}, self() ! {b, 1},
        receive {b, 1} -> ok end
    end),
    erlang:trace_pattern(send, true, []),
    erlang:trace_pattern('receive', true, []),
    step("births and deaths"),
    traced([procs], fun() ->
        P = spawn(?MODULE, child, []),
        link(P), unlink(P), link(P),
        register(some_name, self()), unregister(some_name),
        process_flag(trap_exit, true),
        P ! stop,
        receive {'EXIT', P, _} -> ok end,
        spawn_link(fun() -> ok end),
        receive {'EXIT', _, _} -> ok end,
        exit(bye)
    end),
    step("set_on_spawn"),
    traced([procs, set_on_spawn], fun() ->
        P = spawn(?MODULE, child, []), P ! stop, R = monitor(process, P),
        receive {'DOWN', R, _, _, _} -> ok end,
        [F] = [F || {flags, F} <- [erlang:trace_info(self(), flags)]], d(lists:sort(F))
    end),
    step("set_on_first_spawn"),
    traced([procs, set_on_first_spawn], fun() ->
        run(spawn(?MODULE, child, [])), run(spawn(?MODULE, child, []))
    end),
    step("set_on_link"),
    traced([procs, set_on_link], fun() -> run(spawn(?MODULE, child, [])), run(spawn_link(?MODULE, child, [])) end),
    step("slices"),
    %% How often is another matter: whoever asks something of the process makes it run.
    slices(fun() -> receive nothing -> ok after 20 -> ok end end),
    step("exiting"),
    traced([exiting], fun() -> ok end),
    step("collections"),
    traced([garbage_collection], fun() -> garbage_collect() end),
    step("timestamps and scheduler"),
    [stamped(F) || F <- [timestamp, monotonic_timestamp, strict_monotonic_timestamp, cpu_timestamp, scheduler_id]],
    step("new processes"),
    erlang:trace(new_processes, true, [procs]),
    d(erlang:trace_info(new, flags)),
    run(spawn(?MODULE, child, [])),
    erlang:trace(new_processes, false, [all]),
    d(erlang:trace_info(new_processes, tracer)),
    run(spawn(?MODULE, child, [])),
    flush(),
    step("sensitive"),
    traced([send], fun() ->
        Me ! a, process_flag(sensitive, true), Me ! b,
        d(erlang:trace_info(self(), flags)),
        process_flag(sensitive, false), Me ! c
    end),
    step("a tracer that ends"),
    T = spawn(fun() -> receive stop -> ok end end),
    P = spawn(?MODULE, child, []),
    1 = erlang:trace(P, true, [send, {tracer, T}]),
    d(erlang:trace_info(P, tracer) =:= {tracer, T}),
    {'EXIT', {badarg, _}} = (catch erlang:trace(P, true, [send])),
    run(T),
    d([erlang:trace_info(P, K) || K <- [tracer, flags]]),
    1 = erlang:trace(P, true, [send]),
    P ! stop,
    step("errors"),
    [d(catch_(F)) || F <- [
        fun() -> erlang:trace(self(), true, [what]) end,
        fun() -> erlang:trace(self(), maybe, [send]) end,
        fun() -> erlang:trace(list_to_pid("<0.9999.9>"), true, [send]) end,
        fun() -> erlang:trace_pattern({a, b}, true, []) end,
        fun() -> erlang:trace_pattern({'_', b, 1}, true, []) end,
        fun() -> erlang:trace_pattern({a, b, 1}, true, [local, global]) end,
        fun() -> erlang:trace_pattern({a, b, 1}, [bad], []) end,
        fun() -> erlang:trace_pattern({a, b, 1}, [{'_', [], []}], [call_count]) end,
        fun() -> erlang:trace_info(what, flags) end,
        fun() -> erlang:trace_info({a, b, 1}, what) end
    ]],
    d(erlang:trace_info({a, b, 1}, traced)),
    d(erlang:trace_info(list_to_pid("<0.9999.9>"), flags)),
    ok.

dead() -> {P, R} = spawn_monitor(fun() -> ok end), receive {'DOWN', R, _, _, _} -> P end.
run(P) -> R = monitor(process, P), P ! stop, receive {'DOWN', R, _, _, _} -> ok end.
step(S) -> io:format("~s~n", [S]).
catch_(F) -> try F() catch C:R:S -> {C, R, [{M, N, length(A)} || {M, N, A, _} <- [hd(S)], is_list(A)]} end.

stamped(Flag) ->
    On = case Flag of cpu_timestamp -> [timestamp]; _ -> [Flag] end,
    P = spawn(fun() -> receive go -> ok end, nobody_ ! x end),
    R = monitor(process, P),
    1 = erlang:trace(P, true, ['receive' | On]),
    P ! go,
    receive {'DOWN', R, _, _, _} -> ok end,
    [d({Flag, stamp(element(tuple_size(M), M))}) || M <- all()].
stamp({A, B, C}) when is_integer(A), is_integer(B), is_integer(C) -> triple;
stamp({A, B}) when is_integer(A), is_integer(B) -> pair;
stamp(A) when is_integer(A) -> integer.

traced(Flags, F) ->
    P = spawn(fun() -> receive go -> ok end, F(), exit(done) end),
    Ref = monitor(process, P),
    1 = erlang:trace(P, true, Flags),
    P ! go,
    receive {'DOWN', Ref, _, _, _} -> ok end,
    flush().

slices(F) ->
    P = spawn(fun() -> receive go -> ok end, F(), exit(done) end),
    Ref = monitor(process, P),
    1 = erlang:trace(P, true, [running]),
    P ! go,
    receive {'DOWN', Ref, _, _, _} -> ok end,
    [d(M) || M <- lists:usort([plain(M) || M <- all()])].

flush() ->
    All = all(),
    Pids = lists:usort([P || M <- All, element(1, M) =:= trace, P <- [element(2, M)]]),
    [[d(plain(M)) || M <- All, element(1, M) =:= trace, element(2, M) =:= P] || P <- Pids],
    [d(plain(M)) || M <- All, element(1, M) =/= trace],
    ok.
all() ->
    R = erlang:trace_delivered(all),
    receive {trace_delivered, all, R} -> ok end,
    rest().
rest() -> receive M -> [M | rest()] after 0 -> [] end.

plain(M) when element(1, M) =:= trace, element(3, M) =:= gc_major_start; element(3, M) =:= gc_major_end;
              element(3, M) =:= gc_minor_start; element(3, M) =:= gc_minor_end ->
    {element(3, M), lists:sort([K || {K, _} <- element(4, M)])};
plain(T) when is_tuple(T) -> list_to_tuple([plain(E) || E <- tuple_to_list(T)]);
plain([H | T]) -> [plain(H) | plain(T)];
plain(P) when is_pid(P) -> pid;
plain(R) when is_reference(R) -> reference;
plain(F) when is_function(F) -> 'fun';
plain(X) -> X.
d(X) -> io:format("~0tp~n", [X]).
