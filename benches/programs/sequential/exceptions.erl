%% Raising and catching.
-module(exceptions).
-export([run/0]).

run() -> loop(60000, 0).

loop(0, A) -> A;
loop(N, A) ->
    X = try deep(N rem 10, N) catch throw:{t, V} -> V; error:badarith -> 1 end,
    loop(N - 1, A + X).

deep(0, N) when N rem 20 =:= 0 -> 1 div tb_zero(N);
deep(0, N) -> throw({t, N band 3});
deep(D, N) -> deep(D - 1, N) + 1.

tb_zero(N) -> N - N.
