%% Processes spawned on the other node with a monitor: one by one, and many at once.
-module(spawns_there).
-export([run/0]).

run() ->
    N = bench_node:node(),
    One = [begin {P, M} = spawn_monitor(N, erlang, exit, [I]), receive {'DOWN', M, process, P, W} -> W end end || I <- lists:seq(1, 300)],
    [spawn_request(N, erlang, exit, [I], [monitor]) || I <- lists:seq(1, 1000)],
    {lists:sum(One), many(2000, 0)}.

%% As they come.
many(0, Sum) -> Sum;
many(N, Sum) ->
    receive
        {spawn_reply, _, ok, _} -> many(N - 1, Sum);
        {'DOWN', _, process, _, W} -> many(N - 1, Sum + W)
    end.
