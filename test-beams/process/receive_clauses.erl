%% Receives of several clauses behind many messages that none of them takes; the process dictionary while it grows and
%% shrinks.
-module(receive_clauses).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    [self() ! {other, N} || N <- lists:seq(1, 200)],
    self() ! {b, 1},
    self() ! done,
    self() ! {c, 1, 2},
    self() ! {a, 1},
    self() ! {b, 2, 3},
    self() ! 17,
    p(step_1, [two(), two(), three(), two_tags(), atoms(), mixed()]),
    p(step_2, drain(0)),
    %% A message that comes after the receive has passed all others.
    [self() ! {other, N} || N <- lists:seq(1, 100)],
    Me = self(),
    none = two(),
    spawn(fun() -> Me ! {b, late} end),
    p(step_3, receive {a, X} -> {a, X}; {b, X} -> {b, X} after 5000 -> late end),
    self() ! {x, 1}, self() ! {b, 4}, self() ! {a, 4},
    p(step_4, [two(), two(), two()]),
    p(step_5, drain(0)),
    %% More clauses than are remembered, and ones that take anything.
    [self() ! {other, N} || N <- lists:seq(1, 50)],
    self() ! {e, 1},
    p(step_6, receive {a, _} -> a; {b, _} -> b; {c, _} -> c; {d, _} -> d; {e, _} -> e after 0 -> none end),
    p(step_7, receive {a, _} -> a; T when is_tuple(T) -> T after 0 -> none end),
    p(step_8, receive {a, _} -> a; {K, _} -> {any, K} after 0 -> none end),
    p(step_9, drain(0)),
    dictionary().

two() -> receive {a, X} -> {a, X}; {b, X} -> {b, X} after 0 -> none end.
three() -> receive {b, X, Y} -> {b, X, Y}; {c, X, Y} -> {c, X, Y} after 0 -> none end.
two_tags() -> receive {a, X} -> {a, X}; {c, X, _} -> {c, X}; done -> done after 0 -> none end.
atoms() -> receive ok -> ok; done -> done; {error, E} -> E after 0 -> none end.
mixed() -> receive {b, 2, X} -> X; 17 -> seventeen; [] -> nil; [_ | _] -> list after 0 -> none end.

drain(N) -> receive _ -> drain(N + 1) after 0 -> N end.

dictionary() ->
    Keys = [case N rem 4 of 0 -> N; 1 -> {k, N}; 2 -> integer_to_binary(N); 3 -> [N, float(N)] end || N <- lists:seq(1, 500)],
    p(step_10, lists:usort([put(K, {v, K}) || K <- Keys])),
    true = lists:all(fun(K) -> get(K) =:= {v, K} end, Keys),
    erlang:garbage_collect(),
    true = lists:all(fun(K) -> put(K, K) =:= {v, K} end, Keys),
    {Gone, Kept} = lists:partition(fun(K) -> erlang:phash2(K, 3) > 0 end, Keys),
    true = lists:all(fun(K) -> erase(K) =:= K end, Gone),
    true = lists:all(fun(K) -> get(K) =:= undefined andalso erase(K) =:= undefined end, Gone),
    true = lists:all(fun(K) -> get(K) =:= K end, Kept),
    [put(K, again) || K <- Gone],
    p(step_11, {length(get_keys(again)), length(Gone) =:= length(get_keys(again)), length(get())}),
    [erase(K) || K <- Keys],
    p(step_12, {get(), put(a, 1), put(a, 2), erase(), get()}).
