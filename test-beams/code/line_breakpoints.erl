%% The debugger that was written in Erlang: breakpoints of lines, frames, slots and registers of those that stand at one.
%% args: +D
%% otp: 29
-module(line_breakpoints).
-export([main/0]).

main() ->
    p(supported, {erl_debugger:supported(), erl_debugger:instrumentations()}),
    ok = erl_debugger:toggle_instrumentations(#{line_breakpoint => true}),
    [p(toggle, caught(fun() -> erl_debugger:toggle_instrumentations(T) end)) || T <- [#{}, [], #{line_breakpoint => 1}, #{x => true}]],
    p(whereis, erl_debugger:whereis()),
    {ok, S} = erl_debugger:register(self()),
    p(again, erl_debugger:register(self())),
    p(whereis, erl_debugger:whereis() =:= self()),
    p(wrong, caught(fun() -> erl_debugger:unregister(self(), S + 1) end)),
    load([beam_debug_info]),
    p(lines, erl_debugger:breakpoints(dbg_sample)),
    p(lines, erl_debugger:breakpoints(dbg_sample, sum, 2)),
    p(lines, erl_debugger:breakpoints(dbg_sample, none, 2)),
    p(lines, {erl_debugger:breakpoints(no_such), erl_debugger:breakpoints(no_such, a, 1)}),
    [p(L, erl_debugger:breakpoint(dbg_sample, L, true)) || L <- [1, 3, 4, 7, 9, 1000]],
    p(missing, erl_debugger:breakpoint(no_such, 4, true)),
    [p(bad, caught(fun() -> erl_debugger:breakpoint(M, L, F) end)) || {M, L, F} <- [{1, 4, true}, {a, 0, true}, {a, 4, x}]],
    Main = self(),
    P = spawn_link(fun() -> Main ! {done, dbg_sample:sum([1, 2, 3], {a, <<"bytes of some length, more than sixty-four of them, so that they are shared">>})} end),
    stop(S, P),
    stop(S, P),
    {breakpoint, P, _, _, Resume} = event(S),
    p(off, [erl_debugger:breakpoint(dbg_sample, L, false) || L <- [4, 7, 9]]),
    Resume(),
    receive {done, R} -> p(done, R) end,
    %% Whoever debugs is not stopped.
    ok = erl_debugger:breakpoint(dbg_sample, 4, true),
    p(own, dbg_sample:sum([], x)),
    many(S),
    ok = erl_debugger:unregister(self(), S),
    %% Nobody is told: it goes on.
    p(alone, dbg_sample:sum([5], x)),
    ok = erl_debugger:toggle_instrumentations(#{line_breakpoint => false}),
    load([beam_debug_info]),
    p(without, erl_debugger:breakpoint(dbg_sample, 4, true)),
    Waits = spawn(fun() -> receive stop -> ok end end),
    p(running, [erl_debugger:stack_frames(Waits, 1), erl_debugger:xregs_count(Waits), erl_debugger:peek_xreg(Waits, 0, 1)]),
    [p(own, caught(fun() -> erl_debugger:stack_frames(X, N) end)) || {X, N} <- [{self(), 1}, {Waits, -1}, {a, 1}]].

%% Looks at a process that stands at a breakpoint, then lets it go on.
stop(S, P) ->
    {breakpoint, P, MFA, Line, Resume} = event(S),
    p(hit, {MFA, Line}),
    erlang:suspend_process(P),
    %% What runs in erts_internal, and in the fun, is the emulator's own business.
    Frames = lists:sublist(lists:dropwhile(fun({_, F, _}) -> F =/= '<breakpoint>' end, erl_debugger:stack_frames(P, 4)), 2),
    [p(frame, {F, maps:get(slots, I)}) || {_, F, I} <- Frames],
    {No, _, _} = hd(tl(Frames)),
    p(slots, [erl_debugger:peek_stack_frame_slot(P, No, N, 100) || N <- [0, 1, 99]]),
    p(slot, erl_debugger:peek_stack_frame_slot(P, 1000, 0, 100)),
    erlang:resume_process(P),
    Resume().

%% Every call stops; collections come in between.
many(S) ->
    Main = self(),
    P = spawn_link(fun() -> Main ! {done, dbg_sample:sum(lists:seq(1, 300), {x})} end),
    p(many, resume(S, P, 0)).
resume(S, P, N) ->
    receive
        {debugger_event, S, {breakpoint, P, _, 4, R}} -> garbage_collect(P), R(), resume(S, P, N + 1);
        {debugger_event, S, {breakpoint, P, _, _, R}} -> R(), resume(S, P, N);
        {done, {Sum, T}} -> {N, Sum, T}
    end.

event(S) -> receive {debugger_event, S, E} -> E after 5000 -> none end.

load(Options) ->
    Text = "-module(dbg_sample).\n-export([sum/2]).\n"
        "sum([X | Xs], T) ->\n"
        "    Y = id(X),\n"
        "    {Z, U} = sum(Xs, T),\n"
        "    catch id(Z),\n"
        "    {Y + Z, U};\n"
        "sum([], T) ->\n"
        "    {0, T}.\n"
        "id(X) -> X.\n",
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, M, B} = compile:forms([F || Ts <- split(Tokens, []), {ok, F} <- [erl_parse:parse_form(Ts)]], [binary | Options]),
    code:purge(M),
    {module, M} = code:load_binary(M, "dbg_sample.erl", B),
    M.
split([], []) -> [];
split([{dot, _} = D | Ts], Acc) -> [lists:reverse(Acc, [D]) | split(Ts, [])];
split([T | Ts], Acc) -> split(Ts, [T | Acc]).

caught(F) -> try F() catch C:R -> {C, R} end.
p(Tag, T) -> io:format("~p: ~p~n", [Tag, T]).
