%% Exceptions, receives, calls and frames to be mutated.
-module(fuzz_control).
-compile([export_all, nowarn_export_all]).

run() ->
    [catch F() || F <- [
        fun() -> tried(fun() -> throw(x) end) end, fun() -> tried(fun() -> 1 end) end, fun() -> tried(fun() -> error(e) end) end,
        fun() -> cleaned(3) end, fun() -> caught(a) end, fun() -> nested(2) end, fun() -> raised() end, fun() -> selective(5) end,
        fun() -> timed(1) end, fun() -> timed(0) end, fun() -> called(3, 4) end, fun() -> deep(50) end, fun() -> kept(1, 2, 3) end,
        fun() -> even(20) end, fun() -> applied(lists, [[1, 2]]) end, fun() -> answered() end, fun() -> stacked(3) end,
        fun() -> many(1, 2, 3, 4, 5, 6, 7, 8) end, fun() -> dictionary() end, fun() -> flushed() end]].

tried(F) ->
    try F() of
        1 -> {one, id(1)};
        X -> X
    catch
        throw:T -> {thrown, T};
        error:E:S -> {E, length(S)};
        C:R -> {C, R}
    end.

cleaned(N) ->
    put(n, N),
    try
        case N of
            0 -> exit(done);
            _ -> cleaned(N - 1)
        end
    after
        put(n, N + 1)
    end.

caught(X) ->
    A = (catch atom_to_list(X)),
    B = (catch list_to_atom(id({X}))),
    C = catch throw({A, B}),
    {C, catch exit(C), catch id(X)}.

nested(N) ->
    try
        try
            id(N) + id(a)
        catch
            error:badarith -> throw({bad, N});
            throw:_ -> none
        after
            id(N)
        end
    catch
        throw:{bad, M} when M > 1 -> nested(M - 1);
        throw:Other -> catch error(Other)
    end.

raised() ->
    try
        try error(first) catch C:R:S -> erlang:raise(C, {again, R}, S) end
    catch
        Class:Reason:Stack -> {Class, Reason, is_list(Stack)}
    end.

selective(N) ->
    [self() ! {n, I} || I <- lists:seq(1, N)],
    R = receive {n, N} -> last end,
    {R, [receive {n, I} when I < N -> I after 0 -> none end || I <- lists:seq(N - 1, 1, -1)]}.

timed(T) ->
    receive
        {never, X} -> X
    after T ->
        receive after 0 -> timeout end
    end.

called(A, B) ->
    X = id(A),
    Y = id({X, B}),
    Z = ?MODULE:id([Y, X | B]),
    {Z, id(X), element(1, Y)}.

deep(0) -> [];
deep(N) -> [N | deep(N - 1)].

kept(A, B, C) ->
    D = id(A),
    E = id(B),
    F = case id(C) of
            3 -> id([D]);
            G when is_atom(G) -> id(G)
        end,
    {D, E, F, id(D), A}.

even(0) -> true;
even(N) -> odd(N - 1).
odd(0) -> false;
odd(N) -> even(N - 1).

applied(M, A) ->
    F = id(reverse),
    {M:F(hd(A)), apply(M, F, A), apply(fun id/1, [A])}.

answered() ->
    Ref = make_ref(),
    self() ! {Ref, answer},
    receive
        {Ref, X} -> X
    after 10 -> none
    end.

stacked(N) ->
    try stacked_1(N) catch _:_:S -> [{F, A} || {_, F, A, _} <- S, is_integer(A)] end.
stacked_1(0) -> erlang:error(bottom, [x]);
stacked_1(N) -> [stacked_1(N - 1)].

many(A, B, C, D, E, F, G, H) ->
    X = {id(A), id(B), C, D},
    Y = [E, F, id(G), H],
    if A < B -> {X, Y, A + H}; true -> many(B, A, D, C, F, E, H, G) end.

dictionary() ->
    put(a, 1),
    {get(a), put(a, [get()]), erase(a), get(a), self() =:= self(), node()}.

flushed() ->
    self() ! x,
    receive x -> ok end,
    receive y -> y after 0 -> flushed end.

id(X) -> X.
