%% vm: own
%% timeout: 120
%% modes: plain
%% Distribution over what is not the usual TCP: IPv6, TLS, carriers that are processes, with sockets of files too, and sockets
%% of the `socket` module. Each way between the emulator under test and the reference, and among the former.
-module(carriers).
-export([main/0, certificates/0, exercise/1, echo/0, many/2, last/1, await/1]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    tb_peer:epmd(),
    [with(C) || C <- carriers()],
    tb_peer:stop_all([]).

carriers() ->
    [{inet6, ["-proto_dist", case gen_tcp:listen(0, [inet6]) of {ok, _} -> "inet6_tcp"; _ -> "inet_tcp" end]},
     {tls, ["-proto_dist", "inet_tls", "-ssl_dist_optfile", tls_options()]},
     {tcp, ["-proto_dist", "tb_carrier", "-tb_carrier", "tcp"]},
     {unix, ["-proto_dist", "tb_carrier", "-tb_carrier", "unix", "-start_epmd", "false"]},
     {backend, ["-kernel", "inet_backend", "socket"]}]
    ++ [{socket, ["-proto_dist", "inet_epmd", "-inet_epmd", "socket"]} || code:which(inet_epmd_socket) =/= non_existing].

%% OTP's native library for cryptography may want the C library that came with it.
env(own, tls) -> tb_peer:hosted();
env(_, _) -> [].

%% Both sides show certificates, and look at that of the other.
tls_options() ->
    P = tb_peer:start(reference, []),
    tb_peer:call(P, ?MODULE, certificates, []),
    tb_peer:stop(P),
    filename:absname("tls.conf").

certificates() ->
    {ok, _} = application:ensure_all_started(ssl),
    Name = [{extensions, [{'Extension', {2, 5, 29, 17}, false, [{dNSName, tb_peer:host()}]}]}, {digest, sha256}, {key, {namedCurve, secp256r1}}],
    Chain = #{root => [{digest, sha256}, {key, {namedCurve, secp256r1}}], intermediates => [], peer => Name},
    #{server_config := Server, client_config := Client} = public_key:pkix_test_data(#{server_chain => Chain, client_chain => Chain}),
    [file:write_file(lists:concat([Who, "_", What, ".pem"]), public_key:pem_encode(
        case What of
            key -> {Type, Der} = proplists:get_value(key, Conf), [{Type, Der, not_encrypted}];
            cert -> [{'Certificate', proplists:get_value(cert, Conf), not_encrypted}];
            cacerts -> [{'Certificate', D, not_encrypted} || D <- proplists:get_value(cacerts, Conf)]
        end)) || {Who, Conf} <- [{server, Server}, {client, Client}], What <- [key, cert, cacerts]],
    Options = [{Who, [{certfile, lists:concat([Who, "_cert.pem"])}, {keyfile, lists:concat([Who, "_key.pem"])},
                      {cacertfile, lists:concat([Who, "_cacerts.pem"])}, {verify, verify_peer}]
                     ++ [{fail_if_no_peer_cert, true} || Who =:= server]} || Who <- [server, client]],
    file:write_file("tls.conf", io_lib:format("~p.~n", [Options])).

with({What, Args}) ->
    Name = atom_to_list(What),
    [A, B, C] = Ps = tb_peer:start_all([{W, ["-sname", Name ++ X | Args], env(W, What)} || {W, X} <- [{own, "a"}, {reference, "b"}, {own, "c"}]]),
    [begin
        p({What, Way}, tb_peer:call(From, ?MODULE, exercise, [tb_peer:node(To)])),
        p({What, Way, ends}, ends(From, To, How))
     end || {Way, From, To, How} <- [{out, A, B, disconnect}, {in, B, A, halt}, {own, C, B, kill}]],
    [tb_peer:stop(P) || P <- Ps].

exercise(N) ->
    Ping = net_adm:ping(N),
    {ok, Info} = net_kernel:node_info(N),
    {net_address, _, _, Protocol, Family} = proplists:get_value(address, Info),
    E = spawn(N, ?MODULE, echo, []),
    Terms = [self(), make_ref(), fun lists:map/2, #{a => [1.5, "s"]}, <<1:3>>, binary:copy(<<"x">>, 70000), lists:seq(1, 100000),
             binary:copy(<<"y">>, 3000000)],
    Same = [begin E ! {self(), T}, receive {E, X} -> X =:= T end end || T <- Terms],
    Ms = [spawn(?MODULE, many, [self(), E]) || _ <- [1, 2, 3]],
    Many = [receive {M, R} -> R end || M <- Ms],
    process_flag(trap_exit, true),
    L = spawn_link(N, erlang, exit, [{a, reason}]),
    Exit = receive {'EXIT', L, W} -> W end,
    {_, Mon} = spawn_monitor(N, erlang, exit, [binary:copy(<<"z">>, 200000)]),
    Large = receive {'DOWN', Mon, _, _, W2} -> byte_size(W2) end,
    {_, Self} = erpc:call(N, net_kernel, node_info, [node(), state]),
    [Ping, Protocol, Family, proplists:get_value(type, Info), Self, Same, Many, Exit, Large,
     net_kernel:setopts(N, [{sndbuf, 100000}]), element(1, net_kernel:getopts(N, [sndbuf])),
     erpc:call(N, erlang, nodes, []) =:= [node()]].

many(Who, E) ->
    L = lists:seq(1, 500),
    [E ! {self(), I} || I <- L],
    Who ! {self(), [receive {E, I} -> I end || I <- L] =:= L}.

echo() -> receive {From, X} -> From ! {self(), X}, echo() end.

%% The connection ends: what both sides hear of it.
ends(From, To, How) ->
    [F, T] = [tb_peer:node(P) || P <- [From, To]],
    [tb_peer:call(P, ?MODULE, last, [N]) || {P, N} <- [{From, T}, {To, F}]],
    case How of
        disconnect -> tb_peer:call(From, erlang, disconnect_node, [T]), both(From, To);
        halt -> tb_peer:call(From, fun() -> spawn(T, erlang, halt, []), ok end), one(From);
        kill -> tb_peer:kill(To), one(From)
    end.

both(A, B) -> one(A) ++ one(B).
one(P) -> [tb_peer:call(P, ?MODULE, await, [last])].

last(N) ->
    Me = self(),
    register(last, spawn(fun() ->
        net_kernel:monitor_nodes(true, [nodedown_reason]),
        M = monitor(process, {kernel_sup, N}),
        Me ! ready,
        Why = receive {nodedown, N, [{nodedown_reason, R}]} -> R end,
        receive {'DOWN', M, _, _, W} -> receive {await, P} -> P ! {ended, Why, W} end end end)),
    receive ready -> ok end.

await(Who) ->
    Who ! {await, self()},
    receive {ended, _, _} = E -> E after 30000 -> none end.
