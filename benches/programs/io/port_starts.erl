%% Programs started, one after the other.
-module(port_starts).
-export([run/0]).

run() ->
    lists:sum([begin P = open_port({spawn_executable, "/bin/true"}, [exit_status]), receive {P, {exit_status, S}} -> S end end || _ <- lists:seq(1, 20)]).
