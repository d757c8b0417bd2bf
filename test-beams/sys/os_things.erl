-module(os_things).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    p(cmd, [os:cmd("echo hello"), os:cmd("printf 'a\\nb'"), os:cmd("exit 3"), os:cmd("echo err 1>&2"), os:cmd("cat < /dev/null")]),
    p(cmd_max, os:cmd("echo 0123456789", #{max_size => 5})),
    p(cmd_unicode, os:cmd("printf 'å'")),
    p(cmd_long, length(os:cmd("i=0; while [ $i -lt 2000 ]; do echo line$i; i=$((i+1)); done"))),
    p(env, [os:putenv("TB_VAR", "value"), os:getenv("TB_VAR"), os:cmd("echo $TB_VAR"), os:unsetenv("TB_VAR"), os:getenv("TB_VAR"), os:getenv("TB_VAR", "dflt")]),
    p(env_unicode, [os:putenv("TB_U", "åα"), os:getenv("TB_U"), os:unsetenv("TB_U")]),
    p(env_list, [lists:any(fun(S) -> lists:prefix("PATH=", S) end, os:getenv()), lists:keymember("PATH", 1, os:env())]),
    p(type, [os:type(), is_tuple(os:version()), is_list(os:getpid())]),
    p(find, [is_list(os:find_executable("sh")), os:find_executable("surely-not-a-program")]),
    p(times, [is_integer(os:system_time()), tuple_size(os:timestamp()), is_integer(os:perf_counter())]),
    p(port_data, port("cat", [binary], fun(P) -> port_command(P, "abc"), receive {P, {data, D}} -> D end end)),
    p(port_lines, collect(open_port({spawn, "printf 'one\\ntwo\\nlast'"}, [{line, 100}, exit_status]))),
    p(port_short_lines, collect(open_port({spawn, "printf 'abcdefgh\\n'"}, [{line, 3}, exit_status]))),
    p(port_status, [collect(open_port({spawn, "sh -c 'exit " ++ integer_to_list(N) ++ "'"}, [exit_status])) || N <- [0, 1, 42, 255]]),
    p(port_signal, collect(open_port({spawn_executable, "/bin/sh"}, [exit_status, {args, ["-c", "kill -9 $$"]}]))),
    p(port_args, collect(open_port({spawn_executable, "/bin/echo"}, [exit_status, {args, ["a b", "c"]}]))),
    p(port_env, collect(open_port({spawn, "sh -c 'echo $TB_P'"}, [exit_status, {env, [{"TB_P", "set"}]}]))),
    p(port_env_unset, begin os:putenv("TB_Q", "x"), R1 = collect(open_port({spawn, "sh -c 'echo [$TB_Q]'"}, [exit_status, {env, [{"TB_Q", false}]}])), os:unsetenv("TB_Q"), R1 end),
    p(port_cd, collect(open_port({spawn, "pwd"}, [exit_status, {cd, "/"}]))),
    p(port_stderr, collect(open_port({spawn, "sh -c 'echo e >&2'"}, [exit_status, stderr_to_stdout]))),
    p(port_eof, begin P2 = open_port({spawn, "echo x"}, [eof]), receive {P2, {data, _}} -> ok end, receive {P2, eof} -> eof end end),
    p(port_in, collect(open_port({spawn, "echo in"}, [in, binary, exit_status]))),
    [p({packet, N}, port("cat", [binary, {packet, N}], fun(P) -> [begin port_command(P, M), receive {P, {data, D}} -> D end end || M <- ["a", binary:copy(<<"xy">>, 100), ""]] end)) || N <- [1, 2, 4]],
    p(port_big, port("cat", [binary, {packet, 4}], fun(P) -> port_command(P, binary:copy(<<"z">>, 200000)), receive {P, {data, D}} -> byte_size(D) end end)),
    p(port_control, begin P3 = open_port({spawn, "cat"}, []), R3 = [try port_control(P3, 1, "x") catch error:E -> E end, erlang:port_info(P3, name), is_integer(element(2, erlang:port_info(P3, os_pid))), erlang:port_info(P3, connected) =:= {connected, self()}, is_port(P3)], port_close(P3), R3 end),
    p(port_owner, begin P4 = open_port({spawn, "cat"}, [binary]), Me = self(), P5 = spawn(fun() -> receive {P4, {data, D}} -> Me ! {other, D} end end), P4 ! {self(), {connect, P5}}, receive {P4, connected} -> ok end, erlang:port_command(P4, "hi"), R5 = receive {other, D} -> D after 2000 -> none end, unlink(P4), catch port_close(P4), R5 end),
    p(port_messages, begin P6 = open_port({spawn, "cat"}, [binary]), P6 ! {self(), {command, "m"}}, R6 = receive {P6, {data, D6}} -> D6 end, P6 ! {self(), close}, receive {P6, closed} -> R6 end end),
    p(port_trap, begin process_flag(trap_exit, true), P7 = open_port({spawn, "true"}, []), R7 = receive {'EXIT', P7, W} -> W end, process_flag(trap_exit, false), R7 end),
    p(port_closed, begin P8 = open_port({spawn, "cat"}, []), port_close(P8), {try port_command(P8, "x") catch error:E8 -> E8 end, erlang:port_info(P8)} end),
    [t({bad, S, O}, fun() -> open_port(S, O) end) || {S, O} <- [{{spawn_executable, "/none/such"}, []}, {{spawn, ""}, [bad]}, {{spawn, "cat"}, [{packet, 3}]}]],
    p(many_ports, begin Ps = [open_port({spawn, "echo " ++ integer_to_list(N)}, [exit_status]) || N <- lists:seq(1, 15)], [element(1, collect(P)) || P <- Ps] end),
    p(parallel_cmd, begin Me9 = self(), [spawn(fun() -> Me9 ! {r, N, os:cmd("echo " ++ integer_to_list(N))} end) || N <- lists:seq(1, 10)], lists:sort([receive {r, N, S} -> {N, S} end || _ <- lists:seq(1, 10)]) end).

port(Cmd, Opts, F) ->
    P = open_port({spawn, Cmd}, Opts),
    R = F(P),
    port_close(P),
    R.

collect(P) -> collect(P, []).
collect(P, Acc) ->
    receive
        {P, {data, {Flag, L}}} -> collect(P, [{Flag, L} | Acc]);
        {P, {data, D}} -> collect(P, [D | Acc]);
        {P, {exit_status, S}} -> drain(P, S, Acc)
    after 5000 -> {timeout, Acc}
    end.
drain(P, S, Acc) ->
    receive {P, {data, D}} -> drain(P, S, [D | Acc]) after 0 ->
        R = lists:reverse(Acc),
        {case lists:all(fun(X) -> is_list(X) orelse is_binary(X) end, R) of true -> iolist_to_binary(R); false -> R end, S}
    end.
