-module(links).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    logger:set_primary_config(level, none),
    try body() after logger:set_primary_config(level, notice) end.

body() ->
    process_flag(trap_exit, true),
    p(reasons, [exit_of(fun() -> exit(R) end) || R <- [normal, shutdown, {a, b}, kill]]),
    p(error, case exit_of(fun() -> error(oops) end) of {oops, [_ | _]} -> with_stack end),
    p(throw, case exit_of(fun() -> throw(ball) end) of {{nocatch, ball}, [_ | _]} -> nocatch end),
    p(normal_end, exit_of(fun() -> ok end)),
    p(undef, case exit_of(fun() -> (id(nomod)):f() end) of {undef, [{nomod, f, [], _} | _]} -> undef end),
    p(spawn3, begin P3 = spawn_link(erlang, exit, [hi]), receive {'EXIT', P3, R3} -> R3 end end),
    p(spawn3_undef, begin P4 = spawn_link(nomod, nofun, [1]), receive {'EXIT', P4, {R4, [{M4, F4, A4, _} | _]}} -> {R4, M4, F4, A4} end end),
    p(kill, exit_after(kill)),
    p(killed_trap, begin P5 = spawn_link(fun() -> process_flag(trap_exit, true), receive x -> ok end end), timer:sleep(5), exit(P5, kill), receive {'EXIT', P5, R5} -> R5 end end),
    p(shutdown, exit_after(shutdown)),
    p(normal_signal, begin P6 = spawn_link(fun() -> receive stop -> done end end), exit(P6, normal), timer:sleep(5), A6 = is_process_alive(P6), P6 ! stop, receive {'EXIT', P6, R6} -> {A6, R6} end end),
    p(normal_self, begin P7 = spawn_link(fun() -> exit(self(), normal), receive after 1000 -> late end end), receive {'EXIT', P7, R7} -> R7 end end),
    p(kill_self, begin P8 = spawn_link(fun() -> exit(self(), kill), receive after 1000 -> late end end), receive {'EXIT', P8, R8} -> R8 end end),
    p(trapped, begin Me = self(), P9 = spawn_link(fun() -> process_flag(trap_exit, true), Me ! ready, receive {'EXIT', Me, W} -> exit({saw, W}) end end), receive ready -> ok end, exit(P9, whatever), receive {'EXIT', P9, R9} -> R9 end end),
    p(chain, chain(20)),
    p(chain_normal, begin Me2 = self(), P10 = spawn(fun() -> Q = spawn_link(fun() -> receive stop -> ok end end), Q ! stop, receive after 30 -> Me2 ! survived end end), M10 = erlang:monitor(process, P10), A10 = receive survived -> yes end, receive {'DOWN', M10, _, _, R10} -> {A10, R10} end end),
    p(unlink, begin P11 = spawn_link(fun() -> receive stop -> exit(bad) end end), unlink(P11), P11 ! stop, tb:wait(P11), receive {'EXIT', P11, _} -> got after 10 -> none end end),
    p(unlink_flush, begin P12 = spawn_link(fun() -> exit(x) end), timer:sleep(10), unlink(P12), receive {'EXIT', P12, x} -> delivered after 0 -> none end end),
    p(link_twice, begin P13 = spawn(fun() -> receive stop -> exit(once) end end), link(P13), link(P13), P13 ! stop, A13 = receive {'EXIT', P13, R13} -> R13 end, {A13, receive {'EXIT', P13, _} -> again after 10 -> none end} end),
    p(link_dead, begin P14 = spawn(fun() -> ok end), tb:wait(P14), {link(P14), receive {'EXIT', P14, R14} -> R14 after 100 -> none end} end),
    p(link_self, link(self())),
    p(unlink_unlinked, [unlink(self()), unlink(spawn(fun() -> ok end))]),
    p(info, begin P15 = spawn_link(fun() -> receive stop -> ok end end), {links, L15} = process_info(P15, links), P15 ! stop, receive {'EXIT', P15, normal} -> L15 =:= [self()] end end),
    p(many, begin Ps = [spawn_link(fun() -> receive go -> exit(N) end end) || N <- lists:seq(1, 200)], [P ! go || P <- Ps], lists:sum([receive {'EXIT', P, N} -> N end || P <- Ps]) end),
    p(group_kill, group_kill()),
    p(exit2_dead, begin P16 = spawn(fun() -> ok end), tb:wait(P16), exit(P16, kill) end),
    t(exit2_bad, fun() -> exit(id(notpid), kill) end),
    t(link_bad, fun() -> link(id(notpid)) end),
    p(notrap, begin P17 = spawn(fun() -> spawn_link(fun() -> exit(inner) end), receive after 1000 -> late end end), tb:wait(P17) end),
    p(order, begin Me18 = self(), P18 = spawn_link(fun() -> Me18 ! 1, Me18 ! 2, exit(3) end), [receive X when is_integer(X) -> X; {'EXIT', P18, X} -> X end || _ <- [1, 2, 3]] end),
    p(exit_in_after, begin P19 = spawn_link(fun() -> try exit(one) after exit(two) end end), receive {'EXIT', P19, R19} -> R19 end end),
    p(catch_exit, begin P20 = spawn_link(fun() -> X20 = (catch exit(inside)), exit({caught, X20}) end), receive {'EXIT', P20, R20} -> R20 end end),
    process_flag(trap_exit, false),
    p(port_link, begin Port = open_port({spawn, "cat"}, [binary]), {links, L21} = process_info(self(), links), A21 = lists:member(Port, L21), port_close(Port), A21 end).

exit_of(F) -> P = spawn_link(F), receive {'EXIT', P, R} -> R end.

exit_after(Reason) ->
    P = spawn_link(fun() -> receive never -> ok end end),
    exit(P, Reason),
    receive {'EXIT', P, R} -> R end.

chain(N) ->
    P = spawn_link(fun() -> chain_loop(N) end),
    receive {'EXIT', P, R} -> R end.
chain_loop(0) -> exit(end_of_chain);
chain_loop(N) -> spawn_link(fun() -> chain_loop(N - 1) end), receive never -> ok end.

group_kill() ->
    Me = self(),
    Leader = spawn(fun() -> Ps = [spawn_link(fun() -> receive never -> ok end end) || _ <- lists:seq(1, 50)], Me ! Ps, receive never -> ok end end),
    Ps = receive L when is_list(L) -> L end,
    Mon = monitor(process, Leader),
    exit(hd(Ps), boom),
    R = receive {'DOWN', Mon, _, _, Why} -> Why end,
    {lists:member(R, [boom, noproc]), lists:usort([tb:wait(P) || P <- tl(Ps)]) -- [boom, noproc]}.
