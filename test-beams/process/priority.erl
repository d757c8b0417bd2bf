%% otp: 29
-module(priority).
-export([main/0]).
-import(tb, [p/2, t/2]).

%% Messages of monitors and links that come before others, and hibernation within a function.
main() ->
    p(monitor, order(fun(P) -> monitor(process, P, [priority]) end, fun('DOWN') -> true; (_) -> false end)),
    p(ordinary, order(fun(P) -> monitor(process, P) end, fun('DOWN') -> true; (_) -> false end)),
    p(tagged, order(fun(P) -> monitor(process, P, [{tag, gone}, priority]) end, fun(gone) -> true; (_) -> false end)),
    process_flag(trap_exit, true),
    p(link, order(fun(P) -> link(P, [priority]) end, fun('EXIT') -> true; (_) -> false end)),
    p(link_plain, order(fun(P) -> link(P, []) end, fun('EXIT') -> true; (_) -> false end)),
    p(unlinked, order(fun(P) -> link(P, [priority]), unlink(P), link(P) end, fun('EXIT') -> true; (_) -> false end)),
    p(two, two()),
    p(marked, marked()),
    t(bad_monitor, fun() -> monitor(process, self(), [prio]) end),
    t(bad_link, fun() -> link(self(), [{priority, true}]) end),
    t(improper, fun() -> link(self(), [priority | x]) end),
    p(hibernate, hibernating()),
    p(at_once, begin self() ! x, R = erlang:hibernate(), receive x -> R end end).

%% Which of the messages 1, 2 and that of the end of a process is the first.
order(Watch, Is) ->
    P = spawn(fun() -> receive stop -> ok end end),
    Watch(P),
    self() ! 1, self() ! 2,
    P ! stop,
    wait_for(3),
    [case receive M -> M end of N when is_integer(N) -> N; T -> {ended, Is(element(1, T))} end || _ <- [1, 2, 3]].

wait_for(N) ->
    case process_info(self(), message_queue_len) of
        {_, N} -> ok;
        _ -> timer:sleep(1), wait_for(N)
    end.

%% Two of them keep their order; the one that is received is not always the first.
two() ->
    [A, B] = [spawn(fun() -> receive stop -> ok end end) || _ <- [1, 2]],
    Ra = monitor(process, A, [priority]), Rb = monitor(process, B, [priority]),
    self() ! plain,
    A ! stop, wait_for(2), B ! stop, wait_for(3),
    receive plain -> ok end,
    self() ! again,
    First = receive {'DOWN', R1, _, _, _} -> R1 end,
    Second = receive {'DOWN', R2, _, _, _} -> R2; again -> none end,
    receive again -> {First =:= Ra, Second =:= Rb} end.

%% A receive that waits behind many messages, for a reference made after them.
marked() ->
    [self() ! N || N <- lists:seq(1, 100)],
    P = spawn(fun() -> receive stop -> ok end end),
    R = monitor(process, P, [priority]),
    P ! stop,
    Got = receive {'DOWN', R, process, P, Why} -> Why after 5000 -> none end,
    {Got, [receive N -> N end || N <- lists:seq(1, 100)] =:= lists:seq(1, 100)}.

hibernating() ->
    Self = self(),
    P = spawn(fun() -> L = lists:seq(1, 10), R = erlang:hibernate(), receive M -> Self ! {R, M, lists:sum(L)} end end),
    until(P),
    erlang:garbage_collect(P),
    P ! hello,
    receive X -> X end.

until(P) ->
    case process_info(P, status) of
        {_, waiting} -> ok;
        _ -> timer:sleep(1), until(P)
    end.
