-module(tls13_handshakes).
-export([run/0]).

%% Full TLS 1.3 handshakes, both ends in this emulator.
run() -> run('tlsv1.3', 20).

run(Version, Times) ->
    {Port, Options} = bench_nif:tls(Version),
    loop(Times, Port, Options).

loop(0, _, _) -> ok;
loop(N, Port, Options) ->
    {ok, S} = ssl:connect({127, 0, 0, 1}, Port, Options),
    ok = ssl:send(S, <<5:32, "hello">>),
    {ok, <<5:32>>} = ssl:recv(S, 4),
    ok = ssl:close(S),
    loop(N - 1, Port, Options).
