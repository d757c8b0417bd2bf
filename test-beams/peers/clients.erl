%% Programs that are not OTP's against OTP's servers and clients: main([Directory]). Every check prints its name and what it
%% saw, without ports, times and the like, so that what one emulator prints can be compared with another's.
-module(clients).
-export([main/1, echo/3]).
-include_lib("eldap/include/eldap.hrl").

main([Directory]) ->
    ok = file:set_cwd(Directory),
    ok = logger:remove_handler(default),
    ok = logger:set_primary_config(level, all),
    {ok, _} = application:ensure_all_started(inets),
    Checks =
        [{{curl, httpd, M}, fun() -> curl(M) end} || M <- [get, head, range, post, many, gone, chunked]]
        ++ [{{httpc, python}, fun httpc/0}]
        ++ [{{nc, F, A}, fun() -> nc_connects(F, A) end} || F <- [inet, inet6, local], A <- [true, once, 3, false]]
        ++ [{{nc, listens}, fun nc_listens/0}, {{nc, udp}, fun nc_udp/0}]
        ++ [{snmp, fun snmp/0}, {ftp, fun ftp/0}, {{tftp, ours_asks}, fun tftp_client/0}, {{tftp, ours_serves}, fun tftp_server/0},
            {ldap, fun ldap/0}, {os_mon, fun os_mon/0}, {{logger, disk}, fun log_to_disk/0}, {{logger, wrap}, fun log_wraps/0},
            {{logger, socket}, fun log_to_socket/0}, {mnesia, fun mnesia/0}],
    [check:run(Name, F) || {Name, F} <- Checks],
    halt(0).

%% The shell's: what a command prints.
run(Format, Args) ->
    os:cmd(lists:flatten(["timeout 25 ", io_lib:format(Format, Args), " 2>&1"])).

%% A program beside us, until `stop`.
beside(Program, Args) ->
    P = open_port({spawn_executable, os:find_executable(Program)}, [{args, Args}, stderr_to_stdout, {line, 1000}, exit_status]),
    {os_pid, Pid} = erlang:port_info(P, os_pid),
    {P, Pid}.

stop({P, Pid}) ->
    os:cmd("kill -9 " ++ integer_to_list(Pid)),
    receive {P, {exit_status, _}} -> ok after 5000 -> ok end,
    flush(P).

flush(P) -> receive {P, _} -> flush(P) after 0 -> ok end.

%% A port number that nobody has now.
free(Type) ->
    {ok, S} = case Type of tcp -> gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}]); udp -> gen_udp:open(0, [{ip, {127, 0, 0, 1}}]) end,
    {ok, N} = inet:port(S),
    inet:close(S),
    N.

await(F) -> await(F, 100).
await(F, 0) -> F();
await(F, N) ->
    case catch F() of
        {ok, _} = Done -> Done;
        _ -> timer:sleep(50), await(F, N - 1)
    end.

bytes(N) -> << <<(I * I rem 251)>> || I <- lists:seq(1, N) >>.

%% curl against httpd.

httpd(More) ->
    ok = filelib:ensure_dir("www/x"),
    ok = file:write_file("www/large.bin", bytes(1000000)),
    ok = file:write_file("www/small.txt", "small\n"),
    {ok, Httpd} = inets:start(httpd, [{port, 0}, {bind_address, {127, 0, 0, 1}}, {server_name, "localhost"}, {server_root, "."},
                                      {document_root, "www"} | More]),
    [{port, Port}] = httpd:info(Httpd, [port]),
    {Httpd, Port}.

curl(What) ->
    More = case What of
        post -> [{modules, [mod_alias, mod_esi, mod_get]}, {erl_script_alias, {"/esi", [?MODULE]}}];
        range -> [{modules, [mod_alias, mod_range, mod_get, mod_head]}];
        _ -> []
    end,
    {Httpd, Port} = httpd(More),
    Get = fun(Options, Path) ->
        run("curl -sS -m 20 -w '%{http_code} %{size_download}' ~s http://127.0.0.1:~b/~s", [Options, Port, Path])
    end,
    Result = case What of
        get -> {Get("-o large.bin", "large.bin"), file:read_file("large.bin") =:= {ok, bytes(1000000)}, Get("-0", "small.txt")};
        head -> {Get("-I -o /dev/null", "large.bin"), Get("-o /dev/null -X DELETE", "small.txt")};
        range -> {Get("-r 10-29 -o part.bin", "large.bin"), file:read_file("part.bin")};
        gone -> Get("-o /dev/null", "none");
        many -> [Get("-o /dev/null -o /dev/null -o /dev/null", "small.txt http://127.0.0.1:" ++ integer_to_list(Port) ++ "/large.bin"),
                 run("sh -c 'for i in 1 2 3 4 5 6 7 8; do curl -sS -m 20 -o /dev/null -w \"%{http_code} %{size_download};\" "
                     "http://127.0.0.1:~b/large.bin & done; wait'", [Port])];
        chunked -> Get("-H 'Transfer-Encoding: chunked' -T www/small.txt -o /dev/null", "put.txt");
        post -> [Get("--data-binary @www/small.txt", "esi/clients:echo"),
                 Get("-H 'Transfer-Encoding: chunked' --data-binary @www/small.txt", "esi/clients:echo"),
                 Get("-H 'Expect: 100-continue' --data-binary @www/large.bin", "esi/clients:echo"),
                 Get("-o /dev/null", "esi/clients:none")]
    end,
    ok = inets:stop(httpd, Httpd),
    Result.

echo(Id, _, Body) ->
    Answer = io_lib:format("~b ~b", [length(Body), erlang:crc32(Body)]),
    mod_esi:deliver(Id, ["Content-Type: text/plain\r\n\r\n", Answer]).

%% httpc against Python's server.

httpc() ->
    ok = filelib:ensure_dir("py/d/x"),
    ok = file:write_file("py/large.bin", bytes(500000)),
    Script = "import http.server,sys\n"
             "class H(http.server.SimpleHTTPRequestHandler):\n"
             "  protocol_version='HTTP/1.1'\n"
             "  def log_message(self,*a): pass\n"
             "  def do_POST(self):\n"
             "    b=self.rfile.read(int(self.headers['Content-Length']))[::-1]\n"
             "    self.send_response(201)\n"
             "    self.send_header('Transfer-Encoding','chunked')\n"
             "    self.end_headers()\n"
             "    for i in range(0,len(b),7000):\n"
             "      c=b[i:i+7000]\n"
             "      self.wfile.write(b'%x\\r\\n%s\\r\\n'%(len(c),c))\n"
             "    self.wfile.write(b'0\\r\\n\\r\\n')\n"
             "s=http.server.ThreadingHTTPServer(('127.0.0.1',0),lambda *a: H(*a,directory='py'))\n"
             "print(s.server_port,flush=True)\n"
             "s.serve_forever()\n",
    ok = file:write_file("server.py", Script),
    {P, _} = Server = beside("python3", ["server.py"]),
    Port = receive {P, {data, {eol, L}}} -> list_to_integer(L) after 20000 -> exit(no_server) end,
    Url = fun(Path) -> "http://127.0.0.1:" ++ integer_to_list(Port) ++ Path end,
    Options = [{body_format, binary}],
    Short = fun({ok, {{_, Code, _}, _, Body}}) -> {Code, byte_size(Body), erlang:crc32(Body)}; (Other) -> Other end,
    Large = bytes(300000),
    Result = [Short(httpc:request(get, {Url("/large.bin"), []}, [], Options)),
              Short(httpc:request(get, {Url("/none"), []}, [], Options)) =/= x,
              element(1, Short(httpc:request(get, {Url("/d"), []}, [], Options))),
              Short(httpc:request(post, {Url("/x"), [], "text/plain", Large}, [], Options)),
              [Short(httpc:request(get, {Url("/large.bin"), [{"range", "bytes=0-9"}]}, [], Options)) || _ <- [1, 2]],
              begin
                  {ok, Id} = httpc:request(get, {Url("/large.bin"), []}, [], [{sync, false}, {stream, self} | Options]),
                  erlang:crc32(streamed(Id))
              end,
              httpc:request(get, {Url("/large.bin"), []}, [], [{stream, "saved.bin"}]),
              file:read_file("saved.bin") =:= {ok, bytes(500000)}],
    stop(Server),
    Result.

streamed(Id) ->
    receive
        {http, {Id, stream_start, _}} -> streamed(Id);
        {http, {Id, stream, B}} -> [B | streamed(Id)];
        {http, {Id, stream_end, _}} -> []
    after 10000 -> exit(no_stream)
    end.

%% nc against gen_tcp: it sends a file, we send it back, reversed by lines or whole.

nc_connects(Family, Active) ->
    Data = bytes(300000),
    ok = file:write_file("sent.bin", Data),
    {Options, Where} = case Family of
        inet -> {[inet, {ip, {127, 0, 0, 1}}], fun(L) -> {ok, N} = inet:port(L), "127.0.0.1 " ++ integer_to_list(N) end};
        inet6 -> {[inet6, {ip, {0, 0, 0, 0, 0, 0, 0, 1}}], fun(L) -> {ok, N} = inet:port(L), "::1 " ++ integer_to_list(N) end};
        local -> file:delete("nc.sock"), {[{ifaddr, {local, "nc.sock"}}], fun(_) -> "-U nc.sock" end}
    end,
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {backlog, 5} | Options]),
    Self = self(),
    spawn_link(fun() -> Self ! {out, run("nc -N ~s <sent.bin >got.bin; echo $?", [Where(L)])} end),
    {ok, S} = gen_tcp:accept(L, 10000),
    ok = inet:setopts(S, [{active, Active}, {exit_on_close, false}]),
    Got = received(S, Active),
    Sent = [gen_tcp:send(S, binary:part(Got, I, min(7777, byte_size(Got) - I))) || I <- lists:seq(0, byte_size(Got) - 1, 7777)],
    ok = gen_tcp:close(S),
    Status = receive {out, O} -> O after 15000 -> late end,
    gen_tcp:close(L),
    {Got =:= Data, lists:usort(Sent), Status, file:read_file("got.bin") =:= {ok, Data}}.

received(S, false) ->
    case gen_tcp:recv(S, 0, 10000) of {ok, B} -> append(B, received(S, false)); {error, closed} -> <<>> end;
received(S, Active) ->
    receive
        {tcp, S, B} ->
            [ok = inet:setopts(S, [{active, once}]) || Active =:= once],
            append(B, received(S, Active));
        {tcp_passive, S} -> ok = inet:setopts(S, [{active, 3}]), received(S, Active);
        {tcp_closed, S} -> <<>>
    after 10000 -> exit(nothing_came)
    end.

append(A, B) -> <<A/binary, B/binary>>.

nc_listens() ->
    N = free(tcp),
    {P, _} = Nc = beside("nc", ["-l", "-N", "127.0.0.1", integer_to_list(N)]),
    {ok, S} = await(fun() -> gen_tcp:connect({127, 0, 0, 1}, N, [binary, {active, false}, {packet, line}]) end),
    ok = gen_tcp:send(S, "to nc\nagain\n"),
    Lines = [receive {P, {data, {eol, L}}} -> L after 5000 -> late end || _ <- [1, 2]],
    port_command(P, "from nc\n"),
    Answer = gen_tcp:recv(S, 0, 5000),
    ok = gen_tcp:shutdown(S, write),
    gen_tcp:close(S),
    stop(Nc),
    {Lines, Answer}.

nc_udp() ->
    {ok, S} = gen_udp:open(0, [binary, {ip, {127, 0, 0, 1}}, {active, false}]),
    {ok, N} = inet:port(S),
    {P, _} = Nc = beside("nc", ["-u", "127.0.0.1", integer_to_list(N)]),
    port_command(P, "datagram\n"),
    {ok, {{127, 0, 0, 1}, From, Data}} = gen_udp:recv(S, 0, 5000),
    ok = gen_udp:send(S, {127, 0, 0, 1}, From, "answer\n"),
    Line = receive {P, {data, {eol, L}}} -> L after 5000 -> late end,
    stop(Nc),
    gen_udp:close(S),
    {Data, Line}.

%% Net-SNMP's programs against the agent.

snmp() ->
    Port = free(udp),
    [ok = filelib:ensure_dir("snmp/" ++ D ++ "/x") || D <- ["conf", "db"]],
    File = fun(Name, Terms) -> ok = file:write_file("snmp/conf/" ++ Name, [io_lib:format("~p.~n", [T]) || T <- Terms]) end,
    File("agent.conf", [{intAgentUDPPort, Port}, {intAgentIpAddress, [127, 0, 0, 1]}, {snmpEngineMaxMessageSize, 484},
                        {snmpEngineID, "an agent"}]),
    File("standard.conf", [{sysName, "tested"}, {sysDescr, "an agent"}, {sysContact, "nobody"}, {sysLocation, "nowhere"},
                           {sysObjectID, [3, 6, 1, 4, 1, 193, 19]}, {sysServices, 72}, {snmpEnableAuthenTraps, disabled}]),
    File("community.conf", [{"public", "public", "initial", "", ""}, {"all-rights", "all-rights", "all-rights", "", ""}]),
    File("context.conf", [""]),
    File("vacm.conf", [{vacmSecurityToGroup, M, S, S} || M <- [v1, v2c], S <- ["initial", "all-rights"]]
         ++ [{vacmAccess, "initial", "", any, noAuthNoPriv, exact, "restricted", "", "restricted"},
             {vacmAccess, "all-rights", "", any, noAuthNoPriv, exact, "internet", "internet", "internet"},
             {vacmViewTreeFamily, "internet", [1, 3, 6, 1], included, null},
             {vacmViewTreeFamily, "restricted", [1, 3, 6, 1], included, null}]),
    [File(F, []) || F <- ["target_addr.conf", "target_params.conf", "notify.conf", "usm.conf"]],
    application:set_env(snmp, agent, [{versions, [v1, v2]}, {db_dir, "snmp/db"}, {config, [{dir, "snmp/conf"}]},
                                      {agent_type, master}, {agent_verbosity, silence}]),
    ok = application:start(snmp),
    Ask = fun(Program, Community, Version, Rest) ->
        string:trim(run("env MIBS= snmp~s -v ~s -c ~s -On -Oq -t 5 -r 1 127.0.0.1:~b ~s", [Program, Version, Community, Port, Rest]))
    end,
    Walk = string:lexemes(Ask("walk", "public", "2c", "1.3.6.1.2.1.1"), "\n"),
    Result = [Ask("get", "public", "2c", "1.3.6.1.2.1.1.5.0 1.3.6.1.2.1.1.1.0 1.3.6.1.2.1.1.2.0"),
              Ask("get", "public", "1", "1.3.6.1.2.1.1.6.0"),
              Ask("getnext", "public", "2c", "1.3.6.1.2.1.1.5"),
              Ask("bulkget", "public", "2c", "-Cr2 1.3.6.1.2.1.1.4"),
              Ask("get", "public", "2c", "1.3.6.1.2.1.1.99.0"),
              Ask("set", "all-rights", "2c", "1.3.6.1.2.1.1.4.0 s somebody"),
              Ask("get", "public", "2c", "1.3.6.1.2.1.1.4.0"),
              Ask("set", "public", "2c", "1.3.6.1.2.1.1.4.0 s x"),
              hd(string:lexemes(Ask("get", "stranger", "2c", "-t 0.3 -r 0 1.3.6.1.2.1.1.5.0"), " ")),
              [lists:sublist(string:lexemes(L, " "), 1) || L <- Walk]],
    ok = application:stop(snmp),
    Result.

%% Our ftp client against vsftpd, or whatever speaks FTP in Python: passive and active.

ftp() ->
    {ok, _} = application:ensure_all_started(ftp),
    ok = filelib:ensure_dir("ftp/x"),
    Source = code:which(?MODULE),
    Script = filename:join(filename:dirname(Source), "ftp_server.py"),
    {P, _} = Server = beside("python3", [Script, "ftp"]),
    Port = receive {P, {data, {eol, L}}} -> list_to_integer(L) after 20000 -> exit(no_server) end,
    Result = [ftp(Port, Mode) || Mode <- [passive, active]],
    stop(Server),
    Result.

ftp(Port, Mode) ->
    {ok, F} = ftp:open("127.0.0.1", [{port, Port}, {mode, Mode}, {timeout, 10000}, {ipfamily, inet}]),
    Data = bytes(200000),
    Bad = ftp:user(F, "someone", "wrong"),
    Good = ftp:user(F, "someone", "secret"),
    Steps = [ftp:type(F, binary), ftp:mkdir(F, "d"), ftp:cd(F, "d"), ftp:pwd(F), ftp:send_bin(F, Data, "one.bin"),
             ftp:append_bin(F, <<"more">>, "one.bin"),
             case ftp:recv_bin(F, "one.bin") of {ok, B} -> B =:= <<Data/binary, "more">>; E -> E end,
             ftp:rename(F, "one.bin", "two.bin"), ftp:nlist(F), ftp:recv_bin(F, "one.bin"),
             ftp:send_chunk_start(F, "three.bin"), ftp:send_chunk(F, <<"a">>), ftp:send_chunk(F, <<"b">>), ftp:send_chunk_end(F),
             ftp:recv_bin(F, "three.bin"), ftp:delete(F, "two.bin"), ftp:delete(F, "three.bin"), ftp:delete(F, "three.bin"),
             ftp:cd(F, ".."), ftp:rmdir(F, "d"), ftp:cd(F, "d"), ftp:quote(F, "NOOP")],
    ok = ftp:close(F),
    {Mode, Bad, Good, Steps}.

%% tftp against tftp-hpa, both ways.

tftp_client() ->
    {ok, _} = application:ensure_all_started(tftp),
    Root = filename:absname("tftpd"),
    ok = filelib:ensure_dir(Root ++ "/x"),
    os:cmd("chmod 777 " ++ Root),
    Data = bytes(100000),
    ok = file:write_file(Root ++ "/read.bin", Data),
    ok = file:write_file("mine.bin", Data),
    Port = free(udp),
    Tftpd = beside("in.tftpd", ["-L", "-4", "-c", "-u", "root", "-a", "127.0.0.1:" ++ integer_to_list(Port), "-s", Root]),
    Options = [{host, "127.0.0.1"}, {port, Port}],
    Read = fun(More) ->
        case await(fun() -> tftp:read_file("read.bin", binary, Options ++ More) end) of
            {ok, B} when is_binary(B) -> B =:= Data;
            Other -> Other
        end
    end,
    Result = [Read([]), Read([{"blksize", "1400"}]), element(1, tftp:read_file("none.bin", binary, Options)),
              tftp:write_file("written.bin", "mine.bin", Options), file:read_file(Root ++ "/written.bin") =:= {ok, Data}],
    stop(Tftpd),
    Result.

tftp_server() ->
    {ok, _} = application:ensure_all_started(tftp),
    ok = filelib:ensure_dir("tftp/x"),
    Data = bytes(100000),
    ok = file:write_file("tftp/read.bin", Data),
    {ok, Pid} = tftp:start([{port, 0}, {udp, [{ip, {127, 0, 0, 1}}]}, {callback, {"", tftp_file, [{root_dir, filename:absname("tftp")}]}}]),
    {ok, Info} = tftp:info(Pid),
    Port = proplists:get_value(port, Info),
    ok = file:write_file("up.bin", Data),
    Ask = fun(Commands) ->
        run("sh -c \"printf '~s' | tftp -4 -m binary 127.0.0.1 ~b\" >tftp.log; grep -c Error tftp.log", [Commands, Port])
    end,
    Out = [Ask("get read.bin down.bin\\nput up.bin stored.bin\\nquit\\n"), Ask("get none.bin no.bin\\nquit\\n")],
    Result = {Out, file:read_file("down.bin") =:= {ok, Data}, file:read_file("tftp/stored.bin") =:= {ok, Data}},
    tftp:change_config(Pid, []),
    unlink(Pid),
    exit(Pid, kill),
    Result.

%% eldap against OpenLDAP's slapd.

ldap() ->
    {ok, _} = application:ensure_all_started(eldap),
    Db = filename:absname("ldap"),
    ok = filelib:ensure_dir(Db ++ "/db/x"),
    Port = free(tcp),
    ok = file:write_file("slapd.conf",
        ["include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile ", Db, "/pid\n",
         "database mdb\nsuffix \"dc=test\"\nrootdn \"cn=root,dc=test\"\nrootpw secret\ndirectory ", Db, "/db\nmaxsize 10485760\n"]),
    Slapd = beside("slapd", ["-d", "0", "-f", "slapd.conf", "-h", "ldap://127.0.0.1:" ++ integer_to_list(Port)]),
    {ok, H} = await(fun() -> eldap:open(["127.0.0.1"], [{port, Port}, {timeout, 10000}]) end),
    Base = "dc=test",
    Person = "cn=one," ++ Base,
    Search = fun(Filter, Attributes) ->
        case eldap:search(H, [{base, Base}, {filter, Filter}, {attributes, Attributes}]) of
            {ok, #eldap_search_result{entries = Es}} ->
                lists:sort([{D, lists:sort(As)} || #eldap_entry{object_name = D, attributes = As} <- Es]);
            Other -> Other
        end
    end,
    Result = [eldap:simple_bind(H, "cn=root,dc=test", "wrong"), eldap:simple_bind(H, "cn=root,dc=test", "secret"),
              eldap:add(H, Base, [{"objectclass", ["dcObject", "organization"]}, {"dc", ["test"]}, {"o", ["tests"]}]),
              eldap:add(H, Person, [{"objectclass", ["person"]}, {"cn", ["one"]}, {"sn", ["first"]}]),
              eldap:add(H, Person, [{"objectclass", ["person"]}, {"cn", ["one"]}, {"sn", ["first"]}]),
              [eldap:add(H, "cn=n" ++ integer_to_list(N) ++ "," ++ Base,
                         [{"objectclass", ["person"]}, {"cn", ["n" ++ integer_to_list(N)]}, {"sn", ["many"]}]) || N <- lists:seq(1, 20)],
              Search(eldap:equalityMatch("sn", "first"), ["cn", "sn"]),
              length(Search(eldap:'and'([eldap:present("sn"), eldap:'not'(eldap:equalityMatch("cn", "one"))]), ["cn"])),
              eldap:modify(H, Person, [eldap:mod_replace("sn", ["changed"]), eldap:mod_add("description", ["a description"])]),
              Search(eldap:substrings("sn", [{initial, "cha"}]), ["sn", "description"]),
              eldap:modify_dn(H, Person, "cn=two", true, ""),
              eldap:delete(H, Person), eldap:delete(H, "cn=two," ++ Base),
              eldap:search(H, [{base, "dc=elsewhere"}, {filter, eldap:present("sn")}])],
    eldap:close(H),
    stop(Slapd),
    Result.

%% Whether what the system says is of the right kind and about the right size.

os_mon() ->
    {ok, _} = application:ensure_all_started(os_mon),
    Loads = [cpu_sup:F() || F <- [avg1, avg5, avg15]],
    {Total, _, {Worst, _}} = memsup:get_memory_data(),
    System = memsup:get_system_memory_data(),
    {ok, MemInfo} = file:read_file("/proc/meminfo"),
    {match, [Kb]} = re:run(MemInfo, "MemTotal: +(\\d+)", [{capture, all_but_first, list}]),
    Disks = disksup:get_disk_data(),
    Result = [[is_integer(L) andalso L >= 0 || L <- Loads], cpu_sup:nprocs() > 0,
              is_number(cpu_sup:util()), [{element(1, U), is_list(U)} || U <- [cpu_sup:util([detailed])], is_tuple(U)] =/= x,
              Total =:= list_to_integer(Kb) * 1024, is_pid(Worst),
              [proplists:get_value(K, System) =/= undefined || K <- [total_memory, free_memory, system_total_memory, buffered_memory]],
              lists:keymember("/", 1, Disks), [K || {_, K, C} <- Disks, C > 100],
              memsup:get_sysmem_high_watermark(), disksup:get_almost_full_threshold()],
    ok = application:stop(os_mon),
    Result.

%% Handlers of logger. Only what the calling process logs goes there.

filters() ->
    Mine = fun(#{meta := #{pid := P}} = Event, P) -> Event; (_, _) -> stop end,
    [{mine, {Mine, self()}}].

log_to_disk() ->
    file:delete("a.log"),
    Format = {logger_formatter, #{template => [level, " ", msg, "\n"], single_line => true}},
    ok = logger:add_handler(disk, logger_std_h, #{config => #{file => "a.log", filesync_repeat_interval => no_repeat}, formatter => Format, level => all,
                                                    filters => filters()}),
    %% Not so many at once that the handler begins to drop them.
    [begin
        [logger:log(notice, "line ~b ~ts", [N, [955]]) || N <- lists:seq(First, First + 9)],
        ok = logger_std_h:filesync(disk)
     end || First <- lists:seq(1, 291, 10)],
    {ok, B} = file:read_file("a.log"),
    ok = logger:remove_handler(disk),
    %% A handler under load says so between them.
    Lines = [L || <<"notice line ", _/binary>> = L <- binary:split(B, <<"\n">>, [global, trim])],
    {length(Lines), hd(Lines), lists:last(Lines)}.

log_wraps() ->
    [file:delete(F) || F <- filelib:wildcard("w.log*")],
    Format = {logger_formatter, #{template => [msg, "\n"]}},
    ok = logger:add_handler(wrap, logger_std_h, #{config => #{file => "w.log", max_no_bytes => 2000, max_no_files => 3}, formatter => Format, level => all,
                                                    filters => filters()}),
    [logger:log(notice, "~4..0b ~s", [N, lists:duplicate(95, $x)]) || N <- lists:seq(1, 100)],
    ok = logger_std_h:filesync(wrap),
    ok = logger:remove_handler(wrap),
    ok = logger:add_handler(dlog, logger_disk_log_h, #{config => #{file => "d.log", max_no_bytes => 3000, max_no_files => 3}, formatter => Format, level => all,
                                                    filters => filters()}),
    [logger:log(notice, "~4..0b ~s", [N, lists:duplicate(95, $y)]) || N <- lists:seq(1, 100)],
    ok = logger_disk_log_h:filesync(dlog),
    ok = logger:remove_handler(dlog),
    [{F, filelib:file_size(F)} || F <- lists:sort(filelib:wildcard("[wd].log*"))].

%% A handler that writes to a socket, where nc prints.
log_to_socket() ->
    N = free(tcp),
    {P, _} = Nc = beside("nc", ["-l", "127.0.0.1", integer_to_list(N)]),
    {ok, S} = await(fun() -> gen_tcp:connect({127, 0, 0, 1}, N, [binary, {active, false}]) end),
    Self = self(),
    Io = spawn(fun() -> device(S, Self) end),
    register(socket_device, Io),
    ok = logger:add_handler(socket, logger_std_h, #{config => #{type => {device, socket_device}}, level => all, filters => filters(),
                                                    formatter => {logger_formatter, #{template => [level, " ", msg, "\n"]}}}),
    [logger:log(warning, "to the socket ~b", [I]) || I <- lists:seq(1, 20)],
    Lines = [receive {P, {data, {eol, L}}} -> L after 5000 -> late end || _ <- lists:seq(1, 20)],
    ok = logger:remove_handler(socket),
    exit(Io, kill),
    gen_tcp:close(S),
    stop(Nc),
    {hd(Lines), lists:last(Lines)}.

device(S, Owner) ->
    receive
        {io_request, From, As, {put_chars, unicode, Chars}} ->
            From ! {io_reply, As, gen_tcp:send(S, unicode:characters_to_binary(Chars))},
            device(S, Owner);
        {io_request, From, As, {put_chars, unicode, M, F, A}} ->
            From ! {io_reply, As, gen_tcp:send(S, unicode:characters_to_binary(apply(M, F, A)))},
            device(S, Owner);
        {io_request, From, As, _} ->
            From ! {io_reply, As, {error, enotsup}},
            device(S, Owner)
    end.

%% Tables on disk: written, the emulator's part stopped and started, read again.

mnesia() ->
    application:set_env(mnesia, dir, filename:absname("mnesia")),
    ok = mnesia:create_schema([node()]),
    ok = mnesia:start(),
    [{atomic, ok} = mnesia:create_table(T, [{K, [node()]}, {attributes, [key, value]}])
     || {T, K} <- [{both, disc_copies}, {only, disc_only_copies}]],
    [{atomic, ok} = mnesia:transaction(fun() ->
         [ok = mnesia:write({T, N * 10 + I, {value, N, I}}) || I <- lists:seq(1, 10), T <- [both, only]], ok end) || N <- lists:seq(1, 100)],
    {aborted, no} = mnesia:transaction(fun() -> mnesia:write({both, gone, 1}), mnesia:abort(no) end),
    {atomic, ok} = mnesia:transaction(fun() -> mnesia:delete({both, 11}) end),
    dumped = mnesia:dump_log(),
    {atomic, ok} = mnesia:transaction(fun() -> mnesia:delete({both, 12}) end),
    ok = mnesia:backup("backup.bup"),
    stopped = mnesia:stop(),
    Files = [F || F <- filelib:wildcard("*", "mnesia"), filename:extension(F) =/= ".LOG"],
    ok = mnesia:start(),
    ok = mnesia:wait_for_tables([both, only], 10000),
    Sizes = [mnesia:table_info(T, size) || T <- [both, only]],
    Values = [mnesia:dirty_read(T, K) || T <- [both, only], K <- [11, 12, 13, gone, 1010]],
    {atomic, _} = mnesia:restore("backup.bup", []),
    Again = [mnesia:table_info(T, size) || T <- [both, only]],
    stopped = mnesia:stop(),
    {Files, Sizes, Values, Again}.
