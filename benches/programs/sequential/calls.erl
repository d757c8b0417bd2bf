%% Remote calls, calls by name, calls of natives and of guards.
-module(calls).
-export([run/0, f/2]).

run() -> loop(60000, ?MODULE, [1, {a, b}, <<"xyz">>], 0).

loop(0, _, _, A) -> A;
loop(N, M, L, A) ->
    B = M:f(N, A) + ?MODULE:f(A, N) + apply(M, f, [N, N]),
    C = length(L) + tuple_size({N, A}) + byte_size(<<"four">>) + element(2, {B, N}) + hd(L),
    D = abs(-C) + max(N, C) + min(A, B),
    case is_map(L) orelse is_function(M, 2) orelse lists:member({a, b}, L) of
        true -> loop(N - 1, M, L, (A + B + D) band 16#ffffff)
    end.

f(X, Y) when is_integer(X), is_integer(Y) -> (X + Y) band 16#ffff.
