%% A receive of a fresh reference, or of a distinct tag, behind many other messages costs at most twice that of an empty queue.
%% Usage: long_queue:main([Length, Factor]). Factor: `none` for no bound.
-module(long_queue).
-export([main/1]).

main([LengthArg, Factor]) ->
    Length = list_to_integer(LengthArg),
    S = spawn_link(fun server/0),
    Works = [{reference, fun() -> call(S) end}, {tag, fun() -> tagged(S) end}],
    Empty = [{Name, time(F)} || {Name, F} <- Works],
    [self() ! {noise, N, N} || N <- lists:seq(1, Length)],
    Long = [{Name, time(F)} || {Name, F} <- Works],
    [io:format("queue: receive of a ~s takes ~b ns in an empty queue, ~b behind ~b messages~n", [Name, E, L, Length]) ||
        {{Name, E}, {Name, L}} <- lists:zip(Empty, Long)],
    Length = drain(0),
    Factor =:= "none" orelse [L =< E * list_to_integer(Factor) orelse exit({Name, E, L}) || {{Name, E}, {_, L}} <- lists:zip(Empty, Long)],
    ok.

%% Nanoseconds a time: the best of some rounds.
time(F) ->
    lists:min([element(1, timer:tc(fun() -> [F() || _ <- lists:seq(1, 200)] end)) || _ <- lists:seq(1, 25)]) * 1000 div 200.

call(S) -> Ref = make_ref(), S ! {self(), Ref}, receive {Ref, done} -> ok end.
tagged(S) -> S ! {self(), reply}, receive {reply, done} -> ok end.
server() -> receive {From, Tag} -> From ! {Tag, done}, server() end.
drain(N) -> receive {noise, _, _} -> drain(N + 1) after 0 -> N end.
