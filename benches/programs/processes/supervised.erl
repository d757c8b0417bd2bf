%% Children that a supervisor starts, restarts and ends.
-module(supervised).
-behaviour(supervisor).
-export([run/0, init/1, start/1, child/2]).

run() ->
    Old = process_flag(trap_exit, true),
    {ok, S} = supervisor:start_link(?MODULE, []),
    R = [begin {ok, P} = supervisor:start_child(S, [N]), P end || N <- lists:seq(1, 1000)],
    A = lists:sum([begin P ! {self(), N}, receive {P, X} -> X end end || {P, N} <- lists:zip(R, lists:seq(1, 1000))]),
    [ok = supervisor:terminate_child(S, P) || P <- R],
    C = proplists:get_value(active, supervisor:count_children(S)),
    unlink(S),
    exit(S, shutdown),
    process_flag(trap_exit, Old),
    receive {'EXIT', S, _} -> ok after 0 -> ok end,
    {A, C}.

init([]) -> {ok, {{simple_one_for_one, 0, 1}, [{c, {?MODULE, start, []}, temporary, 1000, worker, [?MODULE]}]}}.
start(N) -> {ok, spawn_link(?MODULE, child, [N, self()])}.
child(N, S) -> receive {From, X} -> From ! {self(), N + X}, child(N, S) end.
