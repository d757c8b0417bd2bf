%% A gen_server's module is replaced again and again while calls reach it: no call may be lost or
%% answered out of turn, and code_change/3 must see each version step.
%% Usage: upgrade:main([Seconds, CallsPerSecond]).
-module(upgrade).
-export([main/1]).

main([SecondsArg, RateArg]) ->
    Seconds = int(SecondsArg),
    Rate = int(RateArg),
    Versions = [{V, server(V)} || V <- lists:seq(1, 20)],
    {1, First} = hd(Versions),
    {module, counting_server} = code:load_binary(counting_server, "counting_server.beam", First),
    {ok, Pid} = gen_server:start_link({local, counting}, counting_server, [], []),
    Callers = 10,
    Self = self(),
    End = erlang:monotonic_time(millisecond) + Seconds * 1000,
    [spawn_link(fun() -> call(Self, Pid, Rate div Callers div 100, End, 0, 0) end) || _ <- lists:seq(1, Callers)],
    Steps = upgrade(Pid, tl(Versions) ++ [hd(Versions)], End, 0),
    Calls = lists:sum([receive {calls, N} -> N end || _ <- lists:seq(1, Callers)]),
    {Count, Changes} = gen_server:call(Pid, state),
    Count = Calls,
    Changes = Steps,
    io:format("upgrade: ~p calls (~p a second), ~p upgrades, none lost~n", [Calls, Calls div Seconds, Steps]).

%% Ten ticks of 10 ms a burst each: the rate is kept by the clock, not by the answers.
call(Parent, Pid, Burst, End, Calls, Last) ->
    case erlang:monotonic_time(millisecond) of
        Now when Now >= End ->
            Parent ! {calls, Calls};
        Now ->
            NewLast = burst(Pid, Burst, Last),
            Left = 10 - (erlang:monotonic_time(millisecond) - Now),
            timer:sleep(max(0, Left)),
            call(Parent, Pid, Burst, End, Calls + Burst, NewLast)
    end.

burst(_, 0, Last) -> Last;
burst(Pid, N, Last) ->
    {Count, _} = gen_server:call(Pid, next),
    true = Count > Last,
    burst(Pid, N - 1, Count).

upgrade(Pid, [{V, Beam} = Next | Rest], End, Steps) ->
    case erlang:monotonic_time(millisecond) >= End of
        true -> Steps;
        false ->
            ok = sys:suspend(Pid),
            code:purge(counting_server),
            {module, counting_server} = code:load_binary(counting_server, "counting_server.beam", Beam),
            ok = sys:change_code(Pid, counting_server, V, []),
            ok = sys:resume(Pid),
            timer:sleep(20),
            upgrade(Pid, Rest ++ [Next], End, Steps + 1)
    end.

%% Version V of the server, compiled in memory.
server(V) ->
    Text = "-module(counting_server).\n"
        "-behaviour(gen_server).\n"
        "-export([init/1, handle_call/3, handle_cast/2, code_change/3]).\n"
        "init([]) -> {ok, {0, 0}}.\n"
        "handle_call(next, _, {N, C}) -> {reply, {N + 1, version()}, {N + 1, C}};\n"
        "handle_call(state, _, S) -> {reply, S, S}.\n"
        "handle_cast(_, S) -> {noreply, S}.\n"
        "code_change(_, {N, C}, []) -> {ok, {N, C + 1}}.\n"
        "version() -> " ++ integer_to_list(V) ++ ".\n",
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, counting_server, Beam} = compile:forms(forms(Tokens, [])),
    Beam.

forms([], []) -> [];
forms([{dot, _} = Dot | Rest], Acc) ->
    {ok, Form} = erl_parse:parse_form(lists:reverse([Dot | Acc])),
    [Form | forms(Rest, [])];
forms([T | Rest], Acc) -> forms(Rest, [T | Acc]).

int(A) when is_atom(A) -> list_to_integer(atom_to_list(A));
int(L) -> list_to_integer(L).
