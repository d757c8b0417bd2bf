%% vm: own
-module(shell_status).
-export([main/0]).

main() ->
    io:format("before halt~n"),
    halt(7).
