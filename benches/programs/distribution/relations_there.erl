%% Links with and monitors of processes of the other node, taken back, and fired when they end.
-module(relations_there).
-export([run/0, many/2]).

run() ->
    N = bench_node:node(),
    process_flag(trap_exit, true),
    S = spawn(N, ?MODULE, many, [self(), 500]),
    Ps = receive {S, L} -> L end,
    [demonitor(M) || M <- [monitor(process, P) || _ <- [1, 2], P <- Ps]],
    [begin link(P), unlink(P) end || P <- Ps],
    [link(P) || P <- Ps],
    [monitor(process, P) || P <- Ps],
    S ! done,
    fired(1000, 0, 0).

%% As they come.
fired(0, Downs, Exits) -> {Downs, Exits};
fired(N, Downs, Exits) ->
    receive
        {'DOWN', _, process, _, killed} -> fired(N - 1, Downs + 1, Exits);
        {'EXIT', _, killed} -> fired(N - 1, Downs, Exits + 1)
    end.

many(To, N) ->
    Ps = [spawn(timer, sleep, [infinity]) || _ <- lists:seq(1, N)],
    To ! {self(), Ps},
    receive done -> [exit(P, kill) || P <- Ps] end.
