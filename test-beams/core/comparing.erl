%% The order of all terms.
-module(comparing).
-export([main/0]).
-import(tb, [p/2, id/1]).

main() ->
    Terms = terms(),
    tb:block(pairs, {length(Terms) * length(Terms), {Terms, Terms, Terms}}, fun next_pair/1),
    p(sort, lists:sort(printable())),
    p(usort, lists:usort(printable() ++ [1.0, 2, 2.0, <<>>, "", #{}])),
    p(mixed, [cmp(A, B) || {A, B} <- [{1, 1.0}, {0, -0.0}, {0.0, -0.0}, {1 bsl 53, float(1 bsl 53)}, {(1 bsl 53) + 1, float(1 bsl 53)},
        {1 bsl 64, 1.8446744073709552e19}, {(1 bsl 64) + 1, 1.8446744073709552e19}, {(1 bsl 64) - 1, 1.8446744073709552e19},
        {1 bsl 1023, 1.0e308}, {1 bsl 1030, 1.7976931348623157e308}, {-(1 bsl 1030), -1.7976931348623157e308},
        {9007199254740993, 9007199254740992.0}, {9007199254740991, 9007199254740992.0}, {3, 3.0000000000000004}]]),
    p(tuples, lists:sort([{}, {a}, {a, b}, {b}, {1, 2, 3}, {a, a}, {1}, {1.0}, {{}}, {[]}])),
    p(lists, lists:sort([[], [a], [a, b], [a | b], [b], [1], [1.0], [[]], "abc", "ab", [a | [b | c]]])),
    p(maps, lists:sort([#{}, #{a => 1}, #{a => 2}, #{b => 1}, #{1 => a}, #{1.0 => a}, #{a => 1, b => 0}, #{a => 0, c => 0}])),
    p(map_keys, [#{1 => x} < #{1.0 => x}, #{1 => x} == #{1.0 => x}, #{a => 1} == #{a => 1.0}, #{a => 1} =:= #{a => 1.0}]),
    p(bits, lists:sort([<<>>, <<0:1>>, <<1:1>>, <<0>>, <<255>>, <<1, 2>>, <<1, 2:4>>, <<1:7>>, <<128>>, <<1:1, 0:7>>])),
    p(atoms, lists:sort([b, a, 'A', '', ab, 'Ä', 'α', aa, 'a b', abcdefgh, abcdefgi, abcdefg])),
    p(numbers, lists:sort([3, 2.5, -1, 1 bsl 80, -(1 bsl 80), 1.0e100, -1.0e100, 0.0, 0, 1.0e-300])),
    p(keysort, lists:keysort(1, [{1.0, a}, {1, b}, {0, c}, {1, d}, {1.0, e}])),
    p(member, [lists:member(1, [1.0]), lists:keymember(1, 1, [{1.0}]), lists:keyfind(1, 1, [{1.0, x}]), lists:delete(1, [1.0, 1])]),
    p(min_max, [lists:min([a, 1, {}]), lists:max([a, 1, {}, <<>>]), min(id(1), id(1.0)), max(id(1), id(1.0))]),
    p(pids, begin P = spawn(fun() -> ok end), {P =:= P, self() < P, P < {}, P > make_ref()} end),
    p(refs, begin R1 = make_ref(), R2 = make_ref(), {R1 < R2, R1 =:= R1, R1 < self()} end).

cmp(A, B) -> [id(A) < id(B), id(A) =< id(B), id(A) == id(B), id(A) =:= id(B), id(A) /= id(B), id(A) =/= id(B)].

next_pair({[_ | As], [], All}) -> next_pair({As, All, All});
next_pair({[A | _] = As, [B | Bs], All}) -> {{A, B, cmp(A, B)}, {As, Bs, All}}.

printable() ->
    [1, 2, -3, 1.5, a, b, 'Z', [], [1], "abc", {}, {1}, {a, b}, #{}, #{a => 1}, <<>>, <<"abc">>, <<1:3>>, 1 bsl 70, -(1 bsl 70), 0.0,
     true, false, [a | b], [[]], {[]}, 1.0e10, 10000000000].

terms() ->
    printable() ++ [1.0, 3, 2.0, 1 bsl 59, (1 bsl 59) - 1, -(1 bsl 59), -(1 bsl 59) - 1, 1 bsl 60, -(1 bsl 60), float(1 bsl 60),
     1 bsl 128, 1.0e38, -1.0e38, {1, 2}, {1.0, 2}, {a, {b}}, [1.0], [1, 2], [1 | 2], #{b => 1}, #{1 => 1}, #{1.0 => 1},
     #{a => 1, b => 2}, <<0>>, <<255>>, <<"abd">>, <<7:3>>, 'a b', ab, lists:seq(1, 40), list_to_tuple(lists:seq(1, 40)),
     maps:from_list([{I, I} || I <- lists:seq(1, 40)]), maps:from_list([{I, I} || I <- lists:seq(2, 41)]), fun lists:map/2, fun lists:map/3].
