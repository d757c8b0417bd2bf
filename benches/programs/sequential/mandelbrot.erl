%% Floats in a loop.
-module(mandelbrot).
-export([run/0]).

run() -> rows(-100, 0).

rows(101, Acc) -> Acc;
rows(Y, Acc) -> rows(Y + 1, cols(-150, Y / 100, Acc)).

cols(51, _, Acc) -> Acc;
cols(X, Cy, Acc) -> cols(X + 1, Cy, Acc + iterate(X / 100, Cy, 0.0, 0.0, 0)).

iterate(_, _, _, _, 60) -> 60;
iterate(Cx, Cy, X, Y, N) ->
    X2 = X * X, Y2 = Y * Y,
    if
        X2 + Y2 > 4.0 -> N;
        true -> iterate(Cx, Cy, X2 - Y2 + Cx, 2.0 * X * Y + Cy, N + 1)
    end.
