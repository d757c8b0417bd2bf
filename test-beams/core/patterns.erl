-module(patterns).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

-record(r, {a, b = 2, c}).

main() ->
    p(atoms, [atoms(X) || X <- [a, b, c, d, e, f, g, h, i, zzz, 1, "a"]]),
    p(ints, [ints(X) || X <- [0, 1, 2, 3, 4, 5, 6, 7, 100, 1000, -1, -1000, 1 bsl 40, 1 bsl 70, 1.0, 3.0]]),
    p(sparse, [sparse(X) || X <- [1, 10, 100, 1000, 10000, 100000, 1000000, 2]]),
    p(floats, [floats(X) || X <- [0.0, 1.0, 1.5, -1.5, 1, 0]]),
    p(arity, [arity(X) || X <- [{}, {1}, {1, 2}, {1, 2, 3}, {1, 2, 3, 4}, {1, 2, 3, 4, 5}, [], 0]]),
    p(lists, [lists(X) || X <- [[], [1], [1, 2], [1, 2, 3], [1 | 2], [a, b | c], [[]], [[1]], "abc", "abd"]]),
    p(literals, [literal(X) || X <- [{a, [1, 2, {b}]}, {a, [1, 2, {c}]}, #{k => [1]}, #{k => [2]}, <<"bin">>, <<"bim">>]]),
    p(same, [same(X, Y) || {X, Y} <- [{1, 1}, {1, 1.0}, {a, b}, {[a], [a]}, {id(1 bsl 80), id(1 bsl 80)}, {"", []}]]),
    p(alias, [alias(X) || X <- [{ok, {1, 2}}, {ok, [3]}, {ok, x}, y]]),
    p(records, [rec(X) || X <- [#r{}, #r{a = 1}, #r{a = 1, c = z}, #r{a = {x, 1}}, {r, 1}, {q, 1, 2, 3}]]),
    p(update, [(R)#r{b = new} || R <- [#r{}, #r{a = 1, c = 3}]]),
    t(update_bad, fun() -> (id({x, 1, 2, 3}))#r{b = 1} end),
    t(access_bad, fun() -> (id(foo))#r.c end),
    t(badmatch, fun() -> {a, B} = id({b, 1}), B end),
    t(badmatch2, fun() -> [X, X] = id([1, 2]), X end),
    t(badmatch_big, fun() -> 1 = id(lists:seq(1, 10)) end),
    t(case_clause, fun() -> case id({x, 1}) of {y, _} -> 1; {x, 2} -> 2 end end),
    t(if_clause, fun() -> X = id(1), if X > 1 -> a; X < 1 -> b end end),
    t(function_clause, fun() -> arity2(id(a)) end),
    t(try_clause, fun() -> try id(1) of 2 -> ok catch _:_ -> caught end end),
    t(fun_clause, fun() -> (fun(1) -> a; (2) -> b end)(id(3)) end),
    p(bool, [bool(X, Y) || X <- [true, false, x], Y <- [true, false]]),
    p(chars, [chars(X) || X <- "aZ0 \n" ++ [16#3b1, 255, 256]]),
    p(nested_case, [nested(X, Y, Z) || X <- [1, 2], Y <- [a, b], Z <- [[], [x]]]),
    p(prefix, [prefix(X) || X <- ["http://x", "https://y", "ftp", "htt"]]),
    p(send_order, begin {A, B} = {self_ref(1), self_ref(2)}, A + B * 10 end).

atoms(a) -> 1; atoms(b) -> 2; atoms(c) -> 3; atoms(d) -> 4; atoms(e) -> 5; atoms(f) -> 6; atoms(g) -> 7;
atoms(h) -> 8; atoms(X) when is_atom(X) -> other; atoms(_) -> none.

ints(0) -> zero; ints(1) -> one; ints(2) -> two; ints(3) -> three; ints(4) -> four; ints(5) -> five; ints(6) -> six;
ints(-1) -> minus; ints(-1000) -> kilo_minus; ints(1000) -> kilo; ints(16#10000000000) -> big40;
ints(1180591620717411303424) -> big70; ints(X) when is_float(X) -> float; ints(_) -> other.

sparse(1) -> a; sparse(10) -> b; sparse(100) -> c; sparse(1000) -> d; sparse(10000) -> e; sparse(100000) -> f;
sparse(1000000) -> g; sparse(_) -> none.

floats(1.0) -> one; floats(1.5) -> one_half; floats(-1.5) -> minus; floats(F) when is_float(F) -> float; floats(1) -> int_one;
floats(_) -> other.

arity({}) -> 0; arity({_}) -> 1; arity({A, B}) -> {B, A}; arity({A, _, C}) -> A + C; arity({_, _, _, D}) -> D;
arity(T) when is_tuple(T) -> tuple_size(T); arity(_) -> no.

arity2({_, _}) -> ok.

lists([]) -> empty; lists([1]) -> just_one; lists([[]]) -> nested_empty; lists([[X]]) -> {nested, X};
lists("abc") -> abc; lists([X, Y]) -> {X, Y}; lists([X, Y | Z]) when is_list(Z) -> {X, Y, Z}; lists([_ | T]) -> {tail, T}.

literal({a, [1, 2, {b}]}) -> tuple; literal(#{k := [1]}) -> map; literal(<<"bin">>) -> bin; literal(X) -> {other, X}.

same(X, X) -> yes; same(X, Y) when X == Y -> equal; same(_, _) -> no.

alias({ok, {A, _} = T} = Whole) -> {A, T, Whole}; alias({ok, [_ | _] = L}) -> L; alias({_, _} = T) -> T; alias(O) -> O.

rec(#r{a = undefined, b = B}) -> {undef, B}; rec(#r{a = {x, N}}) -> N; rec(#r{a = A, c = C}) -> {A, C}; rec(T) -> element(1, T).

bool(true, true) -> both; bool(true, false) -> left; bool(false, _) -> none; bool(X, Y) -> {X, Y}.

chars(C) when C >= $a, C =< $z -> lower; chars(C) when C >= $A, C =< $Z -> upper; chars($0) -> zero; chars($\s) -> space;
chars($\n) -> nl; chars(C) when C > 255 -> wide; chars(C) -> C.

nested(X, Y, Z) ->
    case X of
        1 -> case Y of a when Z =:= [] -> one_a_empty; a -> one_a; _ -> case Z of [] -> one_empty; [H] -> H end end;
        2 when Y =:= b; Z =:= [] -> two;
        _ -> rest
    end.

prefix("http://" ++ Rest) -> {http, Rest}; prefix("https://" ++ Rest) -> {https, Rest}; prefix(Other) -> Other.

self_ref(X) -> id(X).
