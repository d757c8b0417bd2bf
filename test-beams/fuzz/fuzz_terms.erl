%% Tuples, lists, maps, funs and numbers to be mutated.
-module(fuzz_terms).
-compile([export_all, nowarn_export_all]).

-record(r, {a, b = 2, c = [], d}).
-record(point, {x = 0.0, y = 0.0, z = 0.0}).

run() ->
    L = [3, 1, 2, a, "text", {x, 1}],
    M = maps:from_list([{N, {N}} || N <- lists:seq(1, 40)]),
    [catch F() || F <- [
        fun() -> tuples({a, 1}) end, fun() -> tuples({b, 2, 3}) end, fun() -> records(#r{a = 1}) end,
        fun() -> deep([{[1, {2, [3]}], #{}} | tl]) end, fun() -> lists_of(L) end, fun() -> small_maps(#{a => 1, b => #{c => 2}}) end,
        fun() -> large_maps(M) end, fun() -> funs(3) end, fun() -> ints(17, 5) end, fun() -> bigs(1 bsl 70, -3) end,
        fun() -> floats(1.5, [2.5, 3.5]) end, fun() -> points(#point{x = 1.0}, 3) end, fun() -> chosen(c) end, fun() -> chosen(1 bsl 65) end,
        fun() -> guards({1, [2], #{k => v}}) end, fun() -> sorted(L) end, fun() -> chained({1, 2, 3, 4, 5}) end,
        fun() -> compared(L, M) end, fun() -> looked_up([{k, 1}, {j, 2}], j) end, fun() -> folded(10) end]].

tuples({a, X}) -> {X, X};
tuples({b, X, Y} = T) -> {T, element(2, T), X + Y, tuple_size(T)};
tuples(T) when is_tuple(T) -> element(1, T).

records(#r{a = A, c = []} = R) -> records(R#r{a = A + 1, b = 5, c = [A], d = #r{a = x}});
records(#r{d = #r{a = X} = D} = R) -> {X, R#r{d = D#r{a = y, b = z}}, R#r.b}.

deep([{[A, {B, [C]}], #{}} | T]) -> {A, B, C, T};
deep([H | T]) -> [deep(H) | T].

lists_of([A, B | T]) -> [B, A | lists_of(T)];
lists_of([X]) -> [hd([X, X]), tl([X])];
lists_of([]) -> [].

small_maps(#{a := A, b := #{c := C} = B} = M) ->
    {A, C, M#{a := 2, d => 3}, B#{c := A, z => [B]}, map_size(M), maps:get(a, M), M#{a => 1}}.

large_maps(#{7 := {X}, 39 := Y} = M) ->
    {X, Y, map_size(M#{7 := 1, x => 2}), maps:remove(3, M), is_map_key(40, M), M#{1 := M}}.

funs(N) ->
    F = fun(X) -> X + N end,
    G = fun Loop(0, Acc) -> Acc; Loop(K, Acc) -> Loop(K - 1, [F(K) | Acc]) end,
    H = fun erlang:abs/1,
    {F(1), G(3, []), H(-4), is_function(F, 1), (id(F))(2), apply(?MODULE, id, [N]), lists:map(F, [1, 2])}.

ints(A, B) -> [A + B, A - B, A * B, A div B, A rem B, A band B, A bor B, A bxor B, A bsl B, A bsr 2, -A, bnot B, abs(-A)].
bigs(A, B) -> [A + B, A - B, A * B, A div B, A rem B, A band B, A bor B, A bxor 3, A bsr 68, A * A, -A, bnot A, A > B].

floats(A, Bs) -> floats(Bs, A * 2.0, A / 3).
floats([B | T], X, Y) when is_float(B) -> floats(T, X * B + Y, X - B / 2.0);
floats([], X, Y) -> {X, Y, -X, float(round(Y)), trunc(X) + 1.5, X == Y}.

points(P, 0) -> P;
points(#point{x = X, y = Y, z = Z} = P, N) ->
    points(P#point{x = X + Y * 0.5, y = Y - Z + 1.0, z = X * Z}, N - 1).

chosen(X) ->
    {case X of a -> 1; b -> 2; c -> 3; d -> 4; e -> 5; f -> 6; g -> 7; h -> 8; i -> 9; j -> 10; _ -> 11 end,
     case X of 1 -> 1; 2 -> 2; 3 -> 3; 4 -> 4; 5 -> 5; 100 -> 6; -1 -> 7; _ -> 8 end,
     case X of 36893488147419103232 -> big; 1.5 -> float; "ab" -> text; {1} -> tuple; _ -> none end,
     case id({X, X, X}) of {_} -> 1; {_, _} -> 2; {_, B, _} -> B; _ -> 4 end}.

guards(T) when tuple_size(T) =:= 3, element(1, T) < 2, hd(element(2, T)) =:= 2, map_size(element(3, T)) > 0;
               is_list(T), length(T) > 3; is_integer(T), T > 5, T < 10 ->
    {yes, is_tuple(T) and not is_list(T), is_map_key(k, element(3, T)), map_get(k, element(3, T))};
guards(T) when is_atom(T) orelse is_pid(T) orelse is_binary(T) -> no;
guards(_) -> neither.

sorted(L) -> lists:sort([X || X <- L, is_integer(X)]) ++ lists:reverse(L) -- [a].

chained(T) ->
    T1 = setelement(5, setelement(3, setelement(1, T, a), b), c),
    {T1, setelement(2, T, T1), erlang:append_element(T, x), erlang:delete_element(1, T), list_to_tuple(tuple_to_list(T))}.

compared(A, B) -> {A < B, A =:= B, A == A, B >= A, max(A, B), A /= [B], {A, B} =< {B, A}}.

looked_up(L, K) ->
    case lists:keyfind(K, 1, L) of
        {_, V} -> V;
        false -> none
    end.

folded(N) -> {[X * Y || X <- lists:seq(1, N), Y <- [1, 2], X rem 2 =:= 0], maps:fold(fun(K, V, A) -> K + V + A end, 0, #{1 => 2, 3 => 4})}.

id(X) -> X.
