%% Links and monitors made and broken by processes that come and go.
-module(churn).
-export([run/0]).

run() ->
    Old = process_flag(trap_exit, true),
    Hub = spawn(fun() -> receive stop -> ok end end),
    R = lists:foldl(fun(N, A) -> A + one(N, Hub) end, 0, lists:seq(1, 4000)),
    Hub ! stop,
    process_flag(trap_exit, Old),
    R.

one(N, Hub) ->
    P = spawn_link(fun() -> M = monitor(process, Hub), link(Hub), unlink(Hub), demonitor(M, [flush]), exit({bye, N}) end),
    M = monitor(process, P),
    receive {'EXIT', P, {bye, X}} -> receive {'DOWN', M, _, _, _} -> X end end.
