-module(formatting).
-export([main/0]).
-import(tb, [p/2, t/2]).

-record(rec, {a, b = "x"}).

main() ->
    Terms = [1, -1, 1.5, a, 'A b', "str", "", [1, 2, 3], [$a, 1], {a, {b}}, #{a => 1}, <<"bin">>, <<1, 2>>, <<1:3>>, "åäö", "αβγ", [955], <<"å"/utf8>>, #rec{a = 1}, [[], {}], [a | b], fun lists:map/2, 1 bsl 70],
    [p(F, [flat(F, [T]) || T <- Terms]) || F <- ["~w", "~p", "~tw", "~tp", "~0p", "~kp", "~ktp"], F =/= "~kp", F =/= "~ktp"],
    p(s, [flat("~s|~ts|~10s|~-10s|~10.3s|~.2s|~10.3.*s", [S, S, S, S, S, S, $-, S]) || S <- ["abc", "a", <<"binary">>, hello_atom, ["io", [$l, <<"ist">>]]]]),
    p(ts, flat("~ts ~ts ~ts", ["αβ", <<"åß"/utf8>>, 'ö'])),
    t(s_wide, fun() -> flat("~s", ["α"]) end),
    p(c, [flat("~c|~3c|~5.2c|~tc", [$a, $b, $c, 955])]),
    p(ints, [flat("~b|~B|~.16b|~.16B|~.2b|~10b|~-10b|~10.10.0b|~#|~.16#|~.8+|~.16x|~.2X", [N, N, N, N, N, N, N, N, N, N, N, N, "0x", N, "b"]) || N <- [0, 255, -255, 1 bsl 70]]),
    p(tilde, flat("~~ ~n|~i|", [ignored])),
    p(star, flat("~*s|~.*f|~*.*.*s|~-*w", [5, "ab", 2, 3.14159, 8, 3, $_, "abcdef", 4, x])),
    [t({pad, F}, fun() -> flat(F, [{a, b}]) end) || F <- ["~20p|", "~-20p|", "~20w|", "~-20w|", "~5w", "~2w", "~5.5.xw"]],
    p(wide, flat("~60p", [lists:seq(1, 40)])),
    p(wrap, flat("~p", [[{key, "a long string value to force a line break in the output"}, {another_key, lists:seq(100, 130)}, {third, #{map => "value", other => [1, 2, 3]}}]])),
    p(wrap_tuple, flat("~p", [{a_rather_long_tuple_tag, [nested, list, 'with atoms'], {another, tuple, "with a string"}, <<"and a binary that is long enough">>, 123456789012345678901234567890}])),
    p(wrap_string, flat("~p", [lists:duplicate(10, "a string of some length ")])),
    p(wrap_long_string, flat("~p", [lists:append(lists:duplicate(10, "a string of some length "))])),
    p(wrap_binary, flat("~p", [binary:copy(<<"binary text ">>, 12)])),
    p(wrap_bin_bytes, flat("~p", [list_to_binary(lists:seq(0, 60))])),
    p(depth, [flat("~P|~W", [T, 4, T, 4]) || T <- [lists:seq(1, 10), {1, 2, 3, 4, 5, 6}, [[[[[deep]]]]], "a long string", #{a => [1, 2, 3, 4, 5]}, <<"binary data">>, {a, [b, {c, [d]}]}]]),
    p(depth_big, flat("~P", [lists:seq(1, 100), 20])),
    p(maps, [flat("~p", [M]) || M <- [#{}, #{a => #{b => #{c => 1}}}, #{"k" => [1, 2]}, #{1 => a, 2 => b}]]),
    p(lp, [flat("~lp|~lw", [T, T]) || T <- ["abc", [65, 66]]]),
    p(floats, [flat("~f|~.1f|~e|~.10e|~g|~10.3f|~-10.3f|", [F, F, F, F, F, F, F]) || F <- [0.0, 1.0, -2.5, 1.0e10, 1.0e-10, 123456.789]]),
    [t({bad, F, As}, fun() -> flat(F, As) end) || {F, As} <- [{"~p", []}, {"x", [1]}, {"~q", [1]}, {"~s", [1]}, {"~b", [a]}, {"~f", [1]}, {"~c", [a]}, {"~", []}, {"~.40b", [1]}]],
    p(chars_limit, [lists:flatten(io_lib:format("~p", [T], [{chars_limit, 30}])) || T <- [lists:seq(1, 100), lists:duplicate(100, $a), {a, lists:seq(1, 50), #{b => lists:seq(1, 50)}}, binary:copy(<<"x">>, 200)]]),
    p(scan_format, io_lib:scan_format("~10.2f ~p~n", [1.5, a])),
    p(printable, [{io_lib:printable_list(L), io_lib:printable_unicode_list(L), io_lib:printable_latin1_list(L)} || L <- ["abc", [1], "åä", [955], [a], "a\n\t"]]),
    p(write, [lists:flatten(io_lib:write(T, 5)) || T <- [lists:seq(1, 10), {a, {b, {c, {d}}}}]]),
    p(write_atom, [lists:flatten(io_lib:write_atom(A)) || A <- [a, 'A', 'a-b']]),
    p(write_string, [lists:flatten(io_lib:write_string(S)) || S <- ["abc", "a\"b", "a\nb", "\e", [0], "å"]]),
    p(write_char, [lists:flatten(io_lib:write_char(C)) || C <- [$a, $\n, $\s, $', 255]]),
    p(fread, [io_lib:fread(F, S) || {F, S} <- [{"~d", "12 rest"}, {"~d ~s", "12 abc"}, {"~f", "1.5"}, {"~a", "atom"}, {"~16u", "ff"}, {"~#", "16#ff"}, {"~c~2c", "abc"}, {"x~d", "y1"}, {"~d", "abc"}, {"~s,~s", "a,b"}, {"~d", ""}]]),
    p(print, lists:flatten(io_lib:print({a, "text", [1, 2]}, 1, 20, -1))),
    p(format_prompt, lists:flatten(io_lib:format_prompt("> "))),
    p(indentation, io_lib:indentation("abc\nde", 0)),
    p(nl, io_lib:nl()),
    p(deep, [io_lib:deep_char_list(X) || X <- ["a", ["b", [$c]], [a], <<"x">>]]),
    p(error, [lists:flatten(erl_error:format_exception(error, R, [])) || R <- [badarith, {badmatch, 1}, {case_clause, "x"}, function_clause, undef, {badkey, k}, {custom, reason}, if_clause, {badfun, 1}, {badmap, 1}, {try_clause, 1}, noproc, system_limit, timeout_value]]),
    p(posix, [file:format_error(E) || E <- [enoent, eacces, eexist, eisdir, {1, erl_parse, ["x"]}, badarg]]).

flat(F, A) -> lists:flatten(io_lib:format(F, A)).
