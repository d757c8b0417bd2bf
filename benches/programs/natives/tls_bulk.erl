-module(tls_bulk).
-export([run/0]).

%% 8 MB over TLS 1.3, both ends in this emulator.
run() ->
    {Port, Options} = bench_nif:tls('tlsv1.3'),
    {ok, S} = ssl:connect({127, 0, 0, 1}, Port, Options),
    B = [<<65536:32>>, binary:copy(<<0>>, 65536)],
    [ok = ssl:send(S, B) || _ <- lists:seq(1, 128)],
    {ok, Sizes} = ssl:recv(S, 4 * 128),
    ok = ssl:close(S),
    erlang:crc32(Sizes).
