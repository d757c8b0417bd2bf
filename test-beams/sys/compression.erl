-module(compression).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    Data = iolist_to_binary([[integer_to_list(N * N), $\s] || N <- lists:seq(1, 3000)]),
    p(simple, [begin C = F(Data), {byte_size(C) < byte_size(Data), G(C) =:= Data} end || {F, G} <- [{fun zlib:compress/1, fun zlib:uncompress/1}, {fun zlib:zip/1, fun zlib:unzip/1}, {fun zlib:gzip/1, fun zlib:gunzip/1}]]),
    p(empty, [zlib:uncompress(zlib:compress(<<>>)), zlib:gunzip(zlib:gzip(<<>>)), zlib:unzip(zlib:zip(<<>>))]),
    p(iolist, zlib:uncompress(zlib:compress(["a", [<<"b">>, $c]]))),
    p(known, [zlib:uncompress(base64:decode("eJzLSM3JyVcozy/KSQEAGgsEXQ==")), zlib:gunzip(base64:decode("H4sIAAAAAAAAA8tIzcnJVyjPL8pJAQCFEUoNCwAAAA=="))]),
    [t({bad, L}, fun() -> F(B) end) || {L, F, B} <- [{garbage, fun zlib:uncompress/1, <<"garbage data here">>}, {truncated, fun zlib:uncompress/1, binary:part(zlib:compress(Data), 0, 100)}, {gz, fun zlib:gunzip/1, <<31, 139, 8, 0>>}, {sum, fun zlib:uncompress/1, flip(zlib:compress(Data))}]],
    p(levels, [begin Z = zlib:open(), ok = zlib:deflateInit(Z, L), C = iolist_to_binary(zlib:deflate(Z, Data, finish)), zlib:close(Z), zlib:uncompress(C) =:= Data end || L <- [default, none, best_speed, best_compression, 0, 5, 9]]),
    p(stream, begin Z1 = zlib:open(), zlib:deflateInit(Z1), Parts = [zlib:deflate(Z1, P) || P <- chunks(Data, 500)], Last = zlib:deflate(Z1, <<>>, finish), zlib:deflateEnd(Z1), zlib:close(Z1), inflate(iolist_to_binary([Parts, Last]), 77) =:= Data end),
    p(flush, begin Z2 = zlib:open(), zlib:deflateInit(Z2), A = iolist_to_binary(zlib:deflate(Z2, <<"part one ">>, sync)), B = iolist_to_binary(zlib:deflate(Z2, <<"part two">>, finish)), I2 = zlib:open(), zlib:inflateInit(I2), [iolist_to_binary(zlib:inflate(I2, A)), iolist_to_binary(zlib:inflate(I2, B))] end),
    p(raw, begin Z3 = zlib:open(), zlib:deflateInit(Z3, default, deflated, -15, 8, default), C3 = zlib:deflate(Z3, Data, finish), zlib:close(Z3), I3 = zlib:open(), zlib:inflateInit(I3, -15), D3 = iolist_to_binary(zlib:inflate(I3, C3)), D3 =:= Data end),
    p(strategies, [begin Z4 = zlib:open(), zlib:deflateInit(Z4, default, deflated, 15, 8, S), C4 = iolist_to_binary(zlib:deflate(Z4, Data, finish)), zlib:uncompress(C4) =:= Data end || S <- [default, filtered, huffman_only, rle]]),
    p(dictionary, begin Dict = <<"common words here">>, Z5 = zlib:open(), zlib:deflateInit(Z5), Ad = zlib:deflateSetDictionary(Z5, Dict), C5 = zlib:deflate(Z5, <<"words here common">>, finish), I5 = zlib:open(), zlib:inflateInit(I5), R5 = try zlib:inflate(I5, C5) catch error:{need_dictionary, X} -> X =:= Ad end, zlib:inflateSetDictionary(I5, Dict), {Ad =:= erlang:adler32(Dict), R5, iolist_to_binary(zlib:inflate(I5, []))} end),
    p(safe, begin Z6 = zlib:open(), zlib:inflateInit(Z6), {R6, L6} = safe(Z6, zlib:compress(binary:copy(<<"a">>, 100000)), []), {R6, byte_size(L6)} end),
    p(params, begin Z7 = zlib:open(), zlib:deflateInit(Z7, 1), A7 = zlib:deflate(Z7, <<"first ">>), zlib:deflateParams(Z7, 9, default), B7 = zlib:deflate(Z7, <<"second">>, finish), zlib:uncompress(iolist_to_binary([A7, B7])) end),
    p(reset, begin Z8 = zlib:open(), zlib:deflateInit(Z8), zlib:deflate(Z8, <<"x">>, finish), zlib:deflateReset(Z8), C8 = zlib:deflate(Z8, <<"y">>, finish), zlib:uncompress(iolist_to_binary(C8)) end),
    t(not_initialized, fun() -> zlib:deflate(zlib:open(), <<"x">>) end),
    t(closed, fun() -> Z9 = zlib:open(), zlib:close(Z9), zlib:deflateInit(Z9) end),
    t(stream_end, fun() -> Z10 = zlib:open(), zlib:deflateInit(Z10), zlib:deflate(Z10, <<"abc">>), zlib:deflateEnd(Z10) end),
    t(owner, fun() -> Z11 = zlib:open(), zlib:deflateInit(Z11), Me = self(), spawn(fun() -> Me ! try zlib:deflate(Z11, <<"x">>) catch error:E -> {other, E} end end), receive R11 -> R11 end end),
    p(concat_gz, zlib:gunzip(<<(zlib:gzip(<<"a">>))/binary, (zlib:gzip(<<"b">>))/binary>>)),
    p(term, binary_to_term(term_to_binary(lists:seq(1, 1000), [compressed])) =:= lists:seq(1, 1000)),
    p(zip, begin {ok, {_, ZipBin}} = zip:zip("x.zip", [{"a.txt", <<"aaa">>}, {"b/c.txt", binary:copy(<<"b">>, 1000)}], [memory]), {ok, Files} = zip:unzip(ZipBin, [memory]), [{N, byte_size(B12)} || {N, B12} <- Files] end),
    p(tar, begin ok = erl_tar:create("t.tar.gz", [{"f1", <<"one">>}, {"d/f2", binary:copy(<<"x">>, 2000)}], [compressed]), {ok, Fs} = erl_tar:extract("t.tar.gz", [memory, compressed]), {element(2, erl_tar:table("t.tar.gz", [compressed])), [{N, byte_size(B13)} || {N, B13} <- Fs]} end).

flip(B) -> N = byte_size(B) - 1, <<H:N/binary, L>> = B, <<H/binary, (L bxor 1)>>.
chunks(B, N) when byte_size(B) =< N -> [B];
chunks(B, N) -> <<H:N/binary, T/binary>> = B, [H | chunks(T, N)].
inflate(C, N) -> Z = zlib:open(), zlib:inflateInit(Z), R = iolist_to_binary([zlib:inflate(Z, P) || P <- chunks(C, N)]), zlib:inflateEnd(Z), zlib:close(Z), R.
safe(Z, In, Acc) ->
    case zlib:safeInflate(Z, In) of
        {continue, O} -> safe(Z, [], [Acc, O]);
        {finished, O} -> {finished, iolist_to_binary([Acc, O])}
    end.
