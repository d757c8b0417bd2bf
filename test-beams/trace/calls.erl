%% Call traces: global and local, match specifications, returns, exceptions, natives, funs.
-module(calls).
-export([main/0, f/1, g/1, fail/1, deep/1, bits/1, tail/1]).

f(X) -> Y = g(X), Y + 1.
g(X) -> X * 2.
fail(X) -> erlang:error({bad, X}).
deep(0) -> [];
deep(N) -> [N | deep(N - 1)].
bits(<<A, Rest/binary>>) -> [A | bits(Rest)];
bits(<<>>) -> [].
tail(0) -> done;
tail(N) -> tail(N - 1).

main() ->
    step("global"),
    2 = on({?MODULE, f, 1}, true, []) + on({?MODULE, g, 1}, true, []),
    traced([call], fun() -> ?MODULE:f(3), ?MODULE:g(5), f(6) end),
    step("arity"),
    traced([call, arity], fun() -> ?MODULE:f(3) end),
    step("local"),
    on({?MODULE, '_', '_'}, true, [local]),
    traced([call], fun() -> ?MODULE:f(3) end),
    step("return_to"),
    traced([call, return_to], fun() -> [f(3), catch fail(1), tail(2)] end),
    step("return_trace, caller"),
    on({?MODULE, '_', '_'}, [{'_', [], [{return_trace}, {message, {caller}}]}], [local]),
    traced([call], fun() -> ?MODULE:f(3), deep(2), (catch fail(2)) end),
    step("exception_trace"),
    on({?MODULE, '_', '_'}, [{'_', [], [{exception_trace}]}], [local]),
    traced([call], fun() -> f(3), (catch fail(2)), catch lists:map(fun fail/1, [x]) end),
    step("heads and guards"),
    on({?MODULE, '_', '_'}, false, [local]),
    on({?MODULE, g, 1}, [{['$1'], [{'>', '$1', 3}], [{message, {{big, '$1'}}}]},
                         {[1], [], [{message, false}]},
                         {[2], [], [{message, true}]}], [local]),
    traced([call], fun() -> [g(N) || N <- [1, 2, 3, 4]] end),
    step("silent"),
    on({?MODULE, g, 1}, [{[1], [], [{silent, true}]}, {[2], [], [{silent, false}]},
                         {'_', [], []}], [local]),
    traced([call], fun() -> [g(N) || N <- [5, 1, 6, 2, 7]] end),
    step("flags in match specifications"),
    on({?MODULE, g, 1}, [{[1], [], [{enable_trace, arity}]}, {[2], [], [{disable_trace, arity}]},
                         {[9], [], [{trace, [call], []}]}, {'_', [], []}], [local]),
    traced([call], fun() -> [g(N) || N <- [5, 1, 6, 2, 7, 9, 8]] end),
    on({?MODULE, g, 1}, false, [local]),
    step("binaries"),
    on({?MODULE, bits, 1}, true, [local]),
    traced([call], fun() -> bits(<<1, 2, 3>>) end),
    on({?MODULE, bits, 1}, false, [local]),
    step("natives"),
    on({erlang, integer_to_list, 1}, [{'_', [], [{return_trace}]}], []),
    on({lists, reverse, 2}, [{'_', [], [{return_trace}]}], [local]),
    on({erlang, atom_to_list, 1}, [{'_', [], [{exception_trace}]}], []),
    traced([call], fun() ->
        A = integer_to_list(77),
        B = lists:reverse([1, 2, 3], A),
        C = apply(erlang, integer_to_list, [5]),
        D = (catch atom_to_list(id(1))),
        {B, C, D, integer_to_list(4)}
    end),
    on({erlang, '_', '_'}, false, []),
    on({lists, '_', '_'}, false, [local]),
    step("meta"),
    on({?MODULE, f, 1}, [{'_', [], [{return_trace}]}], [meta]),
    f(10),
    flush(),
    d(erlang:trace_info({?MODULE, f, 1}, meta_match_spec)),
    on({?MODULE, f, 1}, false, [meta]),
    step("many frames"),
    on({?MODULE, deep, 1}, [{'_', [], [{return_trace}]}], [local]),
    Me = self(),
    P = spawn_link(fun() -> receive go -> ok end, Me ! {sum, length(deep(300))}, receive go -> ok end end),
    1 = erlang:trace(P, true, [call]),
    P ! go,
    receive {sum, N} -> d(N) end,
    unlink(P), exit(P, kill),
    d(length(all())),
    on({?MODULE, deep, 1}, false, [local]),
    ok.

id(X) -> X.
step(S) -> io:format("~s~n", [S]).
on(Mfa, Spec, Opts) -> erlang:trace_pattern(Mfa, Spec, Opts).

traced(Flags, F) ->
    P = spawn(fun() -> receive go -> ok end, F(), exit(done) end),
    Ref = monitor(process, P),
    1 = erlang:trace(P, true, Flags),
    P ! go,
    receive {'DOWN', Ref, _, _, _} -> ok end,
    flush().

flush() -> [d(plain(M)) || M <- all()], ok.
all() ->
    R = erlang:trace_delivered(all),
    receive {trace_delivered, all, R} -> ok end,
    rest().
rest() -> receive M -> [M | rest()] after 0 -> [] end.

%% Without pids and times; the text of funs differs.
plain({trace, _, A}) -> {trace, A};
plain({trace, _, A, B}) -> {A, args(B)};
plain({trace, _, A, B, C}) -> {A, args(B), C};
plain({trace_ts, _, A, B, _}) -> {ts, A, args(B)};
plain({trace_ts, _, A, B, C, _}) -> {ts, A, args(B), C}.
args({M, F, A}) when is_list(A) -> {M, F, [fun_(X) || X <- A]};
args(X) -> X.
fun_(F) when is_function(F) -> 'fun';
fun_(X) -> X.
d(X) -> io:format("~0tp~n", [X]).
