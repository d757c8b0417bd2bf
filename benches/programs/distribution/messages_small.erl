%% Small messages from one sender to one receiver, which checks their order.
-module(messages_small).
-export([run/0, take/2]).

-define(COUNT, 20000).

run() ->
    N = bench_node:node(),
    P = spawn(N, ?MODULE, take, [self(), 1]),
    [P ! {number, I} || I <- lists:seq(1, ?COUNT)],
    receive {P, Last} -> Last end.

take(To, I) when I > ?COUNT -> To ! {self(), I};
take(To, I) -> receive {number, I} -> take(To, I + 1); {number, Other} -> To ! {self(), {wrong, Other}} end.
