%% vm: own
%% timeout: 60
%% modes: plain
%% A server and a client each of tftp and snmp.
-module(small_servers).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, error),
    Data = << <<(N * N rem 251)>> || N <- lists:seq(1, 50000) >>,
    ok = file:write_file("from", Data),
    {ok, _} = application:ensure_all_started(tftp),
    {ok, Server} = tftp:start([{port, 0}, {callback, {"", tftp_file, []}}]),
    {ok, Info} = tftp:info(Server),
    Port = proplists:get_value(port, Info),
    {ok, Cwd} = file:get_cwd(),
    At = fun(Name) -> filename:join(Cwd, Name) end,
    p(tftp_read, tftp:read_file(At("from"), binary, [{port, Port}]) =:= {ok, Data}),
    {ok, _} = tftp:write_file(At("to"), Data, [{port, Port}, {"blksize", "1000"}]),
    p(tftp_written, written(At("to"), Data, 100)),
    p(tftp_none, tftp:read_file(At("none"), binary, [{port, Port}])),
    snmp(free(), free()).

%% The last block is on its way still when the client is done.
written(File, Data, Tries) ->
    case file:read_file(File) of
        {ok, Data} -> true;
        _ when Tries > 0 -> timer:sleep(50), written(File, Data, Tries - 1);
        Other -> Other
    end.

free() ->
    {ok, S} = gen_udp:open(0, [{ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(S),
    gen_udp:close(S),
    Port.

snmp(AgentPort, ManagerPort) ->
    [ok = file:make_dir(D) || D <- ["agent", "manager", "agent_db", "manager_db"]],
    Write = fun(File, Terms) -> ok = file:write_file(File, [io_lib:format("~p.~n", [T]) || T <- Terms]) end,
    Address = fun(Port) -> [{transportDomainUdpIpv4, {{127, 0, 0, 1}, Port}}] end,
    Write("agent/agent.conf", [{intAgentTransports, Address(AgentPort)}, {snmpEngineID, "engine"}, {snmpEngineMaxMessageSize, 484}]),
    Write("agent/context.conf", [""]),
    Write("agent/standard.conf", [{sysDescr, "a test"}, {sysObjectID, [1, 2, 3]}, {sysContact, "nobody"}, {sysLocation, "here"},
        {sysServices, 72}, {snmpEnableAuthenTraps, enabled}, {sysName, "name"}]),
    Write("agent/community.conf", [{"public", "public", "initial", "", ""}]),
    Write("agent/vacm.conf", [{vacmSecurityToGroup, v2c, "initial", "initial"},
        {vacmAccess, "initial", "", any, noAuthNoPriv, exact, "internet", "internet", "internet"},
        {vacmViewTreeFamily, "internet", [1, 3, 6, 1], included, null}]),
    [Write("agent/" ++ F, []) || F <- ["notify.conf", "usm.conf", "target_addr.conf", "target_params.conf"]],
    Write("manager/manager.conf", [{transports, Address(ManagerPort)}, {engine_id, "manager"}, {max_message_size, 484}]),
    [Write("manager/" ++ F, []) || F <- ["users.conf", "agents.conf", "usm.conf"]],
    ok = application:load(snmp),
    application:set_env(snmp, agent, [{versions, [v2]}, {config, [{dir, "agent"}, {force_load, true}]}, {db_dir, "agent_db"}]),
    application:set_env(snmp, manager, [{versions, [v2]}, {config, [{dir, "manager"}, {db_dir, "manager_db"}]}]),
    p(snmp_start, application:start(snmp)),
    ok = snmpm:register_user(user, snmpm_user_default, self()),
    [{Domain, Where}] = Address(AgentPort),
    ok = snmpm:register_agent(user, "agent", [{engine_id, "engine"}, {tdomain, Domain}, {taddress, Where}, {community, "public"},
        {version, v2}, {sec_model, v2c}]),
    Descr = [1, 3, 6, 1, 2, 1, 1, 1, 0],
    Contact = [1, 3, 6, 1, 2, 1, 1, 4, 0],
    p(snmp_get, reply(snmpm:sync_get2(user, "agent", [Descr, [1, 3, 6, 1, 2, 1, 1, 5, 0], [1, 3, 6, 1, 9]]))),
    p(snmp_next, reply(snmpm:sync_get_next2(user, "agent", [[1, 3, 6, 1, 2, 1, 1, 5]]))),
    p(snmp_bulk, reply(snmpm:sync_get_bulk2(user, "agent", 0, 3, [[1, 3, 6, 1, 2, 1, 1, 4]]))),
    p(snmp_set, reply(snmpm:sync_set2(user, "agent", [{Contact, s, "somebody"}]))),
    p(snmp_stop, application:stop(snmp)).

%% The time that was left is not promised.
reply({ok, Reply, _}) -> Reply;
reply(Other) -> Other.
