%% vm: own
%% timeout: 60
%% modes: plain
%% The program epmd: its options, its commands and their exit statuses, the variables it heeds, and that `erl` starts it.
-module(epmd_commands).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    put(port, free_port()),
    wrong(),
    nobody(),
    daemon(),
    relaxed(),
    foreground(),
    slow(),
    addresses(),
    by_erl().

free_port() ->
    {ok, L} = gen_tcp:listen(0, []),
    {ok, Port} = inet:port(L),
    gen_tcp:close(L),
    Port.

program(Name) -> filename:join(os:getenv("TB_BIN"), Name).

%% What it says and its status. How it is used each says in its own words.
run(Args) -> run(Args, []).
run(Args, Env) ->
    P = open_port({spawn_executable, program("epmd")},
                  [exit_status, stderr_to_stdout, binary, {args, Args}, {env, env(Env)}]),
    {Status, Text} = collect(P, []),
    Port = integer_to_list(get(port)),
    {Status, case Text of
        <<"usage: ", _/binary>> -> usage;
        _ -> re:replace(Text, Port, "PORT", [global, {return, list}])
    end}.

env(Env) -> [{"ERL_EPMD_PORT", integer_to_list(get(port))} | Env].

collect(P, Acc) ->
    receive
        {P, {data, D}} -> collect(P, [Acc, D]);
        {P, {exit_status, S}} -> {S, iolist_to_binary(Acc)}
    after 20000 -> {none, iolist_to_binary(Acc)}
    end.

wrong() ->
    [p({wrong, Args}, run(Args)) || Args <- [["-port", "0", "-names"], ["-port", "x"], ["-port"], ["-packet_timeout", "0"], ["-delay_accept", "no"],
                                             ["-delay_write"], ["-bad"], ["names"], ["-names", "x"], ["-kill", "now"], ["-stop"], ["-address"]]].

nobody() ->
    [p({nobody, A}, run([A | B])) || {A, B} <- [{"-names", []}, {"-kill", []}, {"-stop", ["x"]}, {"-started", []}]].

daemon() ->
    p(daemon, run(["-daemon"])),
    until_up(),
    p(again, run(["-daemon"])),
    p(second, run([])),
    p(names, run(["-names"])),
    p(started, [run(["-started"]), run(["-port", integer_to_list(get(port)), "-names"], [{"ERL_EPMD_PORT", "1"}])]),
    S = alive("a_node", 4711),
    p(names, run(["-names"])),
    p(living, [run(["-kill"]), run(["-stop", "a_node"]), run(["-stop", "nobody"])]),
    p(raw, [ask(<<"z", "a_node">>), ask(<<"z", "nobody">>), ask("?"), ask(""), ask(<<120, 1>>)]),
    gen_tcp:close(S),
    p(gone, until(fun() -> run(["-names"]) end, fun({0, T}) -> string:find(T, "a_node") =:= nomatch end)),
    p(kill, run(["-kill"])),
    p(killed, until(fun() -> run(["-names"]) end, fun({S1, _}) -> S1 =:= 1 end)).

relaxed() ->
    [begin
        p({relaxed, How}, run(["-daemon" | Args], Env)),
        until_up(),
        S = alive("b_node", 4712),
        p({stop, How}, [run(["-stop", "nobody"]), run(["-stop", "b_node"]), run(["-names"])]),
        S2 = alive("b_node", 4712),
        p({kill, How}, run(["-kill"])),
        p({closed, How}, [gen_tcp:recv(X, 0, 5000) || X <- [S, S2]])
     end || {How, Args, Env} <- [{option, ["-relaxed_command_check"], []}, {variable, [], [{"ERL_EPMD_RELAXED_COMMAND_CHECK", "yes"}]}]].

%% It reports, and ends with its killer's request.
foreground() ->
    P = open_port({spawn_executable, program("epmd")}, [exit_status, stderr_to_stdout, binary, {args, ["-d", "-debug"]}, {env, env([])}]),
    until_up(),
    p(foreground, run(["-names", "-kill"])),
    p(foreground, run(["-kill"])),
    {S, Text} = collect(P, []),
    p(foreground, {S, [string:find(Text, W) =/= nomatch || W <- ["epmd running", "got 1 bytes", "6b", "Local peer"]]}).

%% A silent connection is closed after a second; a busy server takes its time. Each has its own port, for all wait.
slow() ->
    Me = self(),
    Ps = [spawn_link(fun() ->
        put(port, free_port()),
        run(["-daemon", "-relaxed_command_check", Option, "1"]),
        until_up(),
        Me ! {self(), slow(Option)},
        run(["-kill"]) end) || Option <- ["-packet_timeout", "-delay_accept", "-delay_write"]],
    [receive {P, R} -> p(slow, R) end || P <- Ps].

slow("-packet_timeout") ->
    {ok, S} = connect({127, 0, 0, 1}),
    Kept = alive("quiet", 1),
    T0 = now_ms(),
    R = gen_tcp:recv(S, 0, 15000),
    {R, (now_ms() - T0) div 100 >= 8, gen_tcp:recv(Kept, 0, 500)};
slow(_) ->
    T0 = now_ms(),
    A = run(["-names"]),
    {A, now_ms() - T0 >= 900}.

addresses() ->
    [begin
        run(["-daemon" | Args], Env),
        until_up(),
        p({address, Args, length(Env)}, [case connect(A) of {ok, S} -> gen_tcp:close(S), ok; E -> E end || A <- [{127, 0, 0, 1}, {127, 0, 0, 2}, {127, 0, 0, 3}]]),
        p(kill, run(["-kill"]))
     end || {Args, Env} <- [{[], []}, {["-address", "127.0.0.2"], []}, {["-address", "127.0.0.2,127.0.0.3"], []}, {[], [{"ERL_EPMD_ADDRESS", "127.0.0.3"}]}]].

%% A node starts the daemon, unless it is told not to, or how.
by_erl() ->
    [begin
        os:putenv("ERL_EPMD_PORT", integer_to_list(get(port))),
        Out = os:cmd(program("erl") ++ " -noinput -sname by_erl " ++ Args ++ " -eval 'io:format(\"~p\", [is_alive()]), halt().' < /dev/null 2>/dev/null"),
        Names = until(fun() -> run(["-names"]) end, fun({_, T}) -> string:find(T, "by_erl") =:= nomatch end),
        p({erl, lists:sublist(Args, 5)}, {lists:sublist(Out, 5), Names, run(["-kill"])})
     end || Args <- ["", "-start_epmd true", "-epmd '" ++ program("epmd") ++ " -daemon -relaxed_command_check'"]],
    ok.

connect(A) -> gen_tcp:connect(A, get(port), [binary, {active, false}], 15000).

alive(Name, Port) ->
    {ok, S} = connect({127, 0, 0, 1}),
    Request = <<120, Port:16, 77, 0, 6:16, 5:16, (length(Name)):16, (list_to_binary(Name))/binary, 0:16>>,
    ok = gen_tcp:send(S, <<(byte_size(Request)):16, Request/binary>>),
    {ok, <<118, 0, _:32>>} = gen_tcp:recv(S, 6, 5000),
    S.

ask(Request) ->
    {ok, S} = connect({127, 0, 0, 1}),
    B = iolist_to_binary(Request),
    ok = gen_tcp:send(S, <<(byte_size(B)):16, B/binary>>),
    R = gen_tcp:recv(S, 0, 5000),
    gen_tcp:close(S),
    R.

until_up() ->
    true = tb_nodes:until(fun() -> case connect({127, 0, 0, 1}) of {ok, S} -> gen_tcp:close(S), true; _ -> false end end).

until(F, Good) ->
    tb_nodes:until(fun() -> R = F(), Good(R) andalso R end).

now_ms() -> erlang:monotonic_time(millisecond).
