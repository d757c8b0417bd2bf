-module(guards).
-export([main/0]).
-import(tb, [p/2, id/1]).

-record(point, {x, y}).

main() ->
    Values = [0, 1, -5, 1 bsl 70, 1.5, a, true, false, [], [x], [x | y], {}, {1, 2}, #{}, #{a => 1}, <<>>, <<1>>, <<1:3>>,
              self(), make_ref(), fun() -> ok end, fun(X) -> X end, fun lists:map/2],
    p(types, [types(V) || V <- Values]),
    p(function2, [[is_function(V, N) || N <- [0, 1, 2]] || V <- Values, is_function(V)]),
    p(size, [size_guard(V) || V <- Values]),
    p(arith, [arith(X, Y) || X <- [1, 0, -3, a, 2.0], Y <- [1, 0, b, 7]]),
    p(logic, [logic(X, Y) || X <- [true, false, oops], Y <- [true, false, oops]]),
    p(strict, [strict(X, Y) || X <- [true, false, oops], Y <- [true, false, oops]]),
    p(alternatives, [alt(X) || X <- [1, 2, 3, {a}, {a, b}, [q], "", foo]]),
    p(map_guards, [map_guard(X) || X <- [#{a => 1}, #{a => 2}, #{b => 1}, #{}, notmap, #{1 => 1}]]),
    p(bif_values, [bifs(X) || X <- [-1, 1, -1.5, 2.5, [1, 2], {3}, <<"abc">>, x]]),
    p(compare, [cmp(X, Y) || X <- [1, 1.0, a, {1}], Y <- [1, 1.0, b, [1]]]),
    p(bit_guards, [bits(X) || X <- [<<1, 2, 3>>, <<1:7>>, <<>>, x]]),
    p(is_record, [rec(X) || X <- [{point, 1, 2}, {point, 1}, {other, 1, 2}, point, {}]]),
    p(xor_not, [{X xor Y, not X} || X <- [true, false], Y <- [true, false]]),
    p(min_max, [{min(X, Y), max(X, Y)} || X <- [1, 1.0, a, []], Y <- [1, 1.0, b, {}]]),
    p(andalso_value, [try andalso_value(X) catch error:R -> R end || X <- [true, false, 1]]),
    p(orelse_value, [try orelse_value(X) catch error:R -> R end || X <- [true, false, 1]]).

types(V) ->
    [T || {T, true} <- [{atom, is_atom(V)}, {integer, is_integer(V)}, {float, is_float(V)}, {number, is_number(V)},
        {list, is_list(V)}, {tuple, is_tuple(V)}, {map, is_map(V)}, {binary, is_binary(V)}, {bitstring, is_bitstring(V)},
        {pid, is_pid(V)}, {reference, is_reference(V)}, {function, is_function(V)}, {port, is_port(V)}, {boolean, is_boolean(V)}]].

size_guard(V) when tuple_size(V) =:= 2 -> pair;
size_guard(V) when tuple_size(V) >= 0 -> tuple;
size_guard(V) when length(V) =:= 0 -> nil;
size_guard(V) when length(V) > 0 -> list;
size_guard(V) when map_size(V) > 0 -> map;
size_guard(V) when byte_size(V) > 0, bit_size(V) rem 8 =:= 0 -> binary;
size_guard(V) when bit_size(V) =:= 3 -> bits;
size_guard(V) when hd(V) =:= x -> improper;
size_guard(V) when size(V) =:= 0 -> size0;
size_guard(_) -> other.

arith(X, Y) when X div Y =:= 1 -> one;
arith(X, Y) when X / Y < 1, X + Y > 0 -> less;
arith(X, Y) when X * Y =:= 0; X - Y =:= 0 -> zero;
arith(X, Y) when (X band Y) =:= 1 -> band1;
arith(X, _) when -X =:= 3 -> neg;
arith(_, _) -> none.

logic(X, Y) when X andalso Y -> both;
logic(X, Y) when X orelse Y -> any;
logic(X, Y) when not X andalso not Y -> neither;
logic(_, _) -> failed.

strict(X, Y) when X and Y -> both;
strict(X, Y) when X or Y -> any;
strict(X, Y) when X xor Y -> never;
strict(X, _) when not X -> no;
strict(_, _) -> failed.

alt(X) when X =:= 1; X =:= 2 -> small;
alt(X) when is_tuple(X), element(1, X) =:= a, tuple_size(X) > 1; is_list(X), hd(X) =:= q -> aq;
alt(X) when element(2, X) =:= b; element(1, X) =:= a -> tup;
alt(X) when length(X) =:= 0 -> empty;
alt(X) when X > 2, X < 4 -> three;
alt(X) -> X.

map_guard(M) when map_get(a, M) =:= 1 -> a1;
map_guard(M) when is_map_key(a, M) -> a;
map_guard(M) when is_map_key(b, M); map_size(M) =:= 0 -> b_or_empty;
map_guard(M) when is_map(M) -> map;
map_guard(_) -> no.

bifs(X) when abs(X) =:= 1 -> abs1;
bifs(X) when trunc(X) =:= -1 -> trunc;
bifs(X) when round(X) =:= 3, ceil(X) =:= 3, floor(X) =:= 2 -> round3;
bifs(X) when hd(tl(X)) =:= 2 -> second;
bifs(X) when element(1, X) =:= 3 -> elem;
bifs(X) when binary_part(X, 1, 2) =:= <<"bc">> -> part;
bifs(X) when node() =:= X -> node;
bifs(_) -> none.

cmp(X, Y) when X =:= Y -> exact;
cmp(X, Y) when X == Y -> equal;
cmp(X, Y) when X < Y -> less;
cmp(X, Y) when X >= Y, X =/= Y, X /= Y -> greater.

bits(<<X, _/bits>>) when X > 1 -> big;
bits(<<X, R/bits>>) when X =:= 1, bit_size(R) =:= 16 -> r16;
bits(B) when bit_size(B) rem 8 =/= 0 -> odd;
bits(B) when byte_size(B) =:= 0 -> empty;
bits(_) -> none.

rec(X) when is_record(X, point, 3) -> point3;
rec(X) when is_record(X, point) -> point;
rec(_) -> no.

andalso_value(X) -> id(X) andalso value.
orelse_value(X) -> id(X) orelse value.
