%% Sequential tracing: tokens that go with messages.
-module(tokens).
-export([main/0]).

main() ->
    put(out, []),
    run(),
    seq_trace:set_token([]),
    [io:format("~0tp~n", [X]) || X <- lists:reverse(get(out))],
    ok.

run() ->
    Me = self(),
    T = spawn_link(fun() -> tracer([]) end),
    Echo = spawn_link(fun() -> echo() end),
    d(seq_trace:get_token()),
    false = seq_trace:set_system_tracer(T),
    T = seq_trace:get_system_tracer(),
    d(seq_trace:set_token(label, 17)),
    [d(seq_trace:set_token(F, true)) || F <- [send, 'receive', print]],
    d([seq_trace:get_token(K) || K <- [label, serial, send, 'receive', print, timestamp]]),
    seq_trace:print(start),
    seq_trace:print(18, other_label),
    seq_trace:print(17, this_label),
    Echo ! {Me, hello},
    receive {Echo, hello} -> ok end,
    d(seq_trace:get_token(serial)),
    {S, L} = {17, seq_trace:get_token(label)},
    d({S, L}),
    Echo ! {Me, again},
    receive {Echo, again} -> ok end,
    Old = seq_trace:set_token([]),
    d(setelement(4, Old, pid)),
    Echo ! {Me, silent},
    receive {Echo, silent} -> ok end,
    d(seq_trace:get_token()),
    seq_trace:set_token(Old),
    d(seq_trace:get_token(label)),
    Echo ! {Me, back},
    receive {Echo, back} -> ok end,
    %% a message without a token takes it away
    seq_trace:set_token(label, {a, "term"}),
    d(seq_trace:get_token(label)),
    seq_trace:set_token([]),
    Plain = spawn(fun() -> receive go -> Me ! plain end end),
    Plain ! go,
    seq_trace:set_token(label, 5),
    receive plain -> ok end,
    d(seq_trace:get_token()),
    %% timestamps
    [begin
         seq_trace:set_token([]),
         seq_trace:set_token(label, F), seq_trace:set_token(print, true), seq_trace:set_token(F, true),
         seq_trace:print(stamped)
     end || F <- [timestamp, monotonic_timestamp, strict_monotonic_timestamp]],
    seq_trace:set_token([]),
    [d(catch_(F)) || F <- [
        fun() -> seq_trace:set_token(what, true) end,
        fun() -> seq_trace:set_token(send, maybe) end,
        fun() -> seq_trace:set_token(serial, 1) end,
        fun() -> seq_trace:get_token(what) end]],
    T ! {report, Me},
    receive {report, R} -> [d(plain(M, Echo, Plain, T)) || M <- R] end,
    T = seq_trace:set_system_tracer(false),
    false = seq_trace:get_system_tracer(),
    unlink(Echo), exit(Echo, kill),
    ok.

catch_(F) -> try F() catch C:R -> {C, R} end.
echo() -> receive {From, M} -> From ! {self(), M}, echo() end.
tracer(All) ->
    receive
        {report, To} -> To ! {report, lists:reverse(All)};
        M -> tracer([M | All])
    end.

plain(T, E, P, Tr) when is_tuple(T) -> list_to_tuple([plain(X, E, P, Tr) || X <- tuple_to_list(T)]);
plain([H | T], E, P, Tr) -> [plain(H, E, P, Tr) | plain(T, E, P, Tr)];
plain(E, E, _, _) -> echo;
plain(P, _, P, _) -> plain;
plain(T, _, _, T) -> tracer;
plain(X, _, _, _) when is_pid(X) -> pid;
plain(X, _, _, _) when is_reference(X) -> reference;
plain(X, _, _, _) when is_integer(X), X > 1000; is_integer(X), X < 0 -> number;
plain(F, _, _, _) when is_function(F) -> 'fun';
plain(X, _, _, _) -> X.
d(X) -> put(out, [X | get(out)]).
