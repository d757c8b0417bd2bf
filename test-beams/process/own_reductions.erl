%% What a process gives up of its time slice is not counted as done: natives of dirty schedulers, yielding, suspending.
-module(own_reductions).
-export([main/0]).

main() ->
    File = code:which(?MODULE),
    Calls = [
        {dirty, fun() -> prim_file:read_file_info(filename:dirname(File)) end},
        {prepared, fun() -> erlang:prepare_loading(lists, <<"no code">>) end},
        {collected, fun() -> erlang:garbage_collect() end},
        {yielded, fun() -> erlang:yield() end}
    ],
    [io:format("~p ~p~n", [Name, used(F) < 3000]) || {Name, F} <- Calls],
    Me = self(),
    Other = spawn_link(fun() -> busy(Me, 20) end),
    [begin receive {Other, on} -> ok end, true = erlang:suspend_process(Other), erlang:resume_process(Other) end || _ <- lists:seq(1, 20)],
    receive {Other, Used} -> io:format("~p~n", [Used < 20 * 3000]) end.

used(F) ->
    F(),
    {reductions, Before} = process_info(self(), reductions),
    F(),
    {reductions, After} = process_info(self(), reductions),
    After - Before.

busy(To, 0) ->
    To ! {self(), element(2, process_info(self(), reductions))};
busy(To, N) ->
    To ! {self(), on},
    receive after 1 -> busy(To, N - 1) end.
