%% vm: own
%% timeout: 60
%% ssl with certificates made on the spot.
-module(tls_echo).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    {ok, _} = application:ensure_all_started(ssl),
    logger:set_primary_config(level, none),
    #{server_config := SConf, client_config := CConf} = public_key:pkix_test_data(#{
        server_chain => #{root => [{key, {namedCurve, secp256r1}}], intermediates => [], peer => [{key, {namedCurve, secp256r1}}]},
        client_chain => #{root => [{key, {namedCurve, secp256r1}}], intermediates => [], peer => [{key, {namedCurve, secp256r1}}]}}),
    [p({Version, echo}, echo(Version, SConf, CConf)) || Version <- ['tlsv1.2', 'tlsv1.3']],
    #{client_config := OtherConf} = public_key:pkix_test_data(#{server_chain => #{root => [{key, {namedCurve, secp256r1}}], intermediates => [], peer => [{key, {namedCurve, secp256r1}}]}, client_chain => #{root => [{key, {namedCurve, secp256r1}}], intermediates => [], peer => [{key, {namedCurve, secp256r1}}]}}),
    [Other | _] = proplists:get_value(cacerts, OtherConf),
    p(bad_ca, begin {ok, L} = listen('tlsv1.3', SConf), {ok, {_, Port}} = ssl:sockname(L), spawn(fun() -> {ok, T} = ssl:transport_accept(L), ssl:handshake(T, 5000) end),
        {error, {tls_alert, {A, _}}} = ssl:connect("localhost", Port, [{verify, verify_peer}, {cacerts, [Other]}, {server_name_indication, disable}]), A end),
    p(not_tls, begin {ok, L2} = gen_tcp:listen(0, [{active, false}]), {ok, P2} = inet:port(L2), spawn(fun() -> {ok, S2} = gen_tcp:accept(L2), gen_tcp:send(S2, "hello this is not tls"), timer:sleep(1000) end), element(1, ssl:connect("localhost", P2, [{verify, verify_none}], 3000)) end).

listen(Version, Conf) -> ssl:listen(0, [{versions, [Version]}, {active, false}, binary, {reuseaddr, true} | Conf]).

echo(Version, SConf, CConf) ->
    {ok, L} = listen(Version, SConf),
    {ok, {_, Port}} = ssl:sockname(L),
    spawn_link(fun() -> {ok, T} = ssl:transport_accept(L), {ok, S} = ssl:handshake(T, 5000), serve(S) end),
    {ok, C} = ssl:connect("localhost", Port, [{versions, [Version]}, {active, false}, binary, {verify, verify_peer}, {server_name_indication, disable} | CConf], 5000),
    ok = ssl:send(C, <<"hello">>),
    {ok, A} = ssl:recv(C, 5),
    Big = binary:copy(<<"0123456789">>, 20000),
    Me = self(),
    spawn_link(fun() -> ok = ssl:send(C, Big), Me ! sent end),
    {ok, B} = ssl:recv(C, byte_size(Big)),
    receive sent -> ok end,
    {ok, Info} = ssl:connection_information(C, [protocol]),
    ssl:close(C),
    {A, B =:= Big, Info}.

serve(S) ->
    case ssl:recv(S, 0) of
        {ok, D} -> ssl:send(S, D), serve(S);
        _ -> ok
    end.
