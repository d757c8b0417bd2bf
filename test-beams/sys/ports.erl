%% Ports: signals, ownership, options and their mistakes, busy ports.
-module(ports).
-export([main/0]).

main() ->
    process_flag(trap_exit, true),
    close(), bad_signals(), owners(), names(), links(), monitors(), options(), names_of_ports(), environment(), info(), data(),
    ends(), busy(), many().

cat(Options) -> open_port({spawn, "cat"}, Options).

%% The next message about a port, without the port.
next(P) ->
    receive
        {P, X} -> X;
        {'EXIT', P, Reason} -> {exit, Reason};
        {'DOWN', _, port, P, Reason} -> {down, Reason}
    after 3000 -> nothing
    end.
none(P) -> receive {P, X} -> X; {'EXIT', P, R} -> {exit, R} after 50 -> none end.

close() ->
    P = cat([binary]),
    tb:p(command, port_command(P, ["ab", <<"c">>, [$d | <<"e">>]])),
    tb:p(data, next(P)),
    P ! {self(), {command, "xyz"}},
    tb:p(data, next(P)),
    tb:p(close, [port_close(P), next(P), none(P)]),
    P2 = cat([]),
    P2 ! {self(), close},
    tb:p(closed, tb:sort([next(P2), next(P2)])),
    [tb:t(gone, F) || F <- [fun() -> port_close(P2) end, fun() -> port_command(P2, "x") end, fun() -> erlang:port_info(P2) end,
                            fun() -> port_connect(P2, self()) end, fun() -> port_control(P2, 1, "") end, fun() -> P2 ! x end,
                            fun() -> link(P2), next(P2) end]].

bad_signals() ->
    P = cat([]),
    [begin P ! M, tb:p(bad, next(P)) end || M <- [foo, {self(), bar}, {self(), {connect, foo}}, {foo, close}, {self(), {foo, bar}}]],
    spawn(fun() -> P ! {self(), {command, "x"}} end),
    tb:p(stranger, next(P)),
    [tb:t(badarg, F) || F <- [fun() -> port_command(P, "a", [bad]) end, fun() -> port_command(P, "a", [force]) end,
                              fun() -> port_control(P, foo, "") end, fun() -> port_control(P, 1, "") end, fun() -> port_control(P, -1, "") end,
                              fun() -> erlang:port_call(P, 1, x) end, fun() -> port_connect(P, foo) end, fun() -> port_command(foo, "x") end,
                              fun() -> port_close(17) end]],
    tb:p(alive, is_list(erlang:port_info(P))),
    port_close(P), next(P).

owners() ->
    Me = self(),
    P = cat([]),
    Q = spawn(fun() ->
                      receive go -> P ! {self(), {command, "viaq"}} end,
                      receive M -> Me ! {q, setelement(1, M, port)} end,
                      P ! {self(), {connect, Me}},
                      receive M2 -> Me ! {q, setelement(1, M2, port)} end
              end),
    tb:p(connect, [port_connect(P, Q), erlang:port_info(P, connected) =:= {connected, Q}, length(element(2, erlang:port_info(P, links)))]),
    Q ! go,
    tb:p(other, [receive {q, X} -> X end, receive {q, X2} -> X2 end]),
    tb:p(back, erlang:port_info(P, connected) =:= {connected, Me}),
    P ! {Me, {connect, Me}},
    tb:p(connected, next(P)),
    port_close(P), next(P).

names() ->
    P = cat([]),
    tb:p(register, [register(tb_port, P), whereis(tb_port) =:= P, erlang:port_info(P, registered_name)]),
    [tb:t(taken, fun() -> register(N, P) end) || N <- [tb_port, tb_port2]],
    tb_port ! {self(), {command, "n"}},
    tb:p(data, next(P)),
    port_command(tb_port, "m"),
    tb:p(data, next(P)),
    tb:p(unregister, [unregister(tb_port), erlang:port_info(P, registered_name)]),
    register(tb_port, P),
    tb:p(close, [port_close(tb_port), next(P), whereis(tb_port), erlang:port_info(tb_port)]),
    tb:t(gone, fun() -> tb_port ! x end).

links() ->
    P = cat([]),
    unlink(P),
    tb:p(unlinked, erlang:port_info(P, links)),
    link(P),
    tb:p(linked, erlang:port_info(P, links) =:= {links, [self()]}),
    exit(P, foo),
    tb:p(exit, next(P)),
    [begin X = cat([]), exit(X, R), tb:p({exit, R}, next(X)) end || R <- [normal, kill, {a, b}]],
    Me = self(),
    {_, Ref} = spawn_monitor(fun() -> Me ! {port, cat([])} end),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    X1 = receive {port, X0} -> X0 end,
    receive after 20 -> ok end,
    tb:p(owner_gone, erlang:port_info(X1)).

monitors() ->
    P = cat([]),
    monitor(port, P),
    tb:p(monitored, erlang:port_info(P, monitored_by) =:= {monitored_by, [self()]}),
    port_close(P),
    tb:p(down, tb:sort([next(P), next(P)])),
    monitor(port, P),
    tb:p(late, next(P)),
    P2 = cat([]),
    register(tb_port, P2),
    R = monitor(port, tb_port),
    tb:p(demonitor, demonitor(monitor(port, P2), [flush])),
    port_close(P2),
    tb:p(named, receive {'DOWN', R, port, {tb_port, _}, Why} -> Why end),
    tb:p(exit, next(P2)),
    R2 = monitor(port, tb_port),
    tb:p(nobody, receive {'DOWN', R2, Kind, {tb_port, _}, Why2} -> {Kind, Why2} end).

options() ->
    [tb:t({option, O}, fun() -> P = cat(O), catch port_close(P), next(P) end)
     || O <- [[foo], foo, [{packet, 3}], [{packet, big}], [{line, 0}], [{line, 9}, {packet, 1}], [nouse_stdio, stderr_to_stdout], [in | out],
              [{cd, foo}], [{cd, 17}], [{env, foo}], [{env, [{"A", false}]}], [{env, [{"A", 17}]}], [{env, [{"A=B", "C"}]}], [{env, [{a, "C"}]}],
              [{busy_limits_port, {1, 2}}], [{busy_limits_port, {0, 2}}], [{busy_limits_port, disabled}], [{parallelism, true}], [{parallelism, x}],
              [hide], [overlapped_io], [{arg0, "x"}], [{args, ["x"]}], [stream]]].

names_of_ports() ->
    [tb:t(N, fun() -> P = open_port(N, O), port_close(P), next(P) end)
     || {N, O} <- [{foo, [foo]}, {{foo, bar}, []}, {{}, []}, {{spawn}, []}, {{spawn, []}, []}, {{spawn, <<"cat">>}, []}, {{spawn, cat}, []},
                   {{spawn, "cat\0"}, []}, {{spawn, 17}, []}, {{spawn_executable, "/nonexistent"}, []}, {{spawn_executable, "/etc/passwd"}, []},
                   {{spawn_executable, "/bin/cat"}, [{args, ["-"]}]}, {{spawn_executable, "/bin/cat"}, [{args, foo}]}, {{spawn_driver, "cat"}, []},
                   {{fd, 0, 1}, [exit_status]}, {{fd, a, 1}, []}, {{fd, 0}, []}, {{fd, 99999999, 1}, []}, {{fd, -1, -1}, []}]].

%% All data until the end.
all(P) -> all(P, []).
all(P, Acc) ->
    receive
        {P, {data, D}} -> all(P, [D | Acc]);
        {P, eof} -> lists:append(lists:reverse(Acc))
    after 3000 -> {timeout, Acc}
    end.

environment() ->
    tb:p(env, all(open_port({spawn, "sh -c 'echo $TB_A-$TB_B-$HOME; pwd'"}, [eof, {env, [{"TB_A", "x y"}, {"HOME", false}, {"TB_B", []}]}, {cd, "/usr"}]))),
    tb:p(args, all(open_port({spawn_executable, "/bin/sh"}, [eof, {args, ["-c", "echo \"$0|$1|$2\"", "zero", <<"a b">>, "$x"]}]))),
    tb:p(arg0, all(open_port({spawn_executable, "/bin/sh"}, [eof, {args, ["-c", "head -zn1 /proc/$$/cmdline"]}, {arg0, "myname"}]))),
    tb:p(stderr, all(open_port({spawn, "sh -c 'echo e >&2; echo o'"}, [eof, stderr_to_stdout]))),
    P = open_port({spawn, "sh -c 'cat <&3 >&4'"}, [nouse_stdio]),
    port_command(P, "34"),
    tb:p(nouse_stdio, next(P)),
    port_close(P), next(P).

info() ->
    P = cat([{parallelism, true}]),
    [tb:t(K, fun() -> erlang:port_info(P, K) end) || K <- [name, input, output, parallelism, locking, monitors, queue_size, registered_name, foo, 17]],
    tb:p(keys, [K || {K, _} <- erlang:port_info(P)]),
    [tb:t(wrong, fun() -> erlang:port_info(X, name) end) || X <- [17, tb_nobody, self()]],
    tb:p(text, [list_to_port(port_to_list(P)) =:= P, lists:member(P, erlang:ports())]),
    port_close(P), next(P).

data() ->
    P = cat([]),
    tb:p(data, [erlang:port_get_data(P), erlang:port_set_data(P, {a, [1, 2]}), erlang:port_get_data(P)]),
    port_close(P), next(P),
    tb:t(gone, fun() -> erlang:port_get_data(P) end),
    tb:t(gone, fun() -> erlang:port_set_data(P, x) end).

ends() ->
    P = cat([]),
    {os_pid, Pid} = erlang:port_info(P, os_pid),
    os:cmd("kill " ++ integer_to_list(Pid)),
    tb:p(killed, next(P)),
    P2 = open_port({spawn, "true"}, [out]),
    receive after 200 -> ok end,
    catch port_command(P2, "x"),
    tb:p(epipe, next(P2)),
    P3 = cat([{packet, 1}]),
    port_command(P3, lists:duplicate(256, 1)),
    tb:p(too_long, next(P3)),
    P4 = open_port({spawn, "echo hi"}, [eof]),
    tb:p(soft, [next(P4), next(P4), none(P4), is_list(erlang:port_info(P4))]),
    port_close(P4), next(P4),
    P5 = open_port({spawn, "sh -c 'printf part; exit 3'"}, [exit_status, {line, 80}, eof]),
    tb:p(order, [next(P5), next(P5), next(P5)]),
    port_close(P5), next(P5).

busy() ->
    Me = self(),
    P = open_port({spawn, "sleep 1; cat >/dev/null"}, [out]),
    Block = binary:copy(<<"x">>, 50000),
    spawn_link(fun() -> [port_command(P, Block) || _ <- [1, 2]], Me ! sent, port_command(P, Block), Me ! late end),
    tb:p(busy, [receive sent -> sent end, receive late -> early after 300 -> waits end]),
    tb:p(nosuspend, [port_command(P, Block, [nosuspend]), erlang:send(P, {self(), {command, "x"}}, [nosuspend])]),
    tb:p(queue, element(2, erlang:port_info(P, queue_size)) > 8192),
    exit(P, kill),
    tb:p(kill, next(P)).

many() ->
    Me = self(),
    P = cat([{packet, 4}, binary]),
    [spawn(fun() -> [port_command(P, [<<I>>, <<J:16>>]) || J <- lists:seq(1, 300)], Me ! done end) || I <- lists:seq(1, 8)],
    tb:p(order, in_order(P, 8 * 300, #{})),
    port_close(P).

in_order(_, 0, _) -> true;
in_order(P, N, Seen) ->
    receive {P, {data, <<I, J:16>>}} ->
            case maps:get(I, Seen, 0) + 1 of
                J -> in_order(P, N - 1, Seen#{I => J});
                _ -> false
            end
    end.
