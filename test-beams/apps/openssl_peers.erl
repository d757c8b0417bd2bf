%% vm: own
%% timeout: 120
%% TLS with OpenSSL's own programs on the other side, both ways, with and without client certificates.
-module(openssl_peers).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    {ok, _} = application:ensure_all_started(ssl),
    logger:set_primary_config(level, none),
    os:cmd("openssl req -x509 -days 30 -nodes -newkey rsa:2048 -subj /CN=authority -keyout ca_key.pem -out ca.pem"),
    os:cmd("openssl req -nodes -newkey rsa:2048 -subj /CN=localhost -keyout key.pem -out request.pem"),
    ok = file:write_file("extensions", "subjectAltName=DNS:localhost\n"),
    os:cmd("openssl x509 -req -days 30 -in request.pem -CA ca.pem -CAkey ca_key.pem -CAcreateserial -extfile extensions -out cert.pem"),
    [p({server, V}, server(V, [], "")) || V <- ["-tls1_2", "-tls1_3"]],
    Ask = [{verify, verify_peer}, {fail_if_no_peer_cert, true}, {cacertfile, "ca.pem"}],
    [p({client_certificate, V}, server(V, Ask, "-cert cert.pem -key key.pem")) || V <- ["-tls1_2", "-tls1_3"]],
    p(no_client_certificate, server("-tls1_2", Ask, "")),
    [p({client, V}, client(V)) || V <- ["-tls1_2", "-tls1_3"]].

server(Version, Options, More) ->
    {ok, L} = ssl:listen(0, [{certfile, "cert.pem"}, {keyfile, "key.pem"}, binary, {active, false} | Options]),
    {ok, {_, Port}} = ssl:sockname(L),
    Me = self(),
    spawn_link(fun() ->
        {ok, S} = ssl:transport_accept(L),
        case ssl:handshake(S, 30000) of
            {ok, C} ->
                {ok, D} = ssl:recv(C, 0, 30000),
                ok = ssl:send(C, ["echo ", D]),
                Me ! {seen, element(1, ssl:peercert(C))},
                ssl:close(C);
            {error, {tls_alert, {Alert, _}}} -> Me ! {seen, Alert};
            {error, _} -> Me ! {seen, error}
        end
    end),
    Out = os:cmd("echo hello | timeout 40 openssl s_client -quiet " ++ Version ++ " " ++ More
                 ++ " -connect localhost:" ++ integer_to_list(Port) ++ " 2>/dev/null"),
    Seen = receive {seen, X} -> X after 40000 -> timeout end,
    ssl:close(L),
    {Out, Seen}.

client(Version) ->
    {ok, T} = gen_tcp:listen(0, []),
    {ok, Port} = inet:port(T),
    gen_tcp:close(T),
    N = integer_to_list(Port),
    Server = open_port({spawn, "timeout 30 openssl s_server -quiet -rev -cert cert.pem -key key.pem " ++ Version ++ " -accept " ++ N},
                       [stderr_to_stdout]),
    C = connect(Port, 50),
    ok = ssl:send(C, "abcdef\n"),
    R = ssl:recv(C, 0, 30000),
    V = ssl:connection_information(C, [protocol]),
    ssl:close(C),
    {os_pid, Pid} = erlang:port_info(Server, os_pid),
    os:cmd("kill " ++ integer_to_list(Pid)),
    catch port_close(Server),
    {R, V}.

connect(Port, N) ->
    case ssl:connect("localhost", Port, [{cacertfile, "ca.pem"}, {verify, verify_peer}, binary, {active, false}], 30000) of
        {ok, C} -> C;
        {error, econnrefused} when N > 0 -> timer:sleep(200), connect(Port, N - 1)
    end.
