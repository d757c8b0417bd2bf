%% What a process leaves behind is gone with it.
-module(exit_cleanup).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    Me = self(),
    p(ets, begin P1 = spawn(fun() -> T = ets:new(cleanup, [named_table, public]), Me ! T, receive stop -> ok end end), receive cleanup -> ok end, A1 = ets:whereis(cleanup) =/= undefined, P1 ! stop, tb:wait(P1), {A1, ets:whereis(cleanup)} end),
    p(heir, begin P2 = spawn(fun() -> T = ets:new(t, [{heir, Me, data}]), ets:insert(T, {k, v}), Me ! T, receive stop -> ok end end), T2 = receive R when is_reference(R) -> R end, P2 ! stop, receive {'ETS-TRANSFER', T2, P2, D2} -> {D2, ets:lookup(T2, k), ets:info(T2, owner) =:= Me} end end),
    p(name, begin P3 = spawn(fun() -> register(cleanup_name, self()), Me ! ok, receive stop -> ok end end), receive ok -> ok end, P3 ! stop, tb:wait(P3), whereis(cleanup_name) end),
    p(timer, begin P4 = spawn(fun() -> Me ! {ref, erlang:send_after(100000, self(), x)}, receive stop -> ok end end), R4 = receive {ref, X4} -> X4 end, P4 ! stop, tb:wait(P4), timer:sleep(5), erlang:cancel_timer(R4) end),
    p(port, begin P5 = spawn(fun() -> Me ! {port, open_port({spawn, "cat"}, [])}, receive stop -> ok end end), O5 = receive {port, X5} -> X5 end, A5 = erlang:port_info(O5) =/= undefined, P5 ! stop, tb:wait(P5), timer:sleep(20), {A5, erlang:port_info(O5)} end),
    p(alias, begin P6 = spawn(fun() -> Me ! {alias, alias()}, receive stop -> ok end end), A6 = receive {alias, X6} -> X6 end, P6 ! stop, tb:wait(P6), A6 ! x, ok end),
    p(file, begin ok = file:write_file("cleanup.txt", "abc"), P7 = spawn(fun() -> {ok, F} = file:open("cleanup.txt", [read]), Me ! {file, F}, receive stop -> ok end end), F7 = receive {file, X7} -> X7 end, P7 ! stop, tb:wait(P7), timer:sleep(20), file:read(F7, 1) end),
    p(heap, begin L = [spawn_monitor(fun() -> X = lists:seq(1, 10000), exit(length(X)) end) || _ <- lists:seq(1, 100)], lists:sum([receive {'DOWN', M, _, P, N} -> N end || {P, M} <- L]) end),
    p(waves, [begin Ps = [spawn_monitor(fun() -> receive go -> ok end end) || _ <- lists:seq(1, 500)], [P ! go || {P, _} <- Ps], length([receive {'DOWN', M, _, P, normal} -> ok end || {P, M} <- Ps]) end || _ <- lists:seq(1, 5)]).
