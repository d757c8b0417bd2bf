%% Floats in tuples.
-module(nbody).
-export([run/0]).

run() -> energy(steps(4000, bodies())).

bodies() ->
    [{0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 39.47}, {4.84, -1.16, -0.10, 0.6, 2.81, -0.02, 0.037}, {8.34, 4.12, -0.4, -1.01, 1.82, 0.008, 0.011},
     {12.89, -15.11, -0.22, 1.08, 0.86, -0.01, 0.0017}, {15.37, -25.9, 0.17, 0.97, 0.59, -0.034, 0.002}].

steps(0, Bs) -> Bs;
steps(N, Bs) -> steps(N - 1, [move(B) || B <- pull(Bs, Bs)]).

move({X, Y, Z, U, V, W, M}) -> {X + 0.001 * U, Y + 0.001 * V, Z + 0.001 * W, U, V, W, M}.

pull([], _) -> [];
pull([B | Rest], All) -> [accelerate(B, All) | pull(Rest, All)].

accelerate(B, []) -> B;
accelerate({X, Y, Z, U, V, W, M} = B, [{X1, Y1, Z1, _, _, _, M1} | Rest]) ->
    Dx = X - X1, Dy = Y - Y1, Dz = Z - Z1,
    D2 = Dx * Dx + Dy * Dy + Dz * Dz,
    if
        D2 == 0.0 -> accelerate(B, Rest);
        true ->
            F = 0.001 * M1 / (D2 * math:sqrt(D2)),
            accelerate({X, Y, Z, U - Dx * F, V - Dy * F, W - Dz * F, M}, Rest)
    end.

energy(Bs) -> lists:sum([0.5 * M * (U * U + V * V + W * W) || {_, _, _, U, V, W, M} <- Bs]).
