%% What the collections of a process with five million live words cost others. A ticker of the same priority gives way again and
%% again; a gap between two of its turns is what somebody else took from its scheduler, less what the
%% thread waited for a processor (the system's matter: schedstat). The same is measured beside a process that lives on but
%% collects nothing. Collections of all sizes happen on the way to five million words, then minor and major ones.
%% Usage: pauses:main([Limit]). Limit: microseconds that the longest gap may be above that of the other run, `none` for no limit.
-module(pauses).
-export([main/1]).

-define(LIVE, 5000000).

main([Limit]) ->
    process_flag(priority, max),
    %% Once is enough: a collection that holds a scheduler does so in each round.
    Rounds = [begin {Quiet, _} = measure(quiet), {Busy, Own} = measure(busy), show(Quiet, Busy, Own), Busy - Quiet end || _ <- "123"],
    More = lists:min(Rounds),
    io:format("pauses: others wait at most ~b us longer because of collections, with ~b schedulers~n",
        [More, erlang:system_info(schedulers_online)]),
    Limit =:= "none" orelse More =< list_to_integer(Limit) orelse exit({pause, More}),
    ok.

show(Quiet, Busy, {Longest, Count, Sum}) ->
    io:format("  longest gap ~b us without collections, ~b us with; the process itself: ~b collections, ~b us in all, longest ~b us~n",
        [Quiet, Busy, Count, Sum, Longest]).

%% The longest gap in microseconds, and the collections of the process.
measure(What) ->
    Me = self(),
    Online = erlang:system_info(schedulers_online),
    Big = spawn(fun() -> big(Me, What) end),
    receive {ready, Big} -> ok end,
    Tracer = spawn_opt(fun() -> tracer(Me, none, {0, 0, 0}) end, [{priority, max}]),
    erlang:trace(Big, true, [garbage_collection, monotonic_timestamp, {tracer, Tracer}]),
    Tickers = [spawn_opt(fun() -> ticker(Me, N) end, [link, {scheduler, N}]) || N <- lists:seq(1, Online)],
    Big ! go,
    case What of
        quiet -> timer:sleep(1500);
        busy -> receive {done, Big} -> ok end
    end,
    Longest = lists:max([begin T ! stop, receive {longest, T, G} -> G end end || T <- Tickers]),
    Gone = monitor(process, Big),
    exit(Big, kill),
    %% That its memory is given back is not what is measured.
    receive {'DOWN', Gone, _, _, _} -> timer:sleep(200) end,
    Tracer ! stop,
    Own = receive {collections, C} -> C end,
    {Longest, Own}.

big(Me, quiet) ->
    Live = build(?LIVE div 5, []),
    Me ! {ready, self()},
    receive go -> ok end,
    spin(Live);
big(Me, busy) ->
    Me ! {ready, self()},
    receive go -> ok end,
    Live = build(?LIVE div 5, []),
    %% Garbage, and a part that lives on: all is copied again and again.
    Now = churn(60, Live),
    erlang:garbage_collect(),
    %% No `length/1` here: of so long a list it takes long itself.
    {1, _} = hd(Now),
    Me ! {done, self()},
    receive never -> Now end.

%% Five words each.
build(0, Acc) -> Acc;
build(N, Acc) -> build(N - 1, [{N, N} | Acc]).

churn(0, Live) -> Live;
churn(N, Live) ->
    [_ | _] = build(100000, []),
    churn(N - 1, [{N, build(1000, [])} | Live]).

spin(Live) -> spin(Live).

%% Bound to one scheduler, whose thread it knows.
ticker(To, Scheduler) ->
    {ok, F} = file:open("/proc/self/task/" ++ thread(Scheduler) ++ "/schedstat", [read, raw, binary]),
    tick(To, F, now_us(), {waited(F), now_us()}, 0).

%% W: how long the thread has waited until when. It is asked after long gaps, and each millisecond.
tick(To, F, T0, {W0, At} = W, Longest) ->
    erlang:yield(),
    T = now_us(),
    receive stop -> To ! {longest, self(), Longest}
    after 0 ->
        case T - T0 > 200 orelse T - At > 1000 of
            true ->
                W1 = waited(F),
                Gap = T - T0 - (W1 - W0),
                Now = now_us(),
                tick(To, F, Now, {W1, Now}, max(Longest, Gap));
            false -> tick(To, F, T, W, Longest)
        end
    end.

waited(F) ->
    {ok, Text} = file:pread(F, 0, 100),
    [_, Wait | _] = binary:split(Text, <<" ">>, [global]),
    binary_to_integer(Wait) div 1000.

thread(Scheduler) ->
    Names = [integer_to_list(Scheduler) ++ "_scheduler", "erts_sched_" ++ integer_to_list(Scheduler)],
    {ok, Tasks} = file:list_dir("/proc/self/task"),
    Named = [T || T <- Tasks, {ok, Comm} <- [file:read_file("/proc/self/task/" ++ T ++ "/comm")], lists:member(string:trim(binary_to_list(Comm)), Names)],
    case Named of
        [Found] -> Found;
        %% The program's first thread bears the program's name.
        [] when Scheduler =:= 1 -> os:getpid()
    end.

%% Times of collections, as trace messages tell.
tracer(To, Start, {Longest, Count, Sum} = Acc) ->
    receive
        stop -> To ! {collections, Acc};
        Event when element(1, Event) =:= trace_ts ->
            Time = element(tuple_size(Event), Event),
            case element(3, Event) of
                S when S =:= gc_minor_start; S =:= gc_major_start -> tracer(To, Time, Acc);
                E when E =:= gc_minor_end; E =:= gc_major_end ->
                    Took = erlang:convert_time_unit(Time - Start, native, microsecond),
                    tracer(To, none, {max(Longest, Took), Count + 1, Sum + Took})
            end
    end.

now_us() -> erlang:monotonic_time(microsecond).
