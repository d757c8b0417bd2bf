-module(monitors).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    p(down, begin {P1, M1} = spawn_monitor(fun() -> exit(why) end), receive {'DOWN', M1, process, P1, R1} -> R1 end end),
    p(noproc, begin P2 = spawn(fun() -> ok end), tb:wait(P2), M2 = monitor(process, P2), receive {'DOWN', M2, process, P2, R2} -> R2 end end),
    p(named, begin P3 = spawn(fun() -> receive stop -> exit(x) end end), register(mon_named, P3), M3 = monitor(process, mon_named), mon_named ! stop, receive {'DOWN', M3, process, W3, R3} -> {W3 =:= {mon_named, node()}, R3} end end),
    p(named_none, begin M4 = monitor(process, nobody_at_all), receive {'DOWN', M4, process, W4, R4} -> {W4 =:= {nobody_at_all, node()}, R4} end end),
    p(named_node, begin M5 = monitor(process, {nobody_at_all, node()}), receive {'DOWN', M5, process, _, R5} -> R5 end end),
    p(demonitor, begin P6 = idle(), M6 = monitor(process, P6), A6 = demonitor(M6), exit(P6, kill), {A6, receive {'DOWN', M6, _, _, _} -> got after 20 -> none end} end),
    p(demonitor_flush, begin {P7, M7} = spawn_monitor(fun() -> ok end), tb:wait(P7), demonitor(M7, [flush]), receive {'DOWN', M7, _, _, _} -> got after 0 -> none end end),
    p(demonitor_info, begin P8 = idle(), M8 = monitor(process, P8), {demonitor(M8, [info]), demonitor(M8, [info]), demonitor(make_ref())} end),
    p(demonitor_flush_info, begin {P9, M9} = spawn_monitor(fun() -> ok end), tb:wait(P9), {demonitor(M9, [flush, info]), receive {'DOWN', M9, _, _, _} -> got after 0 -> none end} end),
    p(several, begin P10 = idle(), Ms = [monitor(process, P10) || _ <- lists:seq(1, 5)], exit(P10, gone), [receive {'DOWN', M, _, _, R} -> R end || M <- Ms] end),
    p(info, begin P11 = idle(), monitor(process, P11), {monitors, L11} = process_info(self(), monitors), {monitored_by, B11} = process_info(P11, monitored_by), {lists:member({process, P11}, L11), lists:member(self(), B11)} end),
    t(bad_type, fun() -> monitor(id(foo), self()) end),
    t(bad_item, fun() -> monitor(process, id("x")) end),
    p(self, begin M12 = monitor(process, self()), receive {'DOWN', M12, _, _, _} -> x after 5 -> none end end),
    p(port, begin Port = open_port({spawn, "cat"}, []), M13 = monitor(port, Port), port_close(Port), receive {'DOWN', M13, port, Port, R13} -> R13 end end),
    p(time_offset, begin M14 = monitor(time_offset, clock_service), is_reference(M14) andalso demonitor(M14) end),
    p(spawn_opt, begin {P15, M15} = spawn_opt(fun() -> exit(a) end, [monitor]), receive {'DOWN', M15, process, P15, R15} -> R15 end end),
    p(spawn_opt_tag, begin {P16, M16} = spawn_opt(fun() -> exit(a) end, [{monitor, [{tag, my_tag}]}]), receive {my_tag, M16, process, P16, R16} -> R16 end end),
    p(tag, begin P17 = idle(), M17 = monitor(process, P17, [{tag, {t, 1}}]), exit(P17, z), receive {{t, 1}, M17, process, P17, R17} -> R17 end end),
    p(alias, begin A18 = alias(), A18 ! via, R18 = receive via -> got after 20 -> none end, U18 = unalias(A18), A18 ! lost, {R18, U18, unalias(A18), receive lost -> got after 10 -> none end} end),
    p(alias_reply, begin A19 = alias([reply]), spawn(fun() -> A19 ! one, A19 ! two end), R19 = receive one -> 1 after 1000 -> none end, {R19, receive two -> 2 after 10 -> none end} end),
    p(alias_monitor, begin P20 = spawn(fun() -> receive {R, X} -> R ! {R, X * 2} end end), M20 = monitor(process, P20, [{alias, reply_demonitor}]), P20 ! {M20, 21}, receive {M20, V20} -> {V20, receive {'DOWN', M20, _, _, _} -> down after 10 -> none end} end end),
    p(alias_demonitor, begin P21 = spawn(fun() -> receive {R, go} -> R ! {R, back} end end), M21 = monitor(process, P21, [{alias, demonitor}]), demonitor(M21), P21 ! {M21, go}, receive {M21, back} -> got after 20 -> none end end),
    p(alias_explicit, begin P22 = spawn(fun() -> receive {R, go} -> R ! {R, back} end end), M22 = monitor(process, P22, [{alias, explicit_unalias}]), demonitor(M22, [flush]), P22 ! {M22, go}, A22 = receive {M22, back} -> got after 1000 -> none end, {A22, unalias(M22)} end),
    t(alias_bad, fun() -> alias(id([bad])) end),
    p(spawn_request, begin R23 = spawn_request(fun() -> ok end, [monitor]), receive {spawn_reply, R23, ok, P23} -> receive {'DOWN', R23, process, P23, W23} -> W23 end end end),
    p(spawn_request_error, begin R24 = spawn_request(id(nonode@nohost_x), fun() -> ok end, []), receive {spawn_reply, R24, error, W24} -> W24 end end),
    p(many, begin L25 = [spawn_monitor(fun() -> receive go -> exit(N) end end) || N <- lists:seq(1, 300)], [P ! go || {P, _} <- L25], lists:sum([receive {'DOWN', M, _, P, N} -> N end || {P, M} <- L25]) end),
    p(order, begin Me = self(), {P26, M26} = spawn_monitor(fun() -> Me ! 1, Me ! 2, exit(3) end), [receive X when is_integer(X) -> X; {'DOWN', M26, _, P26, X} -> X end || _ <- [1, 2, 3]] end),
    p(big_reason, begin {_, M27} = spawn_monitor(fun() -> exit(lists:seq(1, 1000)) end), receive {'DOWN', M27, _, _, R27} -> length(R27) end end).

idle() -> spawn(fun() -> receive stop -> ok end end).
