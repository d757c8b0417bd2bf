%% Sessions of module trace: what one sets the others do not see; processes, ports, functions, messages, counters, ends.
%% vm: own
%% otp: 27 29
-module(sessions).
-export([main/0, f/1, g/1, busy/1]).

f(X) -> g(X) + 1.
g(X) -> X * 2.
busy(0) -> ok;
busy(N) -> f(N), busy(N - 1).

main() ->
    isolated(),
    messages(),
    counters(),
    ports(),
    new_processes(),
    endings(),
    refused(),
    specs().

isolated() ->
    [A, B] = [tracer(N) || N <- [a, b]],
    SA = trace:session_create(first, A, []),
    SB = trace:session_create(second, B, []),
    P = worker(),
    1 = trace:process(SA, P, true, [call]),
    1 = trace:process(SB, P, true, [call, arity]),
    p(functions, {trace:function(SA, {?MODULE, f, 1}, true, [local]), trace:function(SB, {?MODULE, g, 1}, true, [local])}),
    p(none, trace:function(SB, {?MODULE, nothing, 7}, true, [])),
    call(P, fun() -> ?MODULE:f(3) end),
    shown(A), shown(B),
    p(info, {trace:info(SA, P, flags), trace:info(SB, P, flags), erlang:trace_info(P, flags)}),
    p(info, {trace:info(SA, {?MODULE, f, 1}, traced), trace:info(SB, {?MODULE, f, 1}, traced)}),
    p(sessions, names(trace:session_info(P))),
    p(sessions, names(trace:session_info({?MODULE, f, 1}))),
    1 = trace:process(SA, P, false, [call]),
    call(P, fun() -> ?MODULE:f(4) end),
    shown(A), shown(B),
    true = trace:session_destroy(SA),
    p(again, trace:session_destroy(SA)),
    call(P, fun() -> ?MODULE:f(5) end),
    shown(A), shown(B),
    true = trace:session_destroy(SB),
    p(sessions, names(trace:session_info(P))).

messages() ->
    T = tracer(messages),
    S = trace:session_create(messages, T, []),
    P = worker(),
    1 = trace:process(S, P, true, [send, 'receive']),
    trace:recv(S, [{['_', '_', {keep, '_'}], [], []}], []),
    trace:send(S, [{['_', {'_', result, '$1'}], [{is_integer, '$1'}], []}], []),
    P ! {skip, 1},
    P ! {keep, 2},
    call(P, fun() -> 7 end),
    call(P, fun() -> seven end),
    shown(T),
    true = trace:session_destroy(S).

counters() ->
    T = tracer(counters),
    S = trace:session_create(counters, T, []),
    1 = trace:function(S, {?MODULE, g, 1}, true, [call_count]),
    busy(10),
    p(count, trace:info(S, {?MODULE, g, 1}, call_count)),
    1 = trace:function(S, {?MODULE, g, 1}, pause, [call_count]),
    busy(10),
    p(paused, trace:info(S, {?MODULE, g, 1}, call_count)),
    1 = trace:function(S, {?MODULE, g, 1}, restart, [call_count]),
    p(restarted, trace:info(S, {?MODULE, g, 1}, call_count)),
    1 = trace:process(S, self(), true, [call]),
    1 = trace:function(S, {?MODULE, f, 1}, true, [call_time]),
    1 = trace:function(S, {lists, seq, 2}, true, [call_memory]),
    busy(5),
    _ = lists:seq(1, 10),
    {call_time, [{Me, Calls, _, _}]} = trace:info(S, {?MODULE, f, 1}, call_time),
    p(time, {Me =:= self(), Calls}),
    {call_memory, [{_, Calls2, Words}]} = trace:info(S, {lists, seq, 2}, call_memory),
    p(memory, {Calls2, Words >= 20}),
    true = trace:session_destroy(S),
    p(legacy, erlang:trace_info({?MODULE, g, 1}, call_count)),
    shown(T).

ports() ->
    T = tracer(ports),
    S = trace:session_create(ports, T, []),
    Port = open_port({spawn, "cat"}, [binary]),
    p(ports, trace:port(S, Port, true, [send, 'receive'])),
    Me = self(),
    true = port_command(Port, <<"text">>),
    receive {Port, {data, D}} -> p(data, D) end,
    p(flags, lists:sort(element(2, trace:info(S, Port, flags)))),
    true = port_close(Port),
    T ! {take, self()},
    L = receive {taken, Taken} -> Taken end,
    p(told, [what(M, Me) || M <- L, element(1, M) =:= trace]),
    true = trace:session_destroy(S).

what({trace, _, 'receive', {_, {command, C}}}, _) -> {command, iolist_to_binary(C)};
what({trace, _, send, {_, {data, D}}, Me}, Me) -> {data, D};
what({trace, _, Tag, _}, _) -> Tag;
what({trace, _, Tag, _, _}, _) -> Tag.

new_processes() ->
    T = tracer(new),
    S = trace:session_create(new, T, []),
    0 = trace:process(S, new, true, [procs]),
    P = spawn(fun() -> receive stop -> ok end end),
    R = erlang:monitor(process, P),
    P ! stop,
    receive {'DOWN', R, _, _, _} -> ok end,
    T ! {take, self()},
    receive {taken, L} -> p(new, [element(3, M) || M <- L, element(2, M) =:= P]) end,
    true = trace:session_destroy(S).

endings() ->
    %% A session ends with its last strong reference; a weak one does not hold it.
    T = tracer(weak),
    P = worker(),
    {Pid, R} = spawn_monitor(fun() ->
        S = trace:session_create(short, T, []),
        1 = trace:process(S, P, true, [call]),
        exit(names(trace:session_info(P)))
    end),
    receive {'DOWN', R, process, Pid, Names} -> p(inside, Names) end,
    p(after_it, until(fun() -> names(trace:session_info(P)) end, undefined, 100)),
    %% It outlives its tracer, but traces no more.
    {Dying, R2} = spawn_monitor(fun() -> receive stop -> ok end end),
    S2 = trace:session_create(orphan, Dying, []),
    1 = trace:process(S2, P, true, [call]),
    1 = trace:function(S2, {?MODULE, f, 1}, true, []),
    Dying ! stop,
    receive {'DOWN', R2, _, _, _} -> ok end,
    call(P, fun() -> ?MODULE:f(1) end),
    p(orphan, trace:session_destroy(S2)).

refused() ->
    T = tracer(refused),
    S = trace:session_create(refused, T, []),
    p(other_tracer, caught(fun() -> trace:process(S, self(), true, [call, {tracer, self()}]) end)),
    p(meta_tracer, caught(fun() -> trace:function(S, {?MODULE, f, 1}, true, [{meta, self()}]) end)),
    p(bad_flag, caught(fun() -> trace:process(S, self(), true, [nothing]) end)),
    p(bad_name, caught(fun() -> trace:session_create("x", T, []) end)),
    p(bad_option, caught(fun() -> trace:session_create(x, T, [y]) end)),
    p(bad_tracer, caught(fun() -> trace:session_create(x, nobody, []) end)),
    p(bad_session, caught(fun() -> trace:process(make_ref(), self(), true, [call]) end)),
    true = trace:session_destroy(S),
    p(ended, caught(fun() -> trace:process(S, self(), true, [call]) end)).

specs() ->
    T = tracer(specs),
    S = trace:session_create(specs, T, []),
    P = worker(),
    1 = trace:process(S, P, true, [call]),
    1 = trace:function(S, {?MODULE, f, 1}, [{['$1'], [{'>', '$1', 3}], [{return_trace}, {message, {{big, '$1'}}}]}], [local]),
    call(P, fun() -> {?MODULE:f(2), ?MODULE:f(9)} end),
    shown(T),
    1 = trace:function(S, {?MODULE, g, 1}, [{'_', [], [{exception_trace}]}], [meta]),
    call(P, fun() -> catch ?MODULE:g(x), ok end),
    T ! {take, self()},
    receive {taken, L} -> p(meta, [element(3, M) || M <- L]) end,
    true = trace:session_destroy(S).

%% Helpers.

tracer(Name) -> Main = self(), spawn(fun() -> collect(Name, Main, []) end).
collect(Name, Main, L) ->
    receive
        {take, Pid} -> Pid ! {taken, lists:reverse(L)}, collect(Name, Main, []);
        {show, Pid} -> Pid ! {shown, Name, lists:reverse(L)}, collect(Name, Main, []);
        M -> collect(Name, Main, [M | L])
    end.
shown(T) ->
    T ! {show, self()},
    receive {shown, Name, L} -> p(Name, [setelement(2, strip(M), pid) || M <- L]) end.
strip({trace, P, send, {_, result, R}, _}) -> {trace, P, send, {result, R}, to};
strip(M) -> M.

worker() -> spawn(fun Loop() -> receive {call, _, F} -> F2 = F(), main ! {self(), result, F2}, Loop(); _ -> Loop() end end).
call(P, F) ->
    whereis(main) =:= self() orelse register(main, self()),
    P ! {call, self(), F},
    receive {P, result, _} -> ok end,
    R = erlang:trace_delivered(P),
    receive {trace_delivered, P, R} -> ok end.

names(undefined) -> undefined;
names({all, L}) -> names(L);
names({session, L}) -> names(L);
names(L) when is_list(L) -> case [N || {_, {N, _}} <- L] ++ [N || {N, _} <- L, is_atom(N)] of [] -> undefined; Ns -> lists:sort(Ns) end;
names(Other) -> Other.

until(F, Wanted, N) ->
    case F() of
        Wanted -> Wanted;
        Other when N =:= 0 -> Other;
        _ -> erlang:garbage_collect(), receive after 20 -> ok end, until(F, Wanted, N - 1)
    end.
caught(F) -> try F() catch C:R -> {C, R} end.
p(Tag, T) -> io:format("~p: ~p~n", [Tag, T]).
