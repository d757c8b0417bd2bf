%% Calls with several arguments.
-module(tak).
-export([run/0]).

run() -> tak(22, 16, 8).

tak(X, Y, Z) when Y >= X -> Z;
tak(X, Y, Z) -> tak(tak(X - 1, Y, Z), tak(Y - 1, Z, X), tak(Z - 1, X, Y)).
