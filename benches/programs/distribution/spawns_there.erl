%% Processes spawned on the other node with a monitor: one by one, and many at once.
-module(spawns_there).
-export([run/0]).

run() ->
    N = bench_node:node(),
    One = [begin {P, M} = spawn_monitor(N, erlang, exit, [I]), receive {'DOWN', M, process, P, W} -> W end end || I <- lists:seq(1, 300)],
    Requests = [spawn_request(N, erlang, exit, [I], [monitor]) || I <- lists:seq(1, 1000)],
    Many = [receive {spawn_reply, R, ok, P} -> receive {'DOWN', R, process, P, W} -> W end end || R <- Requests],
    {lists:sum(One), lists:sum(Many)}.
