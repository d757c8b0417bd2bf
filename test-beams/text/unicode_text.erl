-module(unicode_text).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    Cs = [0, $a, 127, 128, 255, 256, 2047, 2048, 16#d7ff, 16#e000, 65535, 65536, 16#10ffff],
    p(to_binary, [unicode:characters_to_binary([C]) || C <- Cs]),
    p(encodings, [unicode:characters_to_binary(Cs, unicode, E) || E <- [utf8, utf16, {utf16, little}, utf32, {utf32, little}]]),
    p(latin1_out, [unicode:characters_to_binary(L, unicode, latin1) || L <- ["abc", "åä", [255, 256, 1], [955]]]),
    p(latin1_in, [unicode:characters_to_binary(<<229, 228>>, latin1, utf8), unicode:characters_to_list(<<229, 228>>, latin1)]),
    p(to_list, [unicode:characters_to_list(X) || X <- [<<"åäö"/utf8>>, [<<"å"/utf8>>, $b, [<<"c">>]], "", <<>>, [[], [<<>>]]]]),
    p(incomplete, [unicode:characters_to_list(B) || B <- [<<195>>, <<"ab", 226, 130>>, <<240, 159, 152>>, [<<"x">>, <<195>>]]]),
    p(split_char, unicode:characters_to_list([<<195>>, <<165>>])),
    p(split_char_bin, unicode:characters_to_binary([<<195>>, <<165, "rest">>])),
    p(errors, [unicode:characters_to_list(B) || B <- [<<255>>, <<"ab", 128, "c">>, <<192, 128>>, <<237, 160, 128>>, <<244, 144, 128, 128>>, [$a, 16#d800], [<<"ok">>, <<200, 1>>, $z]]]),
    p(errors_bin, [unicode:characters_to_binary(B) || B <- [<<255>>, <<"ab", 128, "c">>, [$a, 16#110000], [[$a], -1]]]),
    p(errors16, [unicode:characters_to_list(B, utf16) || B <- [<<216, 0>>, <<216, 0, 0, 65>>, <<0>>, <<220, 0>>]]),
    [t({bad, X}, fun() -> unicode:characters_to_list(X) end) || X <- [a, [a], [1.5], 12, [<<1:3>>]]],
    t(bad_enc, fun() -> unicode:characters_to_list("a", id(foo)) end),
    p(long, begin L = lists:append(lists:duplicate(5000, "aå€😀")), B = unicode:characters_to_binary(L), {byte_size(B), unicode:characters_to_list(B) =:= L, erlang:crc32(B)} end),
    p(deep, begin D = nest(3000, "x"), length(unicode:characters_to_list(D)) end),
    p(bom, [unicode:bom_to_encoding(B) || B <- [<<16#ef, 16#bb, 16#bf>>, <<254, 255>>, <<255, 254>>, <<"none">>]] ++ [unicode:encoding_to_bom(utf8)]),
    p(nfc, [unicode:characters_to_nfc_list("e" ++ [16#301]), unicode:characters_to_nfd_list("é"), unicode:characters_to_nfkc_list([16#fb01]), unicode:characters_to_nfc_binary([$a, 16#30a])]),
    p(lengths, [string:length(S) || S <- ["abc", "é", "e" ++ [16#301], <<"åäö"/utf8>>, [16#1F468, 16#200D, 16#1F469], ""]]),
    p(upper, [string:uppercase(S) || S <- ["abc", "straße", "åäö", <<"éa"/utf8>>, "αβγς"]]),
    p(lower, [string:lowercase(S) || S <- ["ABC", "ÅÄÖ", "ΑΣ", <<"ÉA"/utf8>>]]),
    p(titlecase, [string:titlecase(S) || S <- ["hello world", "ß", "ǆ"]]),
    p(casefold, [string:casefold(S) || S <- ["HeLLo", "Straße", "ΑΣς"]]),
    p(equal, [string:equal("abc", <<"abc">>), string:equal("ABC", "abc", true), string:equal("é", "e" ++ [16#301], false, nfc)]),
    p(graphemes, [string:to_graphemes(S) || S <- ["abc", "e" ++ [16#301] ++ "x", "\r\n", [16#1F1F8, 16#1F1EA], "नमस्ते"]]),
    p(next, [string:next_grapheme("e" ++ [16#301, $x]), string:next_codepoint("éa"), string:next_grapheme(<<>>)]),
    p(reverse, [string:reverse("abc"), string:reverse("xe" ++ [16#301])]),
    p(slices, [string:slice("abcdef", 2), string:slice("abcdef", 2, 2), string:slice(<<"åäö"/utf8>>, 1, 1)]),
    p(finds, [string:find("hello world", "o"), string:find("hello world", "o", trailing), string:find("abc", "x"), string:find(<<"håå"/utf8>>, "å")]),
    p(splits, [string:split("a,b,c", ","), string:split("a,b,c", ",", all), string:split("a,b,c", ",", trailing), string:split(<<"a--b">>, "--")]),
    p(lexemes, [string:lexemes("a, b,,c", ", "), string:nth_lexeme("a b c", 2, " "), string:tokens("a b  c", " ")]),
    p(trim, [string:trim("  a b \n"), string:trim("xxaxx", both, "x"), string:trim("  a", trailing), string:chomp("line\n"), string:trim(<<" b ">>)]),
    p(pad, [lists:flatten(string:pad("ab", 5)), lists:flatten(string:pad("ab", 5, leading, $*)), lists:flatten(string:pad("ab", 6, both))]),
    p(replace, [lists:flatten(string:replace("a-b-c", "-", "+", all)), lists:flatten(string:replace("a-b-c", "-", "+"))]),
    p(prefix, [string:prefix("http://x", "http://"), string:prefix("x", "y"), string:take("aab", "a"), string:take("abc", "c", true)]),
    p(numbers, [string:to_integer("12abc"), string:to_integer("x"), string:to_integer("-5"), string:to_float("1.5e3x"), string:to_float("1"), string:to_integer(<<"7 ">>)]),
    p(jaro, [io_lib:format("~.6f", [string:jaro_similarity("martha", "marhta")]) || erlang:function_exported(string, jaro_similarity, 2)]),
    p(old, [string:substr("hello", 2, 3), string:str("hello", "l"), string:rstr("hello", "l"), string:chr("hello", $l), string:words("a b c"), string:centre("ab", 6), string:left("a", 3), string:right("a", 3, $.), string:strip("  x "), string:sub_word("a b", 2), string:join(["a", "b"], "-"), string:concat("a", "b"), string:copies("ab", 2), string:span("aab", "a"), string:to_upper("abc")]),
    p(empty, [string:is_empty(""), string:is_empty(<<>>), string:is_empty("a")]),
    tb:block(random, {500, tb:seed(51)}, fun random/1).

nest(0, T) -> T;
nest(N, T) -> [nest(N - 1, T), <<"å"/utf8>>].

%% Random bytes and code points in random nesting; every answer counts, errors too.
random(S0) ->
    {N, S1} = tb:int(12, S0),
    {L, S} = chunk(N, S1, []),
    {[unicode:characters_to_list(L), unicode:characters_to_binary(L), unicode:characters_to_binary(L, utf8, utf16), unicode:characters_to_binary(L, latin1), unicode:characters_to_list(L, latin1)], S}.

chunk(0, S, Acc) -> {Acc, S};
chunk(N, S0, Acc) ->
    {K, S1} = tb:int(6, S0),
    {X, S2} = tb:next(S1),
    E = case K of
        0 -> X rem 128; 1 -> X rem 16#800; 2 -> <<(X rem 256)>>; 3 -> <<(X rem 16#d000)/utf8, "z">>; 4 -> [<<(X rem 16#10000 + 16#10000)/utf8>>]; 5 -> <<(X rem 128), 195>>
    end,
    chunk(N - 1, S2, [E | Acc]).
