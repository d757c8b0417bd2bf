%% otp: 29
-module(priority_sends).
-export([main/0]).
-import(tb, [p/2, t/2]).

%% Messages and exit signals through aliases that let them come before others.
main() ->
    p(send, first(alias([priority]), fun(A) -> erlang:send(A, urgent, [priority]) end)),
    p(without_option, first(alias([priority]), fun(A) -> A ! urgent end)),
    p(plain_alias, first(alias([]), fun(A) -> erlang:send(A, urgent, [priority]) end)),
    p(to_pid, first(self(), fun(A) -> erlang:send(A, urgent, [priority]) end)),
    p(order, begin
        A = alias([priority]),
        self() ! plain,
        [erlang:send(A, N, [priority, nosuspend, noconnect]) || N <- [1, 2, 3]],
        R = [receive X -> X end || _ <- [1, 2, 3, 4]],
        {R, unalias(A), erlang:send(A, lost, [priority]), left()}
    end),
    p(reply, begin
        B = alias([reply, priority]),
        self() ! plain,
        erlang:send(B, one, [priority]), erlang:send(B, two, [priority]),
        left()
    end),
    p(explicit, first(alias([priority, explicit_unalias]), fun(A) -> erlang:send(A, urgent, [priority]) end)),
    p(from_others, others()),
    process_flag(trap_exit, true),
    Me = self(),
    p(exit, tagged(alias([priority]), fun(A) -> exit_signal(A, why, [priority]) end)),
    p(exit_old, tagged(alias([priority]), fun(A) -> exit(A, why, [priority]) end)),
    p(exit_plain, tagged(alias([priority]), fun(A) -> exit_signal(A, why, []) end)),
    p(exit_no_list, tagged(alias([priority]), fun(A) -> exit_signal(A, why) end)),
    p(exit_ordinary, tagged(alias([]), fun(A) -> exit_signal(A, why, [priority]) end)),
    p(exit_pid, tagged(Me, fun(A) -> exit_signal(A, why, [priority]) end)),
    p(exit_gone, begin
        G = alias([priority]), unalias(G),
        {exit_signal(G, why, [priority]), exit(G, kill), left()}
    end),
    p(exit_keeps_reply_alias, begin
        K = alias([reply]),
        exit(K, one), K ! two, K ! three,
        [case M of {'EXIT', Me, W} -> {exit, W}; _ -> M end || M <- left()]
    end),
    [p({to_itself, What, Trap, Reason}, itself(What, Trap, Reason)) ||
        What <- [exit2, exit3, signal2, signal3], Trap <- [true, false], Reason <- [normal, other, kill]],
    p(of_other, ended(fun(A) -> exit_signal(A, bye, [priority]) end)),
    p(of_other_normal, ended(fun(A) -> exit_signal(A, normal, [priority]), exit_signal(A, kill) end)),
    t(bad_option, fun() -> exit_signal(self(), x, [prio]) end),
    t(improper, fun() -> exit(self(), x, [priority | x]) end),
    t(no_list, fun() -> exit_signal(self(), x, priority) end),
    t(bad_target, fun() -> exit_signal(an_atom, x, [priority]) end),
    t(bad_target_old, fun() -> exit({a, b}, x, []) end),
    t(bad_send, fun() -> erlang:send(self(), x, [priority | priority]) end),
    t(bad_alias, fun() -> alias([priority, prio]) end),
    t(foreign, fun() -> exit(make_ref(), x) end).

left() -> receive X -> [X | left()] after 50 -> [] end.

%% What comes first.
first(A, Send) ->
    self() ! plain,
    Send(A),
    L = left(),
    is_reference(A) andalso unalias(A),
    L.

tagged(A, Exit) ->
    Me = self(),
    self() ! plain,
    true = Exit(A),
    [case M of {'EXIT', Me, Why} -> {exit, Why}; _ -> M end || M <- left()].

%% In a process of its own: what it does to itself.
itself(What, Trap, Reason) ->
    {P, R} = spawn_monitor(fun() ->
        process_flag(trap_exit, Trap),
        case What of
            exit2 -> exit(self(), Reason);
            exit3 -> exit(self(), Reason, []);
            signal2 -> exit_signal(self(), Reason);
            signal3 -> exit_signal(self(), Reason, [])
        end,
        receive {'EXIT', Self, Got} when Self =:= self() -> exit({message, Got}) after 50 -> exit(nothing) end
    end),
    receive {'DOWN', R, process, P, Why} -> Why end.

ended(Exit) ->
    Me = self(),
    {P, R} = spawn_monitor(fun() -> Me ! {alias, alias([priority])}, receive never -> ok end end),
    receive {alias, A} -> Exit(A) end,
    receive {'DOWN', R, process, P, Why} -> Why end.

%% Another process sends in between.
others() ->
    Me = self(),
    A = alias([priority]),
    {P, R} = spawn_monitor(fun() ->
        [begin Me ! {plain, N}, erlang:send(A, {urgent, N}, [priority]) end || N <- [1, 2, 3]]
    end),
    receive {'DOWN', R, process, P, normal} -> ok end,
    unalias(A),
    left().
