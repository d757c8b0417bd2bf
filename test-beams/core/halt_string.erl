%% vm: own
-module(halt_string).
-export([main/0]).

main() ->
    io:format("out~n"),
    init:stop(3),
    receive after infinity -> ok end.
