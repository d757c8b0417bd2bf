-module(binary_module).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    B = id(<<"the cat sat on the mat">>),
    p(match, [binary:match(B, P) || P <- [<<"cat">>, <<"the">>, <<"dog">>, [<<"sat">>, <<"at">>], [<<"zz">>, <<"m">>]]]),
    p(match_scope, [binary:match(B, <<"the">>, [{scope, {1, 20}}]), binary:match(B, <<"the">>, [{scope, {22, -22}}]), binary:match(B, <<"mat">>, [{scope, {0, 21}}])]),
    p(matches, [binary:matches(B, P) || P <- [<<"at">>, [<<"the">>, <<"mat">>], <<"q">>, [<<"a">>, <<"at">>, <<"at ">>]]]),
    p(compiled, begin C = binary:compile_pattern([<<"on">>, <<"at">>]), {binary:match(B, C), binary:matches(B, C), binary:split(B, C, [global])} end),
    t(match_empty, fun() -> binary:match(B, id(<<>>)) end),
    t(match_bad, fun() -> binary:match(B, id([])) end),
    t(scope_bad, fun() -> binary:match(B, <<"a">>, [{scope, {20, 9}}]) end),
    p(overlap, binary:matches(<<"aaaaa">>, <<"aa">>)),
    p(split, [binary:split(B, <<" ">>), binary:split(B, <<" ">>, [global]), binary:split(<<",a,,b,">>, <<",">>, [global]), binary:split(<<",a,,b,">>, <<",">>, [global, trim]), binary:split(<<",a,,b,">>, <<",">>, [global, trim_all]), binary:split(B, [<<"cat ">>, <<"the ">>], [global])]),
    p(replace, [binary:replace(B, <<"at">>, <<"og">>), binary:replace(B, <<"at">>, <<"og">>, [global]), binary:replace(B, <<"at">>, <<"[]">>, [global, {insert_replaced, 1}]), binary:replace(B, <<"a">>, <<>>, [global])]),
    p(part, [binary:part(B, 4, 3), binary:part(B, {22, -3}), binary_part(B, 0, 3), binary_part(B, {4, 0})]),
    t(part_bad, fun() -> binary:part(B, id(20), 5) end),
    p(at, [binary:at(B, 0), binary:at(B, 21), binary:first(B), binary:last(B)]),
    t(at_bad, fun() -> binary:at(B, id(22)) end),
    t(first_empty, fun() -> binary:first(id(<<>>)) end),
    p(lists, [binary:bin_to_list(<<1, 2, 3>>), binary:bin_to_list(B, 4, 3), binary:bin_to_list(B, {3, -3}), binary:list_to_bin([1, [2, <<3>>]])]),
    p(copy, [binary:copy(<<"ab">>, 3), binary:copy(<<>>, 10), binary:copy(B) =:= B, binary:copy(B, 0)]),
    p(prefix, [binary:longest_common_prefix([<<"abcd">>, <<"abxy">>, <<"abc">>]), binary:longest_common_suffix([<<"xing">>, <<"ing">>, <<"aing">>]), binary:longest_common_prefix([<<"a">>])]),
    p(numbers, [binary:decode_unsigned(<<1, 0>>), binary:decode_unsigned(<<1, 0>>, little), binary:decode_unsigned(<<>>), binary:encode_unsigned(256), binary:encode_unsigned(256, little), binary:encode_unsigned(0), binary:encode_unsigned(1 bsl 100), binary:decode_unsigned(binary:copy(<<255>>, 20))]),
    t(encode_bad, fun() -> binary:encode_unsigned(id(-1)) end),
    p(hex, [binary:encode_hex(<<"hello", 255>>), binary:decode_hex(<<"DEADbeef">>)]),
    t(hex_bad, fun() -> binary:decode_hex(id(<<"abc">>)) end),
    p(referenced, begin Big = binary:copy(<<"x">>, 1000), <<S:100/binary, _/binary>> = Big, {binary:referenced_byte_size(S), binary:referenced_byte_size(binary:copy(S))} end),
    p(conv, [binary_to_list(<<1, 2, 3>>), binary_to_list(<<1, 2, 3, 4>>, 2, 3), list_to_binary([1, [2, [<<3, 4>>]], <<>> | <<5>>]), iolist_to_binary([<<"a">> | "b"]), iolist_size([1, <<2, 3>>, [[4]]])]),
    p(iovec, erlang:iolist_to_iovec([<<"a">>, "b", [<<"c">>]])),
    p(bitlists, [bitstring_to_list(<<1, 2, 3:2>>), list_to_bitstring([1, <<5:3>>]), list_to_bitstring([<<1:1>>, <<2:2>>, 255, <<3:3>>])]),
    t(list_bad, fun() -> list_to_binary(id([256])) end),
    t(list_bad2, fun() -> list_to_binary(id([1 | 2])) end),
    t(list_bits, fun() -> list_to_binary(id([<<1:3>>])) end),
    t(iolist_atom, fun() -> iolist_to_binary(id([a])) end),
    p(split_binary, [split_binary(<<1, 2, 3>>, 0), split_binary(<<1, 2, 3>>, 2), split_binary(<<1, 2, 3>>, 3)]),
    p(sizes, [byte_size(<<1:9>>), bit_size(<<1:9>>), size(<<1, 2>>), byte_size(<<>>)]),
    p(atoms, [atom_to_binary('åäö'), atom_to_binary(abc, latin1), binary_to_atom(<<"x y">>), atom_to_list('ö'), list_to_atom("hej"), binary_to_existing_atom(<<"hej">>)]),
    p(long_match, begin L = <<(binary:copy(<<"ab">>, 50000))/binary, "needle", (binary:copy(<<"c">>, 1000))/binary>>, {binary:match(L, <<"needle">>), binary:match(L, [<<"needlf">>, <<"eedle">>]), length(binary:matches(L, <<"abab">>)), binary:match(L, <<"nomatch">>)} end),
    p(periodic, binary:matches(<<"abababacababab">>, <<"ababab">>)),
    p(aho, binary:matches(<<"ushers">>, [<<"he">>, <<"she">>, <<"his">>, <<"hers">>])),
    p(checksums, [erlang:crc32(B), erlang:crc32(0, [B]), erlang:adler32(B), erlang:crc32_combine(erlang:crc32(<<"ab">>), erlang:crc32(<<"cd">>), 2) =:= erlang:crc32(<<"abcd">>), erlang:adler32_combine(erlang:adler32(<<"ab">>), erlang:adler32(<<"cd">>), 2) =:= erlang:adler32(<<"abcd">>)]),
    p(md5, [binary:encode_hex(erlang:md5(X)) || X <- ["", "abc", B, binary:copy(<<"a">>, 1000000)]]),
    p(md5_steps, begin C1 = erlang:md5_init(), C2 = erlang:md5_update(C1, "ab"), C3 = erlang:md5_update(C2, <<"c">>), erlang:md5_final(C3) =:= erlang:md5("abc") end),
    p(shared, begin Sub = binary:part(binary:copy(<<"0123456789">>, 20), 50, 100), {Sub =:= binary:copy(Sub), erlang:crc32(Sub), <<Sub/binary, "!">> =:= <<(binary:copy(Sub))/binary, "!">>} end),
    p(base64, [base64:encode(<<"hello">>), base64:decode(<<"aGVsbG8=">>), base64:encode_to_string("ab")]),
    tb:block(random, {500, tb:seed(21)}, fun random/1).

random(S0) ->
    {N, S1} = tb:int(60, S0),
    {B, S2} = bytes(N, S1, <<>>),
    {K, S3} = tb:int(3, S2),
    {P, S4} = bytes(K + 1, S3, <<>>),
    {Q, S5} = bytes(2, S4, <<>>),
    Split = binary:split(B, [P, Q], [global]),
    {{binary:match(B, P), binary:matches(B, Q), Split, binary:replace(B, P, Q, [global]), binary:split(B, Q, [global, trim_all]),
      erlang:crc32(B), erlang:adler32(B), erlang:phash2(B), binary:decode_unsigned(B, little), binary:longest_common_prefix([B, P])}, S5}.

bytes(0, S, B) -> {B, S};
bytes(N, S0, B) -> {X, S} = tb:int(3, S0), bytes(N - 1, S, <<B/binary, (X + $a)>>).
