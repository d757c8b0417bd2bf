%% Who asks to be told of long message queues is told when one has become long, and when it is so no longer.
%% otp: 27 29
-module(long_queues).
-export([main/0]).

main() ->
    Watcher = spawn_link(fun() -> watch([]) end),
    put(watcher, Watcher),
    tb:p(before, erlang:system_monitor(Watcher, [{long_message_queue, {5, 20}}, busy_port])),
    {Watcher, Set} = erlang:system_monitor(),
    tb:p(set, lists:sort(Set)),
    P = server(),
    send(P, 15), told(few, 0),
    send(P, 10), told(many, 1),
    send(P, 10), told(more, 0),
    take(P, 20), told(fewer, 0),
    take(P, 12), told(none, 1),
    send(P, 12), told(few_again, 0),
    send(P, 10), told(many_again, 1),
    %% What was told is still known.
    erlang:system_monitor(Watcher, [{long_message_queue, {0, 20}}]),
    send(P, 1), told(anew, 0),
    take(P, 20), told(fewer, 0),
    take(P, 6), told(none, 1),
    busy(),
    {Watcher, Last} = erlang:system_monitor(undefined),
    tb:p(last, Last),
    send(P, 100), told(nobody, 0),
    refused(),
    erlang:system_info(otp_release) =:= "27" orelse session().

server() ->
    P = spawn_link(fun serve/0),
    put(served, P),
    P.

serve() ->
    receive
        {take, N} -> [receive {message, _} -> ok end || _ <- lists:seq(1, N)], serve()
    end.

send(P, N) ->
    [P ! {message, I} || I <- lists:seq(1, N)],
    length_is(P, fun(_) -> true end).

take(P, N) ->
    {_, Before} = process_info(P, message_queue_len),
    P ! {take, N},
    length_is(P, fun(Now) -> Now =:= Before - N end).

length_is(P, F) ->
    {_, N} = process_info(P, message_queue_len),
    case F(N) of
        true -> ok;
        false -> timer:sleep(1), length_is(P, F)
    end.

%% A process that never receives is told of too.
busy() ->
    P = spawn_opt(fun() -> spin(0) end, [link, {priority, low}]),
    put(served, P),
    [P ! N || N <- lists:seq(1, 20)],
    told(busy, 1),
    unlink(P),
    exit(P, kill).

spin(N) -> spin(N + 1).

watch(Told) ->
    receive
        {count, P, From} -> From ! {count, length([1 || {Q, _, _} <- Told, P =:= Q])}, watch(Told);
        {all, P, From} -> From ! {all, [{What, V} || {Q, What, V} <- lists:reverse(Told), P =:= Q]}, watch([]);
        {monitor, P, What, Value} -> watch([{P, What, Value} | Told])
    end.

%% What the watcher was told since, so many things at least.
told(Label, Least) ->
    told(Label, Least, 5000).
told(Label, Least, Left) ->
    Watcher = get(watcher),
    Watcher ! {count, get(served), self()},
    receive
        {count, N} when N >= Least; Left =:= 0 ->
            Watcher ! {all, get(served), self()},
            receive {all, All} -> tb:p(Label, All) end;
        {count, _} ->
            timer:sleep(1),
            told(Label, Least, Left - 1)
    end.

refused() ->
    [tb:t(Limits, fun() -> erlang:system_monitor(self(), [{long_message_queue, Limits}]) end)
     || Limits <- [{100, 100}, {-1, 1}, {0, -1}, {2, 1}, {1}, 1, {a, b}, {1.0, 2}]].

session() ->
    S = trace:session_create(queues, get(watcher), []),
    tb:p(session, trace:system(S, long_message_queue, {1, 3})),
    P = server(),
    send(P, 2), told(two, 0),
    send(P, 2), told(four, 1),
    take(P, 3), told(one, 1),
    tb:p(info, trace:info(S, system, all)),
    tb:p(off, trace:system(S, long_message_queue, false)),
    tb:p(info, trace:info(S, system, all)),
    trace:session_destroy(S).
