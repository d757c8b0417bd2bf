%% vm: own
%% timeout: 170
%% modes: plain
%% args: -kernel prevent_overlapping_partitions false
%% A cluster of this emulator and references of all releases that are there; everything that nodes do with each other, this
%% side asking and then the other. A line has the outcomes of all of them.
-module(every_side).
-export([main/0, run/1, echo/0, digest/1, shell/1, scope/0, names/0]).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(every_side),
    %% A busy machine is not a partition.
    Nodes = [tb_nodes:launch(Erl, Name, ["-kernel", "prevent_overlapping_partitions", "false"]) || {Name, Erl} <- emulators()],
    [tb_nodes:wait(N) || N <- Nodes],
    [erpc:call(N, pg, start, [erpc:call(N, ?MODULE, scope, [])]) || N <- [node() | Nodes]],
    p(cluster, tb_nodes:until(fun() -> lists:all(fun(N) -> catch length(erpc:call(N, erlang, nodes, [])) =:= length(Nodes) end, [node() | Nodes]) end)),
    Outcomes = [erlang:apply(fun() -> report(N, From, R) end, []) || N <- Nodes,
                {From, R} <- [{here, run(N)}, {there, erpc:call(N, ?MODULE, run, [node()], 100000)}]],
    [p(What, lists:usort([proplists:get_value(What, R) || R <- Outcomes])) || What <- names()],
    p(remsh, lists:usort(at_once([fun() -> remsh(Erl, N, I) end || {Erl, N, I} <- remote_shells(Nodes)]))),
    tb_nodes:halt_all(Nodes).

%% What went wrong is shown with the node, which makes the test fail.
report(N, From, R) ->
    [io:format("~w ~w ~w ~0p~n", [What, tb_nodes:short(N), From, V]) || {What, V} <- R, V =/= ok],
    R.

%% This one, its reference, and references of other releases.
emulators() ->
    Reference = os:getenv("TB_REFERENCE"),
    Trees = filename:join(lists:takewhile(fun(X) -> not lists:member(X, ["25", "27", "29"]) end, filename:split(Reference))),
    Others = [{"release_" ++ R, Erl} || R <- ["25", "27", "29"], Bin <- ["host", "lib/erlang/bin"],
                                    Erl <- filelib:wildcard(filename:join([Trees, R, Bin, "erl"])), Bin =:= bin_of(Trees, R)],
    [{"own", own}, {"reference", reference} | [{Name, {erl, Erl}} || {Name, Erl} <- Others, filename:dirname(Erl) =/= filename:dirname(Reference)]].

bin_of(Trees, R) -> case filelib:is_dir(filename:join([Trees, R, "host"])) of true -> "host"; false -> "lib/erlang/bin" end.

names() -> [Name || {Name, _} <- checks(node())].
run(N) ->
    [begin
        Me = self(),
        {P, M} = spawn_monitor(fun() -> Me ! {self(), F()} end),
        V = receive {P, true} -> ok; {P, Other} -> Other; {'DOWN', M, process, P, Why} -> {failed, Why} after 60000 -> late end,
        exit(P, kill),
        demonitor(M, [flush]),
        {Name, V}
     end || {Name, F} <- checks(N)].

echo() -> receive {die, Why} -> exit(Why); {From, T} -> From ! {self(), T}, echo() end.
new(N) -> spawn(N, ?MODULE, echo, []).
same(P, T) -> P ! {self(), T}, receive {P, T1} -> T1 =:= T andalso T1 == T end.

down(M) -> receive {'DOWN', M, process, _, Why} -> Why end.
down(M, P) -> receive {'DOWN', M, process, P, Why} -> Why end.
exits(P) -> receive {'EXIT', P, Why} -> Why end.
caught(F) -> try F() catch C:E -> {C, E} end.

checks(N) ->
    [{ping, fun() -> {net_adm:ping(N), lists:member(N, nodes()), net_kernel:connect_node(N)} =:= {pong, true, true} end},
     {rpc, fun() -> {rpc:call(N, lists, sum, [[1, 2]]), rpc:call(N, erlang, node, []), element(1, rpc:call(N, erlang, hd, [[]])),
                     rpc:call(N, erlang, throw, [t]), rpc:multicall([N, node()], lists, max, [[1, 2]]), rpc:yield(rpc:async_call(N, erlang, abs, [-1])),
                     rpc:call(N, timer, sleep, [60000], 20)} =:= {3, N, badrpc, t, {[2, 2], []}, 1, {badrpc, timeout}} end},
     {erpc, fun() -> K = erpc:send_request(N, erlang, node, []),
                     {erpc:call(N, erlang, '+', [1, 2]), caught(fun() -> erpc:call(N, erlang, throw, [t]) end), caught(fun() -> erpc:call(N, erlang, exit, [x]) end),
                      element(1, caught(fun() -> erpc:call(N, erlang, hd, [[]]) end)), caught(fun() -> erpc:call(N, timer, sleep, [60000], 20) end),
                      erpc:multicall([N, node()], erlang, abs, [-3]), erpc:receive_response(K), erpc:cast(N, erlang, node, [])}
                     =:= {3, {throw, t}, {exit, {exception, x}}, error, {error, {erpc, timeout}}, [{ok, 3}, {ok, 3}], N, ok} end},
     {spawn, fun() -> Me = self(), spawn(N, erlang, send, [Me, one]), spawn(N, fun() -> Me ! {two, node()} end),
                      process_flag(trap_exit, true), A = spawn_link(N, erlang, exit, [linked]), {B, MB} = spawn_monitor(N, erlang, exit, [watched]),
                      {C, MC} = spawn_opt(N, ?MODULE, echo, [], [link, monitor, {priority, high}, {min_heap_size, 1000}]),
                      High = erpc:call(N, erlang, process_info, [C, priority]), C ! {die, opt},
                      {receive one -> 1 end, receive {two, N} -> 2 end, exits(A), down(MB, B), High, exits(C), down(MC, C), node(A)}
                      =:= {1, 2, linked, watched, {priority, high}, opt, opt, N} end},
     {spawn_request, fun() -> A = spawn_request(N, erlang, exit, [bye], [monitor, {reply_tag, mine}]), B = spawn_request(N, ?MODULE, echo, [], [{no_such, option}]),
                      C = spawn_request(N, ?MODULE, echo, [], [{reply, error_only}]), D = spawn_request(N, ?MODULE, echo, [], [{reply, success_only}, link]),
                      {receive {mine, A, ok, P} when node(P) =:= N -> down(A, P) end, receive {spawn_reply, B, error, W} -> W end,
                       receive {spawn_reply, D, ok, Q} -> Q ! {die, normal}, spawned end, receive {spawn_reply, C, _, _} -> extra after 50 -> none end}
                      =:= {bye, badopt, spawned, none} end},
     {links, fun() -> process_flag(trap_exit, true), [A, B, C, D] = [new(N) || _ <- "abcd"], [link(P) || P <- [A, B, C, D]],
                      A ! {die, {a, "reason"}}, exit(B, sent), exit(C, kill), unlink(D), M = monitor(process, D), exit(D, kill),
                      {exits(A), exits(B), exits(C), down(M), receive {'EXIT', D, _} -> linked after 20 -> unlinked end, begin link(D), exits(D) end}
                      =:= {{a, "reason"}, sent, killed, killed, unlinked, noproc} end},
     {linked_from_there, fun() -> Me = self(), P = spawn(fun() -> process_flag(trap_exit, true), receive {'EXIT', From, Why} -> Me ! {node(From), Why} end end),
                      spawn(N, fun() -> link(P), exit({from, there}) end), receive {N, {from, there}} -> true end end},
     {monitors, fun() -> A = new(N), MA = monitor(process, A), A ! {die, {r, 1}}, First = down(MA, A), MB = monitor(process, {init, N}), MC = monitor(process, {nobody, N}),
                      {First, down(monitor(process, A)), down(MC, {nobody, N}), demonitor(MB, [info]), demonitor(MB, [info]),
                       begin E = new(N), ME = monitor(process, E, [{tag, my_tag}]), exit(E, out), receive {my_tag, ME, process, E, W} -> W end end}
                      =:= {{r, 1}, noproc, noproc, true, false, out} end},
     {watched_from_there, fun() -> Me = self(), P = spawn(?MODULE, echo, []), spawn(N, fun() -> M = monitor(process, P), Me ! ready, Me ! {saw, down(M, P)} end),
                      receive ready -> P ! {die, seen} end, receive {saw, seen} -> true end end},
     {monitor_node, fun() -> monitor_node(N, true) andalso monitor_node(N, false) end},
     {aliases, fun() -> A = alias(), B = alias([reply]), P = new(N), C = monitor(process, P, [{alias, reply_demonitor}]), D = alias(),
                      [spawn(N, fun() -> X ! {X, 1}, X ! {X, 2} end) || X <- [A, B, C]],
                      Once = fun(X) -> receive {X, 1} -> receive {X, 2} -> twice after 50 -> once end end end,
                      unalias(D), P ! {D, dropped}, true = same(P, x), exit(P, kill),
                      {receive {A, 1} -> receive {A, 2} -> unalias(A) end end, Once(B), Once(C), receive {P, dropped} -> there after 20 -> dropped end,
                       receive {'DOWN', C, _, _, _} -> down after 50 -> none end} =:= {true, once, once, dropped, none} end},
     {global, fun() -> Name = {name_of, node()}, Me = self(), yes = global:register_name(Name, Me),
                      R = {erpc:call(N, global, whereis_name, [Name]) =:= Me, erpc:call(N, global, send, [Name, hello]) =:= Me, receive hello -> got end,
                       lists:member(Name, erpc:call(N, global, registered_names, [])), global:trans({node(), Me}, fun() -> inside end, [node(), N]),
                       global:unregister_name(Name), erpc:call(N, global, whereis_name, [Name])},
                      R =:= {true, true, got, true, inside, ok, undefined} end},
     {pg, fun() -> S = scope(), Same = S =:= erpc:call(N, ?MODULE, scope, []), not Same orelse groups(N, S, new(N)) end},
     {large_terms, fun() -> T = {binary:copy(<<"0123456789">>, 4800000), [[{I, atom, <<I:64>>, 1.5}, "text"] || I <- lists:seq(1, 60000)]},
                      50000000 < erlang:external_size(T) andalso erpc:call(N, ?MODULE, digest, [T]) =:= digest(T) end},
     {large_parts, fun() -> P = new(N), lists:all(fun(B) -> same(P, B) end, [binary:copy(<<"x">>, 3000000), lists:seq(1, 200000), maps:from_list([{I, <<I>>} || I <- lists:seq(1, 20000)])]) end},
     {terms, fun() -> P = new(N), lists:all(fun(T) -> same(P, T) end, [0, -1, 255, 256, 1 bsl 31, 1 bsl 63, -(1 bsl 200), 0.0, -1.5e300, a, 'åß', '', "", "text", [1 | 2], {}, {a, {b}},
                      #{}, #{a => #{}}, <<>>, <<1:7>>, [list_to_atom("every_side_" ++ integer_to_list(I)) || I <- lists:seq(1, 300)]]) end},
     {pids, fun() -> P = new(N), same(P, {self(), P, hd(processes())}) andalso erpc:call(N, erlang, node, [self()]) =:= node() andalso node(P) =:= N
                      andalso lists:sort([self(), P]) =:= erpc:call(N, lists, sort, [[P, self()]]) andalso erlang:phash2({P, self()}) =:= erpc:call(N, erlang, phash2, [{P, self()}])
                      andalso caught(fun() -> process_info(P) end) =:= {error, badarg} end},
     {ports, fun() -> P = new(N), [A | _] = erlang:ports(), [B | _] = erpc:call(N, erlang, ports, []), same(P, [A, B]) andalso node(B) =:= N andalso is_port(B)
                      andalso caught(fun() -> erlang:port_command(B, "x") end) =:= {error, badarg} andalso lists:sort([A, B]) =:= erpc:call(N, lists, sort, [[B, A]]) end},
     {references, fun() -> P = new(N), R = make_ref(), There = erpc:call(N, erlang, make_ref, []), T = ets:new(t, []), same(P, [R, There, T]) andalso node(There) =:= N
                      andalso begin P ! {self(), T}, receive {P, T1} -> ets:insert(T1, {k, v}) end end andalso lists:sort([R, There]) =:= erpc:call(N, lists, sort, [[There, R]]) end},
     {funs, fun() -> P = new(N), X = length(pid_to_list(self())), F = fun(Y) -> X + Y end, G = fun lists:sum/1,
                      {erpc:call(N, erlang, apply, [F, [1]]), erpc:call(N, erlang, apply, [G, [[1, 2]]]), (erpc:call(N, fun() -> fun(Z) -> {X, Z} end end))(z),
                       same(P, F), same(P, G), erpc:call(N, lists, map, [F, [1, 2]]), erpc:call(N, erlang, fun_info, [F, module])}
                      =:= {X + 1, 3, {X, z}, true, true, [X + 1, X + 2], {module, ?MODULE}} end},
     {names, fun() -> register(every_side_asks, self()), P = new(N), Name = list_to_atom("echo_for_" ++ tb_nodes:short(node())), erpc:call(N, erlang, register, [Name, P]),
                      {Name, N} ! {self(), one}, erlang:send({Name, N}, {self(), two}, [nosuspend]), spawn(N, erlang, send, [{every_side_asks, node()}, three]), {nobody, N} ! lost,
                      {receive {P, one} -> 1 end, receive {P, two} -> 2 end, receive three -> 3 end} =:= {1, 2, 3} end},
     {in_order, fun() -> P = new(N), [P ! {self(), I} || I <- lists:seq(1, 3000)], [receive {P, I} -> I end || _ <- lists:seq(1, 3000)] =:= lists:seq(1, 3000) end},
     {servers, fun() -> is_list(gen_server:call({kernel_sup, N}, which_children)) andalso
                      2 =:= length(element(1, gen_server:multi_call([N, node()], kernel_sup, count_children))) andalso
                      {exit, noproc} =:= (fun() -> {'EXIT', {Why, _}} = (catch gen_server:call({nobody, N}, x)), {exit, Why} end)() end},
     {output, fun() -> Text = spoken(fun() -> erpc:call(N, io, format, ["from ~ts~n", ["there"]]) end, []), Text =:= "from there\n" end},
     {shell, fun() -> Text = spoken(fun() -> P = spawn(N, ?MODULE, shell, [self()]), receive no_more_lines -> P ! stop end, down(monitor(process, P)) end,
                                            ["X = 20 + 1.\n", "{node(), X * 2}.\n"]),
                      string:find(Text, lists:flatten(io_lib:format("{~p,42}", [N]))) =/= nomatch end},
     {files, fun() -> {ok, _} = erpc:call(N, file, list_dir, ["/"]), is_list(erpc:call(N, code, which, [lists])) end}].

%% The protocol of pg is not the same in all releases.
scope() -> list_to_atom("pg_" ++ erlang:system_info(otp_release)).
groups(N, S, P) ->
    Me = self(),
    G = {group, node()},
    pg:join(S, G, Me),
    erpc:call(N, pg, join, [S, G, P]),
    Is = fun(Want) -> tb_nodes:until(fun() -> [W || W <- [lists:sort(pg:get_members(S, G)), lists:sort(erpc:call(N, pg, get_members, [S, G]))], W =/= Want] =:= [] end) end,
    Is(lists:sort([Me, P])) andalso begin exit(P, kill), Is([Me]) end andalso begin pg:leave(S, G, Me), Is([]) end.

digest({B, L}) -> {erlang:crc32(B), byte_size(B), length(L), erlang:phash2(L)}.

%% A shell on this node whose input and output are with whoever spawned it.
shell(_) ->
    S = shell:start(true),
    receive stop -> exit(S, kill) end.

%% What F and those it starts write, while they read these lines.
spoken(F, Lines) ->
    Me = self(),
    Io = spawn_link(fun() -> talk(Lines, [], Me) end),
    Old = group_leader(),
    group_leader(Io, self()),
    F(),
    group_leader(Old, self()),
    Io ! {what, self()},
    receive {Io, Text} -> Text end.

talk(Lines, Said, Me) ->
    receive
        {what, From} -> From ! {self(), lists:flatten(lists:reverse(Said))};
        %% It waits; at the end of its input a shell would halt its node.
        {io_request, _, _, {get_until, _, _, _, _, _}} when Lines =:= [] -> Me ! no_more_lines, talk(Lines, Said, Me);
        {io_request, From, R, Request} ->
            {Answer, Lines1, Said1} = io(Request, Lines, Said),
            From ! {io_reply, R, Answer},
            talk(Lines1, Said1, Me)
    end.

io({put_chars, _, C}, L, S) -> {ok, L, [unicode:characters_to_list(C) | S]};
io({put_chars, E, M, F, A}, L, S) -> io({put_chars, E, apply(M, F, A)}, L, S);
io({requests, Rs}, L, S) -> lists:foldl(fun(R, {_, L1, S1}) -> io(R, L1, S1) end, {ok, L, S}, Rs);
io({get_until, _, _, M, F, A}, [Line | L], S) ->
    case apply(M, F, [[], Line | A]) of
        {done, Result, _} -> {Result, L, S};
        {more, C} -> {done, Result, _} = apply(M, F, [C, eof | A]), {Result, L, S}
    end;
io({get_geometry, _}, L, S) -> {{error, enotsup}, L, S};
io(getopts, L, S) -> {[], L, S};
io({setopts, _}, L, S) -> {ok, L, S};
io(_, L, S) -> {{error, request}, L, S}.

%% erl -remsh on a terminal: the reference with this node, and the emulator under test with each.
remote_shells(Nodes) ->
    Erls = [{filename:join(os:getenv("TB_BIN"), "erl"), N} || N <- Nodes] ++ [{os:getenv("TB_REFERENCE"), node()}],
    [{Erl, N, I} || {I, {Erl, N}} <- lists:zip(lists:seq(1, length(Erls)), Erls)].

at_once(Funs) ->
    All = [spawn_monitor(fun() -> exit({is, F()}) end) || F <- Funs],
    [receive {'DOWN', M, process, P, Why} -> case Why of {is, R} -> R; _ -> {failed, Why} end end || {P, M} <- All].

remsh(Erl, N, I) ->
    Name = list_to_atom("every_shell_" ++ integer_to_list(I)),
    register(Name, self()),
    Command = lists:concat([Erl, " -sname ", Name, " -setcookie tb_cookie -remsh ", N]),
    P = open_port({spawn_executable, os:find_executable("script")}, [{args, ["-qec", Command, "/dev/null"]}, binary, exit_status]),
    Ask = lists:concat(["erlang:send({", Name, ",'", node(), "'},{shell,", I, ",node()}).\n"]),
    R = asked(P, Ask, I, N, 80),
    Pid = erlang:port_info(P, os_pid),
    catch port_close(P),
    case Pid of {os_pid, Os} -> os:cmd(lists:concat(["kill -9 ", Os])); _ -> ok end,
    R.

%% The terminal takes a while to listen.
asked(_, _, _, _, 0) -> silent;
asked(P, Ask, I, N, Tries) ->
    catch port_command(P, Ask),
    receive
        {shell, I, N} -> ok;
        {shell, I, Other} -> {not_there, Other}
    after 400 -> asked(P, Ask, I, N, Tries - 1)
    end.

p(What, T) -> io:format("~w ~p~n", [What, T]), T.
