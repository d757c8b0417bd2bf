%% Handshakes of the distribution protocol with a live node, well-formed and mutated, of whoever connects and of whoever is connected to,
%% and packets behind good ones, through sockets. Whatever is said, that connection alone ends: another node's stays, and the node
%% goes on. Needs an ERL_EPMD_PORT of its own.
-module(fuzz_handshake).
-export([start/0, handshake/0]).

-define(HEADERS, 16#802000).

start() ->
    fuzz_epmd:start(list_to_integer(os:getenv("ERL_EPMD_PORT"))),
    application:set_env(kernel, net_setuptime, 1),
    {ok, _} = net_kernel:start([fuzzed, shortnames]),
    erlang:set_cookie(fuzz_cookie),
    [_, Host] = string:lexemes(atom_to_list(node()), "@"),
    {port, Port, _} = erl_epmd:port_please("fuzzed", Host),
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}}, {backlog, 100}]),
    {ok, Mine} = inet:port(L),
    %% As long as these are open the names are known.
    Alive = [begin
                 {ok, E} = gen_tcp:connect("localhost", list_to_integer(os:getenv("ERL_EPMD_PORT")), [binary, {active, false}]),
                 Name = list_to_binary(name(N)),
                 R = <<120, Mine:16, 77, 0, 6:16, 5:16, (byte_size(Name)):16, Name/binary, 0:16>>,
                 ok = gen_tcp:send(E, <<(byte_size(R)):16, R/binary>>),
                 {ok, <<118, 0, _:32>>} = gen_tcp:recv(E, 0, 5000),
                 E
             end || N <- lists:seq(1, 20)],
    %% The node that nothing happens to. It does not outlive this emulator, whose end closes the standard input.
    Script = "\"$0\" \"$@\" & while read x; do :; done; kill -9 $!",
    Erl = filename:join(os:getenv("BINDIR"), "erl"),
    open_port({spawn_executable, "/bin/sh"}, [{args, ["-c", Script, Erl, "-noinput", "-sname", "bystander", "-setcookie", "fuzz_cookie"]}, exit_status]),
    Other = list_to_atom("bystander@" ++ Host),
    connected(Other, 300),
    monitor_node(Other, true),
    put(handshake, {Host, Port, L, Other, Alive}).

connected(Other, N) ->
    case net_kernel:connect_node(Other) of
        true -> ok;
        _ when N > 0 -> timer:sleep(100), connected(Other, N - 1)
    end.

name(N) -> "fuzz" ++ integer_to_list(N).

handshake() ->
    {Host, _, _, Other, _} = get(handshake),
    Peer = name(pick(20)) ++ "@" ++ Host,
    put(peer, list_to_atom(Peer)),
    {Victim, Alias} = fuzz_dist:victim(),
    How = case pick(2) of 1 -> connect(Peer, Victim, Alias); 2 -> accept(Peer, Victim, Alias) end,
    gone(list_to_atom(Peer), 3000),
    Ref = monitor(process, Victim),
    exit(Victim, kill),
    receive {'DOWN', Ref, _, _, _} -> ok after 20000 -> exit(victim_lives) end,
    receive {nodedown, Other} -> exit(bystander_lost) after 0 -> ok end,
    lists:member(Other, nodes()) orelse exit(bystander_gone),
    case pick(50) of
        1 -> Other = erpc:call(Other, erlang, node, [], 20000);
        _ -> ok
    end,
    flush(),
    How.

flush() -> receive {nodedown, _} = D -> self() ! D; _ -> flush() after 0 -> ok end.

%% It connects with nobody by this name any more.
gone(Peer, 0) -> exit({stays, Peer, nodes(connected)});
gone(Peer, N) ->
    case lists:member(Peer, nodes(connected)) of
        true -> timer:sleep(3), gone(Peer, N - 1);
        false -> ok
    end.

%% The other side connects with us.
connect(Peer, Victim, Alias) ->
    {_, Port, _, _, _} = get(handshake),
    {ok, S} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}]),
    Flags = flags(),
    Name = list_to_binary(Peer),
    Told = steps(S, [
        fun(_) -> [<<$N, Flags:64, (pick(5)):32, (byte_size(Name)):16, Name/binary>>] end,
        wait,
        fun(<<$s, "ok", _/binary>>) -> [];
           %% The last connection's end is not noticed yet.
           (<<$s, "alive">>) -> [<<$s, (any({<<"true">>, <<"false">>}))/binary>>];
           (_) -> []
        end,
        wait,
        fun(<<$N, _:64, Challenge:32, _/binary>>) -> [<<$r, (put_challenge()):32, (digest(Challenge))/binary>>];
           (_) -> [<<$r, 5:32, 1:128>>]
        end,
        wait]),
    finish(S, Told, Flags, Victim, Alias, fun(<<$a, D:16/binary>>) -> D =:= digest(get(challenge)); (_) -> false end).

%% We connect with the other side.
accept(Peer, Victim, Alias) ->
    {_, _, L, _, _} = get(handshake),
    Me = self(),
    none_left(L),
    {Pid, Ref} = spawn_monitor(fun() -> Me ! {self(), net_kernel:connect_node(list_to_atom(Peer))} end),
    Flags = flags(),
    Name = list_to_binary(case pick(10) of 1 -> "other" ++ Peer; _ -> Peer end),
    How = case gen_tcp:accept(L, 2000) of
        {ok, S} ->
            Told = steps(S, [
                wait,
                fun(_) -> [case pick(8) of
                               1 -> any({<<$s, "nok">>, <<$s, "not_allowed">>, <<$s, "alive">>, <<$s, "named:", 3:16, "a@b", 5:32>>, <<$s>>, <<$s, "what">>});
                               2 -> <<$s, "ok_simultaneous">>;
                               _ -> <<$s, "ok">>
                           end] end,
                fun(_) -> [<<$N, Flags:64, (put_challenge()):32, (pick(5)):32, (byte_size(Name)):16, Name/binary>>] end,
                wait,
                fun(<<$r, Challenge:32, _/binary>>) -> [<<$a, (digest(Challenge))/binary>>];
                   (_) -> [<<$a, 7:128>>]
                end]),
            finish(S, Told, Flags, Victim, Alias, fun(Last) -> Last =/= none end);
        %% The last attempt is still remembered.
        {error, timeout} -> not_tried
    end,
    receive {Pid, _} -> ok after 20000 -> exit(connect_hangs) end,
    receive {'DOWN', Ref, _, _, _} -> ok end,
    How.

%% Attempts that were given up meanwhile.
none_left(L) ->
    case gen_tcp:accept(L, 0) of
        {ok, S} -> gen_tcp:close(S), none_left(L);
        {error, timeout} -> ok
    end.

put_challenge() ->
    C = rand:uniform(1 bsl 32) - 1,
    put(challenge, C),
    C.

digest(Challenge) -> erlang:md5([atom_to_list(fuzz_cookie), integer_to_list(Challenge)]).

flags() ->
    {_, Default, _, _, _, _} = erts_internal:get_dflags(),
    case pick(8) of
        1 -> Default bxor (1 bsl (pick(64) - 1));
        2 -> rand:uniform(1 bsl 64) - 1;
        3 -> Default band bnot ?HEADERS;
        _ -> Default
    end.

%% Says what is to be said, some of it mutated; the last that was heard, or `none` when the other side has had enough.
steps(S, Steps) -> steps(S, Steps, <<>>, good).

steps(_, [], Last, _) -> Last;
steps(S, [wait | Steps], _, How) ->
    case hear(S, case How of good -> 3000; mutated -> 30 end) of
        none -> none;
        Heard -> steps(S, Steps, Heard, How)
    end;
steps(S, [Say | Steps], Last, How) ->
    {Messages, How1} = case {Say(Last), pick(6)} of
        {[], _} -> {[], How};
        {[M], 1} -> {[fuzz_dist:mutate(pick(3), M)], mutated};
        {[M], 2} -> {any({[M, M], [], [<<>>], [binary:part(M, 0, rand:uniform(byte_size(M)) - 1)], [M, binary:copy(<<0>>, 70)],
                         [<<(binary:first(M))>>], [<<(binary:first(M)), (binary:copy(<<255>>, any({5, 20, 300, 60000})))/binary>>]}), mutated};
        {Ms, _} -> {Ms, How}
    end,
    _ = [pieces(S, framed(M, How1)) || M <- Messages],
    steps(S, Steps, Last, How1).

framed(M, good) -> <<(byte_size(M)):16, M/binary>>;
framed(M, mutated) ->
    Size = case pick(6) of 1 -> any({0, 1, byte_size(M) + 1, 65535, 255}); _ -> byte_size(M) end,
    <<Size:16, M/binary>>.

pieces(S, B) ->
    case pick(8) of
        1 -> {X, Y} = split_binary(B, rand:uniform(byte_size(B)) - 1), _ = gen_tcp:send(S, X), erlang:yield(), gen_tcp:send(S, Y);
        _ -> gen_tcp:send(S, B)
    end.

hear(S, Wait) ->
    case gen_tcp:recv(S, 2, Wait) of
        {ok, <<0:16>>} -> <<>>;
        {ok, <<N:16>>} ->
            case gen_tcp:recv(S, N, Wait) of
                {ok, B} -> B;
                _ -> none
            end;
        _ -> none
    end.

%% Packets, if the handshake was good; the connection's end.
finish(S, Last, Flags, Victim, Alias, Good) ->
    How = Last =/= none andalso Good(Last),
    if How ->
        Form = case Flags band ?HEADERS of 0 -> plain; _ -> headers end,
        packets(S, Form, Victim, Alias, pick(12) - 1);
       true -> ok
    end,
    case pick(4) of
        1 -> inet:setopts(S, [{linger, {true, 0}}]);
        2 when Last =:= none -> _ = gen_tcp:recv(S, 0, 100);
        _ -> ok
    end,
    gen_tcp:close(S),
    if How -> shaken; true -> refused end.

packets(_, _, _, _, 0) -> ok;
packets(S, Form, Victim, Alias, N) ->
    Packets = case pick(3) of
        %% Mutated ones go to nobody: a changed pid must not be that of a process which is there.
        1 -> [fuzz_dist:mutate(pick(4), P) || P <- fuzz_dist:packets(Form, fuzz_dist:control(list_to_pid("<0.32091.7>"), Alias))];
        2 -> fuzz_dist:odd(Form);
        3 -> fuzz_dist:packets(Form, fuzz_dist:control(Victim, Alias))
    end,
    case [ok || P <- Packets, pieces(S, long(P)) =:= ok] of
        [] when Packets =/= [] -> ok;
        _ -> packets(S, Form, Victim, Alias, N - 1)
    end.

long(P) ->
    Size = case pick(60) of
        1 -> any({0, 1, byte_size(P) + 1, 16#7fffffff, 16#ffffffff, 16#80000000, 1 bsl 27});
        _ -> byte_size(P)
    end,
    <<Size:32, P/binary>>.

pick(N) -> rand:uniform(N).
any(T) -> element(rand:uniform(tuple_size(T)), T).
