%% Building by appending, matching byte by byte and field by field.
-module(binaries).
-export([run/0]).

run() ->
    B = build(40000, <<>>),
    {sum(B, 0), fields(B, 0), erlang:crc32(<< <<(X bxor 85)>> || <<X>> <= B >>)}.

build(0, B) -> B;
build(N, B) -> build(N - 1, <<B/binary, N:16, (N rem 7):8, "x">>).

sum(<<X, R/binary>>, S) -> sum(R, S + X);
sum(<<>>, S) -> S.

fields(<<A:12, B:4, C:8, _, R/binary>>, S) -> fields(R, S + A * B + C);
fields(<<>>, S) -> S.
