-module(driver_echoes).
-export([run/0]).

%% A linked-in driver sends back what it gets.
run() ->
    Port = bench_nif:driver(),
    N = loop(5000, Port, binary:copy(<<1>>, 100), 0),
    port_close(Port),
    N.

loop(0, _, _, Acc) -> Acc;
loop(N, Port, B, Acc) ->
    port_command(Port, B),
    receive {Port, {data, D}} -> loop(N - 1, Port, B, Acc + byte_size(D)) end.
