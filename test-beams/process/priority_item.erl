%% otp: 29
%% A process takes priority messages while it has an alias, a monitor or a link that asks for them.
-module(priority_item).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    i(start),
    A = alias([priority]),
    i(alias),
    unalias(A),
    i(unalias),
    P = spawn(fun() -> receive stop -> ok end end),
    M = monitor(process, P, [priority]),
    i(monitor),
    demonitor(M),
    i(demonitor),
    link(P, [priority]),
    i(link),
    unlink(P),
    i(unlink),
    link(P, [priority]),
    link(P),
    i(link_again),
    unlink(P),
    M2 = monitor(process, P, [priority]),
    P ! stop,
    receive {'DOWN', M2, process, P, _} -> ok end,
    i(down),
    B = alias([priority, reply]),
    erlang:send(B, x, [priority]),
    receive x -> ok end,
    i(replied),
    C = alias([priority]),
    D = alias([priority]),
    unalias(C),
    i(one_of_two),
    unalias(D),
    i(none),
    p(default, lists:keyfind(priority_messages, 1, process_info(self()))),
    p(packages, lists:sort(maps:keys(erlang:system_info(embedded_3pps)))).

i(When) -> p(When, process_info(self(), priority_messages)).
