%% Dispatch on atoms, integers and shapes.
-module(pattern).
-export([run/0]).

run() -> loop(200000, 0).

loop(0, A) -> A;
loop(N, A) -> loop(N - 1, A + shape(message(N rem 12, N))).

message(0, N) -> {add, N, 1};
message(1, N) -> {sub, N, 1};
message(2, _) -> stop;
message(3, N) -> [N, 2 | tail];
message(4, N) -> {ok, {nested, N}};
message(5, N) -> {error, N};
message(6, _) -> pause;
message(7, N) -> {1, 2, 3, N};
message(8, N) -> "text" ++ [N];
message(9, N) -> {add, N};
message(10, _) -> [];
message(11, N) -> N.

shape({add, X, Y}) -> X + Y;
shape({sub, X, Y}) -> X - Y;
shape(stop) -> 1;
shape(pause) -> 2;
shape([X, Y | tail]) -> X * Y;
shape({ok, {nested, N}}) -> N;
shape({error, N}) when N > 100 -> 100;
shape({error, N}) -> N;
shape({_, _, _, N}) -> N;
shape("text" ++ [N]) -> N;
shape([]) -> 0;
shape({_, N}) -> N;
shape(N) when is_integer(N) -> -N.
