%% vm: own
%% erlang:system_profile/0,2: processes that begin and cease to have work, ports, schedulers, who may be told.
-module(system_profile).
-export([main/0]).

main() ->
    settings(),
    processes_(),
    ports(),
    schedulers(),
    [tb:p(T, stamp(T)) || T <- [timestamp, monotonic_timestamp, strict_monotonic_timestamp]].

collector(Acc) ->
    receive
        {get, P} -> P ! {events, lists:reverse(Acc)}, collector(Acc);
        stop -> ok;
        M -> collector([M | Acc])
    end.

events(Pid) ->
    timer:sleep(30),
    Pid ! {get, self()},
    receive {events, E} -> Pid ! stop, E end.

settings() ->
    tb:p(none, erlang:system_profile()),
    P = spawn(fun() -> collector([]) end),
    Show = fun({Who, L}) when Who =:= P -> L; (X) -> X end,
    tb:p(first, Show(erlang:system_profile(P, [runnable_ports]))),
    tb:p(all, Show(erlang:system_profile(P, [exclusive, runnable_ports, scheduler, runnable_procs]))),
    tb:p(now, Show(erlang:system_profile())),
    tb:p(nothing, Show(erlang:system_profile(P, []))),
    [tb:p(W, try erlang:system_profile(A, B) catch error:Reason -> {error, Reason} end) || {W, A, B} <- [
        {atom, x, [scheduler]}, {option, P, [scheduler, nonsense]}, {improper, P, [scheduler | x]}, {options, P, x},
        {dead, spawn_dead(), [scheduler]}, {self_, undefined, x}]],
    undefined = erlang:system_profile(P, [monotonic_timestamp]),
    tb:p(no_kind, Show(erlang:system_profile())),
    M = monitor(process, P),
    exit(P, kill),
    receive {'DOWN', M, _, _, _} -> ok end,
    timer:sleep(30),
    tb:p(profiler_gone, erlang:system_profile()).

spawn_dead() ->
    {P, M} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', M, _, _, _} -> P end.

processes_() ->
    Prof = spawn(fun() -> collector([]) end),
    P = spawn(fun loop/0),
    timer:sleep(20),
    undefined = erlang:system_profile(Prof, [runnable_procs]),
    Pause = fun() -> timer:sleep(20) end,
    process_info(P, messages), Pause(),
    P ! go, Pause(),
    P ! other, Pause(),
    link(P), Pause(), unlink(P), Pause(),
    erlang:suspend_process(P), Pause(), P ! go, Pause(), erlang:resume_process(P), Pause(),
    {Q, MQ} = spawn_monitor(fun() -> receive after 5 -> ok end end),
    {R, MR} = spawn_monitor(fun() -> [erlang:yield() || _ <- "123"] end),
    MP = monitor(process, P),
    P ! stop,
    [receive {'DOWN', M, _, _, _} -> ok end || M <- [MQ, MR, MP]],
    Pause(), Pause(),
    {Prof, [runnable_procs]} = erlang:system_profile(undefined, []),
    E = events(Prof),
    Of = fun(Pid) -> [{A, mfa(W)} || {profile, X, A, W, _} <- E, X =:= Pid] end,
    %% How often depends on who is quick.
    tb:p(p_alternates, {alternates(Of(P)), length(Of(P)) >= 4, hd(Of(P)), lists:last(Of(P)), lists:usort(Of(P))}),
    [tb:p(N, Of(Pid)) || {N, Pid} <- [{q, Q}, {r, R}, {prof, Prof}]],
    tb:p(tags, lists:usort([element(1, X) || X <- E])).

%% Funs have names of the compiler.
mfa({M, F, A}) -> {M, case atom_to_list(F) of "-" ++ _ -> a_fun; _ -> F end, A};
mfa(X) -> X.

loop() -> receive go -> loop(); stop -> ok end.

ports() ->
    Port = open_port({spawn, "cat"}, []),
    Prof = spawn(fun() -> collector([]) end),
    undefined = erlang:system_profile(Prof, [runnable_ports]),
    port_command(Port, "x"),
    receive {Port, {data, "x"}} -> ok end,
    erlang:system_profile(undefined, []),
    E = [{A, W} || {profile, P, A, W, _} <- events(Prof), P =:= Port],
    port_close(Port),
    tb:p(port_ends, [hd(E), lists:last(E)]),
    tb:p(port_alternates, alternates(E)).

alternates([{A, _} | [{B, _} | _] = T]) -> A =/= B andalso alternates(T);
alternates(_) -> true.

schedulers() ->
    Prof = spawn(fun() -> collector([]) end),
    undefined = erlang:system_profile(Prof, [scheduler]),
    [timer:sleep(5) || _ <- "12345678"],
    erlang:system_profile(undefined, []),
    E = events(Prof),
    Online = erlang:system_info(schedulers),
    tb:p(schedulers, E =/= [] andalso lists:all(fun({profile, scheduler, N, A, C, {_, _, _}}) ->
        N >= 1 andalso N =< Online andalso C >= 0 andalso C =< Online andalso (A =:= active orelse A =:= inactive) end, E)).

stamp(T) ->
    Prof = spawn(fun() -> collector([]) end),
    undefined = erlang:system_profile(Prof, [runnable_procs, T]),
    {_, M} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', M, _, _, _} -> timer:sleep(30) end,
    erlang:system_profile(undefined, []),
    case element(5, hd(events(Prof))) of
        {A, B, C} when is_integer(A), is_integer(B), is_integer(C) -> triple;
        {A, B} when is_integer(A), is_integer(B) -> pair;
        A when is_integer(A) -> integer
    end.
