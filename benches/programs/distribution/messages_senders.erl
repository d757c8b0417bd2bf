%% Small messages of eight senders to eight receivers.
-module(messages_senders).
-export([run/0, send/2, take/2]).

-define(COUNT, 2500).

run() ->
    N = bench_node:node(),
    Senders = [spawn_monitor(?MODULE, send, [N, I]) || I <- lists:seq(1, 8)],
    [receive {'DOWN', M, process, P, Why} -> Why end || {P, M} <- Senders].

send(N, Me) ->
    P = spawn(N, ?MODULE, take, [self(), 1]),
    [P ! {number, I, Me} || I <- lists:seq(1, ?COUNT)],
    receive {P, Last} -> exit({Me, Last}) end.

take(To, I) when I > ?COUNT -> To ! {self(), I};
take(To, I) -> receive {number, I, _} -> take(To, I + 1); Other -> To ! {self(), {wrong, Other}} end.
