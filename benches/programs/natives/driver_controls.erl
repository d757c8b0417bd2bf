-module(driver_controls).
-export([run/0]).

%% port_control of a linked-in driver.
run() ->
    Port = bench_nif:driver(),
    N = loop(5000, Port, binary:copy(<<1>>, 100), 0),
    port_close(Port),
    N.

loop(0, _, _, Acc) -> Acc;
loop(N, Port, B, Acc) -> loop(N - 1, Port, B, Acc + byte_size(port_control(Port, N, B))).
