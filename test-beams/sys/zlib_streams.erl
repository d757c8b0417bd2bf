-module(zlib_streams).
-export([main/0]).

% Streams with every setting; the bytes are those of the reference.
main() -> zl().
d(X) -> tb:p(d, X).
c(F) -> try F() of X -> tb:p(c, X) catch C:R -> tb:p(c, {C, R}) end.
zl() ->
  T = << <<(integer_to_binary(I*I rem 977))/binary, $,>> || I <- lists_seq(1, 30000) >>,
  d({byte_size(T), erlang:crc32(T)}),
  C = zlib:compress(T), d({byte_size(C), erlang:crc32(C)}), d(zlib:uncompress(C) =:= T),
  G = zlib:gzip(T), d({byte_size(G), erlang:crc32(G)}), d(zlib:gunzip(G) =:= T), d(zlib:gunzip([G,G]) =:= <<T/binary,T/binary>>),
  Z0 = zlib:zip(T), d({byte_size(Z0), erlang:crc32(Z0)}), d(zlib:unzip(Z0) =:= T),
  d(zlib:compress(<<>>)), d(zlib:gzip(<<"x">>)), c(fun() -> zlib:uncompress(<<"abc">>) end), c(fun() -> zlib:gunzip(<<"abc">>) end), c(fun() -> zlib:uncompress(binary_part(C, 0, 100)) end),
  Z = zlib:open(),
  c(fun() -> zlib:deflate(Z, "x") end), c(fun() -> zlib:deflateInit(Z, 11) end), d(zlib:deflateInit(Z, 9, deflated, -15, 9, huffman_only)), c(fun() -> zlib:deflateInit(Z) end), c(fun() -> zlib:inflate(Z, "x") end),
  D1 = zlib:deflate(Z, T), D2 = zlib:deflate(Z, "tail", sync), d(erlang:crc32(iolist_to_binary([D1,D2]))), d(zlib:crc32(Z)), d(zlib:deflateParams(Z, best_speed, default)), D3 = zlib:deflate(Z, T, finish), d(erlang:crc32(iolist_to_binary(D3))), d(zlib:deflateEnd(Z)),
  d(zlib:inflateInit(Z, -15)), d(erlang:crc32(iolist_to_binary(zlib:inflate(Z, [D1,D2,D3])))), d(zlib:crc32(Z)), d(zlib:inflateEnd(Z)),
  d(zlib:deflateInit(Z)), d(zlib:deflateSetDictionary(Z, ["dict",<<"ionary">>])), E1 = iolist_to_binary(zlib:deflate(Z, "a dictionary of dictionaries", finish)), d(E1), d(zlib:deflateReset(Z)), d(zlib:deflate(Z, "abc", full)), c(fun() -> zlib:deflateEnd(Z) end),
  d(zlib:inflateInit(Z)), c(fun() -> zlib:inflate(Z, E1) end), c(fun() -> zlib:inflateSetDictionary(Z, "wrong") end), d(zlib:inflateSetDictionary(Z, "dictionary")), d(zlib:inflate(Z, [])), d(zlib:inflateGetDictionary(Z)), d(zlib:inflateEnd(Z)),
  d(zlib:inflateInit(Z)), d(zlib:safeInflate(Z, E1)), c(fun() -> zlib:inflateEnd(Z) end),
  d(zlib:inflateInit(Z, 15, error)), d(zlib:inflate(Z, zlib:compress("one"))), c(fun() -> zlib:inflate(Z, "more") end), d(zlib:inflateReset(Z)), d(zlib:inflate(Z, zlib:compress("two"))), c(fun() -> zlib:inflateEnd(Z) end),
  d(zlib:inflateInit(Z, 15, reset)), d(zlib:inflate(Z, [zlib:compress("one"), zlib:compress("two")])), d(zlib:inflateEnd(Z)),
  d(zlib:inflateInit(Z, 15, cut)), d(zlib:inflate(Z, [zlib:compress("one"), zlib:compress("two")])), d(zlib:inflate(Z, "x")), d(zlib:inflateEnd(Z)),
  d(zlib:inflateInit(Z, 47)), {continue, S1} = zlib:safeInflate(Z, G), d(byte_size(iolist_to_binary(S1))), {_, S2} = zlib:safeInflate(Z, []), d(byte_size(iolist_to_binary(S2))), 
  c(fun() -> zlib:inflateEnd(Z) end), d(zlib:getBufSize(Z)), d(zlib:setBufSize(Z, 77)), d(zlib:getBufSize(Z)),
  d(zlib:close(Z)), c(fun() -> zlib:close(Z) end), c(fun() -> zlib:inflate(Z, "x") end), c(fun() -> zlib:inflateInit(Z) end),
  c(fun() -> zlib:close(foo) end).
lists_seq(A, B) -> lists:seq(A, B).
