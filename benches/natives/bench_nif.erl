%% The module of bench_nif.c, and what the programs of group natives share.
-module(bench_nif).
-export([nothing/1, list/1, sum/1, resource/0, read_resource/1, send_some/1, invert/1, driver/0, tls/1]).
-nifs([nothing/1, list/1, sum/1, resource/0, read_resource/1, send_some/1, invert/1]).
-on_load(load/0).

load() -> erlang:load_nif(filename:join(directory(), "bench_nif"), 0).

directory() -> filename:dirname(code:which(bench)).

nothing(_) -> erlang:nif_error(none).
list(_) -> erlang:nif_error(none).
sum(_) -> erlang:nif_error(none).
resource() -> erlang:nif_error(none).
read_resource(_) -> erlang:nif_error(none).
send_some(_) -> erlang:nif_error(none).
invert(_) -> erlang:nif_error(none).

%% A port of the driver.
driver() ->
    _ = erl_ddll:load_driver(directory(), "bench_drv"),
    open_port({spawn_driver, "bench_drv"}, [binary]).

%% {Port number, options of clients} of a server that counts what it gets, made once.
tls(Version) ->
    case persistent_term:get({bench_nif, Version}, none) of
        none ->
            Made = start(Version),
            persistent_term:put({bench_nif, Version}, Made),
            Made;
        Made -> Made
    end.

start(Version) ->
    {ok, _} = application:ensure_all_started(ssl),
    Key = [{key, {namedCurve, secp256r1}}, {digest, sha256}],
    Chain = #{root => Key, intermediates => [], peer => Key},
    #{server_config := Server, client_config := Client} =
        public_key:pkix_test_data(#{server_chain => Chain, client_chain => Chain}),
    %% No session is resumed.
    Fresh = case Version of 'tlsv1.2' -> [{reuse_sessions, false}]; _ -> [] end,
    Common = [{versions, [Version]}, {mode, binary}, {active, false} | Fresh],
    Me = self(),
    spawn(fun() ->
        {ok, L} = ssl:listen(0, Common ++ Server),
        Me ! {self(), ssl:sockname(L)},
        accept(L)
    end),
    receive {_, {ok, {_, Port}}} -> ok end,
    {Port, [{verify, verify_none}, {server_name_indication, disable} | Common ++ Client]}.

accept(L) ->
    {ok, T} = ssl:transport_accept(L),
    Pid = spawn(fun() ->
        receive go -> ok end,
        {ok, S} = ssl:handshake(T),
        count(S)
    end),
    ok = ssl:controlling_process(T, Pid),
    Pid ! go,
    accept(L).

%% Counts what comes: a size, so many bytes; sends the size back.
count(S) ->
    case ssl:recv(S, 4) of
        {ok, <<N:32>> = Size} ->
            {ok, _} = ssl:recv(S, N),
            ok = ssl:send(S, Size),
            count(S);
        _ -> ssl:close(S)
    end.
