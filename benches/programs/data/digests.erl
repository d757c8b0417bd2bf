%% Checksums and digests.
-module(digests).
-export([run/0]).

run() ->
    B = binary:copy(<<"The quick brown fox jumps over the lazy dog">>, 5000),
    Small = [integer_to_binary(N) || N <- lists:seq(1, 3000)],
    {erlang:md5(B), erlang:crc32(B), erlang:adler32(B), erlang:phash2([erlang:md5(S) || S <- Small]), erlang:phash2(B)}.
