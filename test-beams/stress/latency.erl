%% How long others wait while processes loop for ever: a timer of one millisecond and a ping between two processes, beside
%% two loops of normal priority for each scheduler, and one of low. Prints histograms; nobody may starve.
-module(latency).
-export([main/1]).

main([Seconds]) ->
    Time = list_to_integer(Seconds) * 1000,
    Online = erlang:system_info(schedulers_online),
    Low = atomics:new(1, []),
    Loops = [spawn(fun() -> loop(atomics:new(1, [])) end) || _ <- lists:seq(1, 2 * Online)],
    Lowest = spawn_opt(fun() -> loop(Low) end, [{priority, low}]),
    Me = self(),
    Measures = [{timer, normal, fun timer/0}, {ping, normal, ping(normal)}, {timer, high, fun timer/0}, {ping, high, ping(high)}],
    [begin
        {_, Mon} = spawn_opt(fun() -> Me ! {Name, Priority, sample(F, now_us() + Time div 2, [])} end, [{priority, Priority}, monitor]),
        receive
            {Name, Priority, Samples} -> show(Name, Priority, Samples)
        after 20 * Time + 60000 -> exit({starved, Name, Priority})
        end,
        receive {'DOWN', Mon, _, _, normal} -> ok end
    end || {Name, Priority, F} <- Measures],
    [exit(P, kill) || P <- [Lowest | Loops]],
    N = atomics:get(Low, 1),
    io:format("schedulers ~b: low priority went round ~b times~n", [Online, N]),
    true = N > 0,
    ok.

loop(C) -> atomics:add(C, 1, 1), loop(C).

now_us() -> erlang:monotonic_time(microsecond).

sample(F, End, Acc) ->
    T0 = now_us(),
    Want = F(),
    T = now_us(),
    case T > End andalso length(Acc) >= 20 of
        true -> [T - T0 - Want | Acc];
        false -> sample(F, End, [T - T0 - Want | Acc])
    end.

%% Microseconds that it should take.
timer() ->
    receive after 1 -> ok end,
    1000.

ping(Priority) ->
    fun() ->
        P = case get(echo) of
            undefined ->
                New = spawn_opt(fun echo/0, [link, {priority, Priority}]),
                put(echo, New),
                New;
            Old -> Old
        end,
        P ! {self(), ping},
        receive {P, pong} -> 0 end
    end.

echo() -> receive {P, ping} -> P ! {self(), pong}, echo() end.

show(Name, Priority, Samples) ->
    S = lists:sort(Samples),
    At = fun(Percent) -> lists:nth(max(1, length(S) * Percent div 100), S) end,
    io:format("~p at priority ~p, ~b times: 50 % within ~b us, 90 % ~b, 99 % ~b, longest ~b~n",
        [Name, Priority, length(S), At(50), At(90), At(99), lists:last(S)]),
    Buckets = [10, 100, 1000, 10000, 100000, infinity],
    Counts = [{B, length([X || X <- S, X =< B])} || B <- Buckets],
    io:format("compare ~p_~p ~b ~b ~b~n", [Name, Priority, At(50), At(90), At(99)]),
    io:format("  ~s~n", [lists:join(", ", [io_lib:format("<= ~p us: ~b", [B, C]) || {B, C} <- Counts])]).
