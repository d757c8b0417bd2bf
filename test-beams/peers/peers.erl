%% Real peers of ssl, httpd and ssh: main([Directory]). Every check prints its name and `ok`, or what came instead.
-module(peers).
-export([main/1]).
-include_lib("public_key/include/public_key.hrl").

main([Directory]) ->
    ok = file:set_cwd(Directory),
    {ok, _} = application:ensure_all_started(ssl),
    {ok, _} = application:ensure_all_started(ssh),
    {ok, _} = application:ensure_all_started(inets),
    certificates(),
    Versions = [{'tlsv1.2', "-tls1_2"}, {'tlsv1.3', "-tls1_3"}],
    Checks =
        [[{{s_client, V, with, C}, fun() -> s_client(V, Flag, C) end} || {V, Flag} <- Versions, C <- [nobody, client]],
         [{{s_client_refused, V}, fun() -> s_client_refused(V, Flag) end} || {V, Flag} <- Versions],
         [{{s_server, V, with, C}, fun() -> s_server(V, Flag, C) end} || {V, Flag} <- Versions, C <- [nobody, client]],
         [{{curl, V}, fun() -> curl(V, Flag) end} || {V, Flag} <- [{'tlsv1.2', "1.2"}, {'tlsv1.3', "1.3"}]],
         ssh_checks()],
    Results = [check:run(Name, F) =:= ok || {Name, F} <- lists:append(Checks)],
    Bad = length([false || false <- Results]),
    io:format("~b passed, ~b failed~n", [length(Results) - Bad, Bad]),
    halt(min(Bad, 1)).

same(Same, Same) -> ok;
same(Expected, Got) -> {expected, Expected, got, Got}.

%% Certificates, as files for the peers.

certificates() ->
    Key = [{key, {namedCurve, secp256r1}}, {digest, sha256}],
    Names = #'Extension'{extnID = ?'id-ce-subjectAltName', critical = false,
                         extnValue = [{dNSName, "localhost"}, {iPAddress, <<127, 0, 0, 1>>}]},
    Chain = #{root => Key, intermediates => [Key], peer => [{extensions, [Names]} | Key]},
    #{server_config := Server, client_config := Client} =
        public_key:pkix_test_data(#{server_chain => Chain, client_chain => Chain}),
    files("server", Server),
    files("client", Client).

files(Name, Config) ->
    {Type, Der} = proplists:get_value(key, Config),
    Trusted = proplists:get_value(cacerts, Config),
    pem(Name ++ ".pem", [{'Certificate', C, not_encrypted} || C <- [proplists:get_value(cert, Config) | Trusted]]),
    pem(Name ++ "-key.pem", [{Type, Der, not_encrypted}]),
    pem(Name ++ "-trusts.pem", [{'Certificate', C, not_encrypted} || C <- Trusted]).

pem(File, Entries) -> ok = file:write_file(File, public_key:pem_encode(Entries)).

own(Name) -> [{certfile, Name ++ ".pem"}, {keyfile, Name ++ "-key.pem"}, {cacertfile, Name ++ "-trusts.pem"}].

%% openssl s_client against our server, which sends a line back with what it knows of the peer.

s_client(Version, Flag, Who) ->
    {Port, Server} = server(Version, Who),
    Own = case Who of client -> "-cert client.pem -cert_chain client-trusts.pem -key client-key.pem "; nobody -> "" end,
    Out = os:cmd(lists:flatten(io_lib:format(
        "printf 'hello\\n' | timeout 20 openssl s_client -quiet -verify_return_error -CAfile client-trusts.pem ~s~s "
        "-connect 127.0.0.1:~b 2>s_client.log", [Own, Flag, Port]))),
    Server ! stop,
    same(lists:flatten(io_lib:format("hello ~s ~s\n", [Version, Who])), Out).

%% Without a certificate where one is asked for.
s_client_refused(Version, Flag) ->
    {Port, Server} = server(Version, client),
    Out = os:cmd(lists:flatten(io_lib:format(
        "printf 'hello\\n' | timeout 20 openssl s_client -quiet -CAfile client-trusts.pem ~s -connect 127.0.0.1:~b 2>&1",
        [Flag, Port]))),
    Server ! stop,
    case re:run(Out, "alert (handshake failure|certificate required)") of
        {match, _} -> ok;
        nomatch -> {not_refused, Out}
    end.

server(Version, Who) ->
    Verify = case Who of client -> [{verify, verify_peer}, {fail_if_no_peer_cert, true}]; nobody -> [] end,
    Self = self(),
    Pid = spawn_link(fun() ->
        {ok, L} = ssl:listen(0, [{ip, {127, 0, 0, 1}}, {active, false}, {packet, line}, {versions, [Version]}, binary
                                 | Verify ++ own("server")]),
        {ok, {_, Port}} = ssl:sockname(L),
        Self ! {self(), Port},
        {ok, T} = ssl:transport_accept(L, 20000),
        case ssl:handshake(T, 20000) of
            {ok, S} ->
                case ssl:recv(S, 0, 20000) of
                    {ok, Line} ->
                        {ok, [{protocol, V}]} = ssl:connection_information(S, [protocol]),
                        Peer = case ssl:peercert(S) of {ok, _} -> client; {error, no_peercert} -> nobody end,
                        ok = ssl:send(S, io_lib:format("~s ~s ~s\n", [string:trim(Line), V, Peer]));
                    {error, _} -> refused
                end,
                ssl:close(S);
            {error, _} -> refused
        end,
        receive stop -> ok end
    end),
    receive {Pid, Port} -> {Port, Pid} end.

%% Our client against openssl s_server, which sends lines back reversed.

s_server(Version, Flag, Who) ->
    Verify = case Who of client -> "-Verify 2 -verify_return_error -CAfile server-trusts.pem "; nobody -> "" end,
    Command = lists:flatten(["exec timeout 20 openssl s_server -rev -naccept 1 -accept 127.0.0.1:0 -cert server.pem "
                             "-cert_chain server-trusts.pem -key server-key.pem ", Verify, Flag, " 2>&1"]),
    P = open_port({spawn_executable, "/bin/sh"}, [{args, ["-c", Command]}, {line, 1000}, exit_status]),
    Port = accepting(P),
    {ok, S} = ssl:connect("localhost", Port, [{active, false}, {packet, line}, {verify, verify_peer}, {versions, [Version]}
                                              | own("client")], 20000),
    ok = ssl:send(S, "hello\n"),
    Answer = ssl:recv(S, 0, 20000),
    ok = ssl:close(S),
    receive {P, {exit_status, _}} -> ok end,
    same({ok, "olleh\n"}, Answer).

accepting(P) ->
    receive
        {P, {data, {eol, "ACCEPT " ++ Where}}} -> list_to_integer(lists:last(string:split(Where, ":", all)));
        {P, {data, _}} -> accepting(P)
    end.

%% curl against httpd.

curl(Version, Flag) ->
    ok = filelib:ensure_dir("www/x"),
    Body = iolist_to_binary([integer_to_binary(N) || N <- lists:seq(1, 200000)]),
    ok = file:write_file("www/large.bin", Body),
    {ok, Httpd} = inets:start(httpd, [{port, 0}, {bind_address, {127, 0, 0, 1}}, {server_name, "localhost"},
                                      {server_root, "."}, {document_root, "www"},
                                      {socket_type, {ssl, [{versions, [Version]} | own("server")]}}]),
    [{port, Port}] = httpd:info(Httpd, [port]),
    Get = fun(More, Path) ->
        run("curl -sS -m 20 --tlsv~s --cacert client-trusts.pem -w '%{http_code} %{ssl_verify_result}' ~s https://localhost:~b/~s",
            [Flag, More, Port, Path])
    end,
    Answers = [Get("-o large.bin", "large.bin"), Get("-o /dev/null", "none"), Get("-o /dev/null -I", "large.bin")],
    ok = inets:stop(httpd, Httpd),
    same({["200 0", "404 0", "200 0"], {ok, Body}}, {Answers, file:read_file("large.bin")}).

%% OpenSSH against our daemon.

ssh_checks() ->
    [ok = filelib:ensure_dir(D ++ "/x") || D <- ["system", "user", "files"]],
    [keygen(T, F) || {T, F} <- [{"ed25519", "system/ssh_host_ed25519_key"}, {"ecdsa", "system/ssh_host_ecdsa_key"},
                                {"rsa", "system/ssh_host_rsa_key"}, {"ed25519", "id_ed25519"}, {"rsa", "id_rsa"},
                                {"ed25519", "stranger"}]],
    {ok, One} = file:read_file("id_ed25519.pub"),
    {ok, Two} = file:read_file("id_rsa.pub"),
    ok = file:write_file("user/authorized_keys", [One, Two]),
    Root = filename:absname("files"),
    {ok, Daemon} = ssh:daemon({127, 0, 0, 1}, 0, [{system_dir, "system"}, {user_dir, "user"},
                                                  {subsystems, [ssh_sftpd:subsystem_spec([{root, Root}])]}]),
    {ok, Info} = ssh:daemon_info(Daemon),
    Port = proplists:get_value(port, Info),
    Options = fun(Key) ->
        "-F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no "
        "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i " ++ Key
    end,
    Ssh = fun(Key, More, Expression) ->
        run("ssh -p ~b ~s ~s someone@127.0.0.1 '~s'", [Port, More, Options(Key), Expression])
    end,
    [{{ssh, exec, Key}, fun() -> same("6", Ssh(Key, "", "lists:sum([1,2,3]).")) end} || Key <- ["id_ed25519", "id_rsa"]]
    ++ [{{ssh, host_key, Type}, fun() -> same("ok", Ssh("id_rsa", "-o HostKeyAlgorithms=" ++ Type, "ok.")) end}
        || Type <- ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512"]]
    ++ [{{ssh, cipher, C}, fun() -> same("ok", Ssh("id_ed25519", "-c " ++ C, "ok.")) end}
        || C <- ["aes256-gcm@openssh.com", "aes128-ctr", "chacha20-poly1305@openssh.com"]]
    ++ [{{ssh, refused}, fun() ->
            Out = Ssh("stranger", "", "ok."),
            case string:find(Out, "Permission denied") of nomatch -> {not_refused, Out}; _ -> ok end
         end},
        {sftp, fun() -> sftp(Port, Options("id_ed25519")) end}].

sftp(Port, Options) ->
    Bytes = crypto:strong_rand_bytes(3000000),
    ok = file:write_file("up.bin", Bytes),
    ok = file:write_file("batch", "mkdir d\nput up.bin d/there.bin\nrename d/there.bin d/moved.bin\nget d/moved.bin down.bin\n"
                                  "chmod 600 d/moved.bin\nls -1 d\nrm d/moved.bin\nrmdir d\n"),
    Out = run("sftp -q -b batch -P ~b ~s someone@127.0.0.1", [Port, Options]),
    Listed = string:find(Out, "\nd/moved.bin") =/= nomatch,
    same({true, {ok, Bytes}, {ok, []}}, {Listed, file:read_file("down.bin"), file:list_dir("files")}).

run(Format, Args) ->
    os:cmd(lists:flatten(["timeout 25 ", io_lib:format(Format, Args), " 2>&1 </dev/null"])).

keygen(Type, File) -> "" = os:cmd("ssh-keygen -q -N '' -t " ++ Type ++ " -f " ++ File).
