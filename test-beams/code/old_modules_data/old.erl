%% What the modules old_r22 to old_r25 are made of (make).
-module(?NAME).
-export([main/0]).
-record(r, {a = 1, b, c = []}).

main() ->
    [
        {construct, construct(5, 2.5, <<"tail">>, 300)},
        {match, [match(B) || B <- [<<1, 2, 3, 4, 5>>, <<3:4, 9:12, "rest">>, <<>>, <<1:3>>, <<0, 1:64/float>>]]},
        {utf, [C || <<C/utf8>> <= <<"aä€😀"/utf8>>]},
        {utf16, <<<<C/utf16-little>> || C <- [97, 8364, 128512]>>},
        {strings, skip(<<"key: value">>)},
        {comprehension, <<<<(X + 1)>> || <<X>> <= <<1, 2, 3>>, X =/= 2>>},
        {appended, lists:foldl(fun(N, Acc) -> <<Acc/binary, N:16>> end, <<>>, lists:seq(1, 9))},
        {funs, [(F())(3) || F <- [make(1), make(2), fun() -> fun erlang:abs/1 end]]},
        {floats, [area(X, Y) || {X, Y} <- [{1.5, 2}, {3, 4.0}, {x, 1}]]},
        {records, [update(#r{}), update(#r{a = 2, b = x}), catch update({r, 1})]},
        {maps, [maps_(M) || M <- [#{}, #{a => 1}, #{a => 2, b => 3, "c" => 4}]]},
        {tuples, [element(2, T) || T <- [{1, 2}, {a, b, c}]], setelement(1, setelement(2, {x, y, z}, 1), 0)},
        {catches, [caught(N) || N <- lists:seq(1, 7)]},
        {select, [select(X) || X <- [a, b, 1, 7, 1 bsl 70, {a}, {a, b}, [], "x", 2.0]]},
        {swap, swap(1, 2, 3)},
        {receiving, receiving()},
        {applied, [apply(lists, F, [[3, 1, 2]]) || F <- [sort, reverse, max]]},
        {big, [X * X || X <- [1 bsl 59, -(1 bsl 63), 12345678901234567890]]},
        {deep, depth(lists:seq(1, 1000))}
    ].

construct(N, F, B, Big) ->
    [<<N:8, F/float, B/binary, Big:16/little>>, <<N:3, F:32/float-little, "lit", Big:N/unit:4, (byte_size(B)):5>>,
     <<B/binary, B/bitstring, -1:N>>, catch <<Big/binary>>, catch <<N:(-1)>>].

match(<<A:8, B:16/little, Rest/binary>>) when A < 2 -> {A, B, Rest};
match(<<A:4, N:12, Rest/binary>>) when A =:= 3 -> {A, N, Rest};
match(<<0, F/float>>) -> {float, F};
match(<<>>) -> none;
match(<<X/bitstring>>) -> {bits, bit_size(X)}.

skip(<<"key", Rest/binary>>) -> skip(Rest);
skip(<<C, Rest/binary>>) when C =:= $:; C =:= $\s -> skip(Rest);
skip(Rest) -> {rest, Rest, byte_size(Rest)}.

make(N) -> fun() -> fun(X) when X > N -> {N, X}; (X) -> X end end.

area(X, Y) when is_number(X), is_number(Y) ->
    D = X * Y + 0.5,
    E = D / 2 - X,
    {D, E, -E, trunc(E)};
area(_, _) -> none.

update(#r{a = 1} = R) -> R#r{b = first};
update(#r{b = B} = R) -> R#r{a = {B, B}, c = [B]}.

maps_(#{a := V, "c" := W} = M) -> M#{a := {V, W}, new => self() =:= self()};
maps_(#{a := V} = M) -> M#{b => V};
maps_(M) -> {is_map(M), M#{x => y}}.

caught(1) -> catch throw(ball);
caught(2) -> try error(bad) catch error:R:S -> {R, is_list(S)} end;
caught(3) -> try exit(out) catch exit:W -> W after put(after_ran, true) end;
caught(4) -> try {value, erase(after_ran)} of {value, V} -> V catch _:_ -> no end;
caught(5) -> try caught(id(none)) catch C:R -> {C, R} end;
caught(6) -> try y = id(x) catch C:R -> {C, R} end;
caught(7) -> try try error(inner) after id(ok) end catch C:R -> {C, R} end.

select(a) -> atom_a; select(b) -> atom_b; select(1) -> one; select(7) -> seven; select(X) when is_integer(X) -> {int, X rem 10};
select({_}) -> one_tuple; select({_, B}) -> B; select([]) -> nil; select([H | _]) -> H; select(F) -> F.

swap(A, B, C) -> {X, Y, Z} = ids(B, C, A), ids(Z, X, Y).
ids(A, B, C) -> {A, B, C}.

receiving() ->
    Me = self(),
    Ref = make_ref(),
    spawn(fun() -> Me ! {other, 1}, Me ! {Ref, hello} end),
    First = receive {Ref, X} -> X after 5000 -> timeout end,
    Second = receive {other, Y} -> Y after 5000 -> timeout end,
    Third = receive never -> never after 1 -> none end,
    {First, Second, Third}.

depth([]) -> 0;
depth([H | T]) -> H + depth(T).

id(X) -> X.
