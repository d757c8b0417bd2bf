%% Connections made and ended.
-module(connects).
-export([run/0]).

run() ->
    N = bench_node:node(),
    [begin
        monitor_node(N, true),
        true = disconnect_node(N),
        receive {nodedown, N} -> ok end,
        net_adm:ping(N)
     end || _ <- lists:seq(1, 20)].
