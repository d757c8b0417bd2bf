%% Values that must survive calls, exceptions and collections around them.
-module(try_regs).
-export([main/0]).
-import(tb, [p/2, id/1]).

main() ->
    p(live, [live(N, lists:seq(1, 5), {a, N}) || N <- [0, 1, 2, 3]]),
    p(garbage, garbage(200, [])),
    p(after_gc, begin X = lists:seq(1, 100), garbage_collect(), Y = [A * 2 || A <- X], garbage_collect(), lists:sum(X) + lists:sum(Y) end),
    p(receive_live, recv(1, [a, b], "abc")),
    p(floats, flt(1.5, 2.5, id(3.5))),
    p(float_exc, [try flt2(X, 2.0) catch error:badarith -> {bad, X} end || X <- [1.0, 2, a, 1.0e308]]),
    p(binary_live, bin(<<"hello world">>, 3, [])),
    p(big_update, big_update(1000, {0, 0, 0}, #{})),
    p(swap, swap(100001, left, right)),
    p(stack_trim, trim(id(1), id(2), id(3), id(4))),
    p(many_lets, lets(id(1))).

live(N, L, T) ->
    A = id(N + 1), B = id([A | L]), C = id({T, B}),
    try
        D = id(10 div N),
        E = id(element(D, {x, y, z})),
        {A, B, C, D, E}
    catch
        error:badarith -> {zero, A, B, C, L, T};
        error:badarg -> {range, A, C, N, T}
    after
        id({A, B, C})
    end.

garbage(0, Acc) -> lists:sum([element(2, X) || X <- Acc]);
garbage(N, Acc) ->
    Junk = [lists:seq(1, N), {N, N * N, integer_to_list(N)}, <<N:256>>],
    V = {length(hd(Junk)), N},
    garbage(N - 1, [V | Acc]).

recv(A, B, C) ->
    self() ! {msg, A},
    self() ! other,
    D = receive {msg, X} -> [X | B] end,
    garbage_collect(),
    E = receive other -> {C, D} after 0 -> none end,
    {A, B, C, D, E}.

flt(A, B, C) ->
    X = A * B + C,
    Y = id(X) / 2.0,
    Z = X - Y * A,
    {X, Y, Z, X + Y + Z, trunc(X), round(Z)}.

flt2(A, B) -> A * B * 10.0 + id(1.0).

bin(B, N, Acc) when N < byte_size(B) ->
    <<H:N/binary, T/binary>> = B,
    garbage_collect(),
    bin(B, N + 2, [{H, T, byte_size(T)} | Acc]);
bin(_, _, Acc) -> Acc.

big_update(0, T, M) -> {T, maps:size(M), lists:sum(maps:values(M))};
big_update(N, {A, B, C}, M) -> big_update(N - 1, {B + N, C, A - 1}, M#{N rem 50 => N, {N rem 3} => 1}).

swap(0, A, B) -> {A, B};
swap(N, A, B) -> swap(N - 1, B, A).

trim(A, B, C, D) ->
    X = id(A + B),
    Y = id(C + X),
    Z = id(D + Y),
    id({X, Y, Z}),
    Z.

lets(A) ->
    B = id(A + 1), C = id(B + A), D = id(C + B), E = id(D + C), F = id(E + D), G = id(F + E), H = id(G + F), I = id(H + G),
    J = id(I + H), K = id(J + I), L = id(K + J), M = id(L + K),
    [M, L, K, J, I, H, G, F, E, D, C, B, A].
