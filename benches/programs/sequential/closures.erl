%% Funs with an environment, made and called.
-module(closures).
-export([run/0]).

run() -> lists:foldl(fun(N, A) -> (compose(fun(X) -> X + N end, fun(X) -> X * 2 end))(A) band 16#ffffff end, 1, lists:seq(1, 150000)).

compose(F, G) -> fun(X) -> F(G(X)) end.
