-module(atoms).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    p(conv, [atom_to_list(A) || A <- [a, 'B c', '', 'åäö', 'αβ', '日本']]),
    p(bins, [atom_to_binary(A) || A <- [a, 'B c', '', 'åäö', 'αβ', '日本']]),
    p(latin, [atom_to_binary(A, latin1) || A <- [a, 'åäö']]),
    t(latin_bad, fun() -> atom_to_binary(id('αβ'), latin1) end),
    p(from, [list_to_atom(L) || L <- ["x", "", "with space", [229, 228], [945], [16#1F600]]]),
    p(same, [list_to_atom("abc") =:= abc, binary_to_atom(<<"abc">>, utf8) =:= abc, list_to_existing_atom("abc") =:= abc]),
    t(too_long, fun() -> list_to_atom(lists:duplicate(id(256), $a)) end),
    p(longest, length(atom_to_list(list_to_atom(lists:duplicate(255, $a))))),
    p(longest_wide, length(atom_to_list(list_to_atom(lists:duplicate(255, 945))))),
    t(bad_utf8, fun() -> binary_to_atom(id(<<255>>), utf8) end),
    t(bad_list, fun() -> list_to_atom(id([-1])) end),
    t(bad_list2, fun() -> list_to_atom(id("a" ++ b)) end),
    t(bad_char, fun() -> list_to_atom(id([16#D800])) end),
    t(existing, fun() -> list_to_existing_atom(id("certainly not " ++ "there yet")) end),
    p(order, lists:sort([b, ab, a, aa, 'B', '', abcdefghij, abcdefghik, 'ÿ', 'Ā'])),
    p(print, io_lib:format("~w ~p ~s ~ts", ['A b', 'it\'s', 'A b', 'α'])),
    p(quotes, [lists:flatten(io_lib:format("~tw", [A])) || A <- [a, 'A', 'a b', 'a.b', 'a@b', '1', '_a', 'a_1', 'ö', 'Ö', 'α', 'when', 'maybe', 'a\nb', 'a\'b', 'a\\b', '\0', '\x7f', '\e']]),
    p(is_atom, [is_atom(X) || X <- [a, "a", <<"a">>, true, []]]),
    p(bool, [is_boolean(X) || X <- [true, false, 'True', 1]]).
