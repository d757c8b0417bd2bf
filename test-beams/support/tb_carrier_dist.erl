%% A carrier of distribution written in Erlang, for -proto_dist tb_carrier: processes take packets from the emulator and give
%% it those of the other side. With `-tb_carrier tcp` they go over TCP and know epmd; with `-tb_carrier unix` over a socket
%% NAME.sock in the working directory, without any packet mode: lengths are asked for and written here.
-module(tb_carrier_dist).
-export([select/1, address/0, listen/1, accept/1, accept_connection/5, setup/5, close/1]).
-include_lib("kernel/include/net_address.hrl").
-include_lib("kernel/include/dist_util.hrl").

how() ->
    {ok, [[How]]} = init:get_argument(tb_carrier),
    list_to_atom(How).

select(Node) -> length(string:split(atom_to_list(Node), "@")) =:= 2.

address() -> #net_address{host = tb_peer:host(), protocol = tb, family = family(how())}.

family(tcp) -> inet;
family(unix) -> local.

path(Name) -> {local, Name ++ ".sock"}.

listen(Name) -> listen(how(), Name).

listen(tcp, Name) ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {packet, 2}]),
    {ok, {_, Port} = Address} = inet:sockname(L),
    case (net_kernel:epmd_module()):register_node(Name, Port) of
        {ok, Creation} -> {ok, {L, (address())#net_address{address = Address}, Creation}};
        Error -> gen_tcp:close(L), Error
    end;
listen(unix, Name) ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {packet, 2}, {ifaddr, path(atom_to_list(Name))}]),
    {ok, {L, (address())#net_address{address = path(atom_to_list(Name))}, erlang:system_time(second) band 16#ffffffff}}.

close(L) -> gen_tcp:close(L).

accept(L) ->
    Kernel = self(),
    spawn_opt(fun() -> accept(Kernel, L) end, [link, {priority, max}]).

accept(Kernel, L) ->
    {ok, S} = gen_tcp:accept(L),
    C = carrier(S),
    Kernel ! {accept, self(), C, family(how()), tb},
    receive
        {Kernel, controller, Pid} -> ask(C, {supervisor, Pid}), Pid ! {self(), controller};
        {Kernel, unsupported_protocol} -> exit(unsupported_protocol)
    end,
    accept(Kernel, L).

accept_connection(Acceptor, C, MyNode, Allowed, SetupTime) ->
    Kernel = self(),
    spawn_opt(fun() ->
        receive {Acceptor, controller} -> ok end,
        Timer = dist_util:start_timer(SetupTime),
        dist_util:handshake_other_started((handshake(C))#hs_data{kernel_pid = Kernel, this_node = MyNode, timer = Timer, allowed = Allowed})
    end, dist_util:net_ticker_spawn_options()).

setup(Node, Type, MyNode, _, SetupTime) ->
    Kernel = self(),
    spawn_opt(fun() ->
        Timer = dist_util:start_timer(SetupTime),
        [Name, Host] = string:split(atom_to_list(Node), "@"),
        case connect(how(), Name, Host) of
            {ok, S, Version} ->
                C = carrier(S),
                ask(C, {supervisor, self()}),
                dist_util:handshake_we_started((handshake(C))#hs_data{kernel_pid = Kernel, other_node = Node, this_node = MyNode,
                                                                      timer = Timer, other_version = Version, request_type = Type});
            _ -> ?shutdown(Node)
        end
    end, dist_util:net_ticker_spawn_options()).

connect(tcp, Name, Host) ->
    {ok, Ip} = inet:getaddr(Host, inet),
    case (net_kernel:epmd_module()):port_please(Name, Ip) of
        {port, Port, Version} -> connected(gen_tcp:connect(Ip, Port, [binary, {active, false}, {packet, 2}]), Version);
        _ -> error
    end;
connect(unix, Name, _) -> connected(gen_tcp:connect(path(Name), 0, [binary, {active, false}, {packet, 2}]), 6).

connected({ok, S}, Version) -> {ok, S, Version};
connected(Error, _) -> Error.

handshake(C) ->
    {Socket, Ticker} = ask(C, parts),
    #hs_data{socket = C, this_flags = 0,
             f_send = fun(_, Data) -> ask(C, {send, Data}) end,
             f_recv = fun(_, N, Time) -> ask(C, {recv, N, Time}) end,
             f_setopts_pre_nodeup = fun(_) -> ok end,
             f_setopts_post_nodeup = fun(_) -> ok end,
             f_getll = fun(_) -> {ok, C} end,
             f_address = fun(_, _) -> address() end,
             f_handshake_complete = fun(_, _, Handle) -> ask(C, {complete, Handle}) end,
             mf_tick = fun(_) -> Ticker ! tick, ok end,
             mf_getstat = fun(_) ->
                 case inet:getstat(Socket, [recv_cnt, send_cnt, send_pend]) of
                     {ok, Stat} ->
                         [R, S, P] = [proplists:get_value(K, Stat) || K <- [recv_cnt, send_cnt, send_pend]],
                         {ok, R, S, P};
                     Error -> Error
                 end end,
             mf_setopts = fun(_, Options) -> inet:setopts(Socket, Options) end,
             mf_getopts = fun(_, Options) -> inet:getopts(Socket, Options) end}.

ask(C, What) ->
    M = monitor(process, C),
    C ! {M, self(), What},
    receive
        {M, Answer} -> demonitor(M, [flush]), Answer;
        {'DOWN', M, _, _, Why} -> exit({carrier, Why})
    end.

carrier(S) ->
    C = spawn_opt(fun() ->
        Ticker = spawn_opt(fun() -> tick(S) end, [link, {priority, max}]),
        before(S, Ticker) end, [{priority, max}]),
    ok = gen_tcp:controlling_process(S, C),
    C.

%% Until the handshake is done.
before(S, Ticker) ->
    receive
        {M, From, {complete, Handle}} ->
            ok = inet:setopts(S, [{packet, case how() of tcp -> 4; unix -> raw end}]),
            [Supervisor] = get(supervisor),
            Input = spawn_link(fun() -> link(Supervisor), receive go -> input(how(), Handle, S) end end),
            ok = erlang:dist_ctrl_input_handler(Handle, Input),
            how() =:= unix andalso erlang:dist_ctrl_set_opt(Handle, get_size, true),
            Input ! go,
            From ! {M, ok},
            process_flag(priority, normal),
            erlang:dist_ctrl_get_data_notification(Handle),
            output(Handle, S);
        {M, From, What} ->
            From ! {M, answer(What, S, Ticker)},
            before(S, Ticker)
    end.

answer({supervisor, Pid}, _, _) -> put(supervisor, [Pid]), link(Pid);
answer(parts, S, Ticker) -> {S, Ticker};
answer({send, Data}, S, _) -> gen_tcp:send(S, Data);
answer({recv, N, Time}, S, _) ->
    case gen_tcp:recv(S, N, Time) of
        {ok, Data} -> {ok, binary_to_list(Data)};
        Error -> Error
    end.

tick(S) ->
    receive tick -> send(S, case how() of tcp -> <<>>; unix -> <<0:32>> end) end,
    tick(S).

output(Handle, S) ->
    receive dist_data -> drain(Handle, S) end,
    output(Handle, S).

drain(Handle, S) ->
    case erlang:dist_ctrl_get_data(Handle) of
        none -> erlang:dist_ctrl_get_data_notification(Handle);
        {Size, Data} -> Size = iolist_size(Data), send(S, [<<Size:32>> | Data]), drain(Handle, S);
        Data -> send(S, Data), drain(Handle, S)
    end.

send(S, Data) ->
    case gen_tcp:send(S, Data) of
        ok -> ok;
        {error, _} -> exit(carrier_lost)
    end.

input(How, Handle, S) ->
    case packet(How, S) of
        {ok, Data} -> erlang:dist_ctrl_put_data(Handle, Data), input(How, Handle, S);
        {error, _} -> exit(carrier_lost)
    end.

packet(tcp, S) -> gen_tcp:recv(S, 0);
packet(unix, S) ->
    case gen_tcp:recv(S, 4) of
        {ok, <<0:32>>} -> {ok, <<>>};
        {ok, <<N:32>>} -> gen_tcp:recv(S, N);
        Error -> Error
    end.
