%% What comes to a waiting process while it is suspended is there when it is resumed: messages, and the end of its patience.
-module(suspended_mail).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    p(waiting, lists:usort([once(fun waiting/1, N rem 3) || N <- lists:seq(1, 100)])),
    p(hibernating, lists:usort([once(fun hibernating/1, N rem 3) || N <- lists:seq(1, 30)])),
    p(timeout, timeout()),
    p(twice, twice()).

waiting(To) -> receive {mail, N} -> To ! {got, N}, waiting(To) end.

hibernating(To) -> erlang:hibernate(erlang, apply, [fun waiting/1, [To]]).

once(F, Pause) ->
    Me = self(),
    P = spawn_link(fun() -> F(Me) end),
    Keeper = spawn_link(fun() ->
        erlang:suspend_process(P),
        Me ! suspended,
        receive go -> erlang:resume_process(P) end,
        receive stop -> ok end
    end),
    receive suspended -> ok end,
    [P ! {mail, N} || N <- lists:seq(1, 10)],
    timer:sleep(Pause),
    Keeper ! go,
    Got = [receive {got, N} -> N after 3000 -> nothing end || _ <- lists:seq(1, 10)],
    Keeper ! stop,
    unlink(P),
    exit(P, kill),
    Got.

timeout() ->
    Me = self(),
    P = spawn_link(fun() -> receive never -> ok after 20 -> Me ! {self(), late} end end),
    erlang:suspend_process(P),
    timer:sleep(40),
    Early = receive {P, late} -> early after 0 -> suspended end,
    erlang:resume_process(P),
    {Early, receive {P, late} -> late after 3000 -> nothing end}.

twice() ->
    Me = self(),
    P = spawn_link(fun() -> waiting(Me) end),
    erlang:suspend_process(P),
    erlang:suspend_process(P),
    P ! {mail, 1},
    erlang:resume_process(P),
    Early = receive {got, 1} -> early after 20 -> suspended end,
    erlang:resume_process(P),
    {Early, receive {got, 1} -> got after 3000 -> nothing end}.
