%% Requests to epmd, well-formed and mutated, whole and in pieces: it goes on answering.
-module(fuzz_epmd).
-export([start/0, start/1, requests/0]).

start() ->
    {ok, L} = gen_tcp:listen(0, [{reuseaddr, true}]),
    {ok, Port} = inet:port(L),
    gen_tcp:close(L),
    start(Port).

start(Port) ->
    %% The one of the emulator under test.
    Epmd = filename:join(os:getenv("BINDIR"), "epmd"),
    %% It does not outlive this emulator, whose end closes the standard input.
    Script = "\"$0\" \"$@\" & while read x; do :; done; kill $!",
    Args = ["-c", Script, Epmd, "-port", integer_to_list(Port), "-packet_timeout", "1"],
    P = open_port({spawn_executable, "/bin/sh"}, [{args, Args}, exit_status]),
    put(epmd, {P, Port}),
    wait(Port, 100).

wait(Port, N) ->
    case gen_tcp:connect("localhost", Port, []) of
        {ok, S} -> gen_tcp:close(S);
        _ when N > 0 -> timer:sleep(50), wait(Port, N - 1)
    end.

requests() ->
    {P, Port} = get(epmd),
    S = connect(Port),
    Sent = [piecewise(S, whole(request())) || _ <- lists:seq(1, pick(3))],
    case pick(3) of 1 -> gen_tcp:recv(S, 0, 5); _ -> ok end,
    gen_tcp:close(S),
    receive {P, {exit_status, X}} -> exit({epmd_ended, X}) after 0 -> ok end,
    case pick(10) of
        1 ->
            T = connect(Port),
            ok = gen_tcp:send(T, <<1:16, $n>>),
            {ok, <<Port:32, _/binary>>} = gen_tcp:recv(T, 0, 10000),
            gen_tcp:close(T);
        _ -> ok
    end,
    case lists:usort(Sent) of [ok] -> sent; _ -> refused end.

connect(Port) ->
    {ok, S} = gen_tcp:connect("localhost", Port, [binary, {active, false}, {linger, {true, 0}}]),
    S.

piecewise(S, B) ->
    case pick(5) of
        1 when byte_size(B) > 1 ->
            {X, Y} = split_binary(B, rand:uniform(byte_size(B) - 1)),
            gen_tcp:send(S, X),
            gen_tcp:send(S, Y);
        _ -> gen_tcp:send(S, B)
    end.

request() ->
    Name = any({<<"n", (integer_to_binary(pick(30)))/binary>>, <<>>, binary:copy(<<"x">>, 300), <<255, 0, 10>>, <<"a@b">>}),
    Extra = any({<<>>, <<1, 2, 3>>, binary:copy(<<0>>, 1000)}),
    any({<<120, (pick(65535)):16, 77, 0, 6:16, 5:16, (byte_size(Name)):16, Name/binary, (byte_size(Extra)):16, Extra/binary>>,
         <<120, (pick(65535)):16, 72, 0, 6:16, 6:16, (byte_size(Name)):16, Name/binary, (byte_size(Extra)):16, Extra/binary>>,
         <<120, 1:16, 77, 0, 6:16, 5:16, 65535:16, Name/binary>>,
         <<122, Name/binary>>, <<$n>>, <<$d>>, <<$s, Name/binary>>, <<>>, <<(any({pick(107) - 1, 107 + pick(148)}))>>}).

whole(R) ->
    case pick(3) of
        1 -> mutate(pick(3), <<(byte_size(R)):16, R/binary>>);
        2 -> <<(any({0, 1, byte_size(R) + 1, 65535})):16, R/binary>>;
        _ -> <<(byte_size(R)):16, R/binary>>
    end.

%% Never one that stops it ($k).
mutate(0, <<_:16, $k, _/binary>>) -> <<1:16, $n>>;
mutate(0, B) -> B;
mutate(N, B) ->
    At = rand:uniform(byte_size(B)) - 1,
    <<X:At/binary, _, Y/binary>> = B,
    mutate(N - 1, <<X/binary, (rand:uniform(256) - 1), Y/binary>>).

pick(N) -> rand:uniform(N).
any(T) -> element(rand:uniform(tuple_size(T)), T).
