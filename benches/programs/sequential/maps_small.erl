%% Small maps: matching, updating, building.
-module(maps_small).
-export([run/0]).

run() -> loop(150000, #{a => 0, b => 1, c => 2, d => 3, e => 4}).

loop(0, M) -> M;
loop(N, #{a := A, c := C} = M) when N rem 3 =:= 0 -> loop(N - 1, M#{a := A + C, b := N});
loop(N, #{b := B, e := E} = M) -> loop(N - 1, M#{d => B + E, e := maps:get(a, M)}).
