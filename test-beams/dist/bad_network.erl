%% vm: own
%% timeout: 60
%% modes: plain
%% Nodes behind a proxy that holds back, cuts off, cuts in the middle, or closes one direction of whole connections.
-module(bad_network).
-export([main/0, echo/0, witness/2]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    %% A handshake that is cut may leave the other side waiting.
    application:set_env(kernel, net_setuptime, 2),
    ok = tb_nodes:alive(bad_network),
    net_kernel:monitor_nodes(true, [nodedown_reason]),
    [with(Which) || Which <- tb_nodes:others()],
    tb_nodes:halt_all([]).

%% The peer listens on a port of its own choice and knows no epmd; its name there leads to the proxy.
with(Which) ->
    {ok, L} = gen_tcp:listen(0, []),
    {ok, Port} = inet:port(L),
    gen_tcp:close(L),
    Name = atom_to_list(Which),
    Proxy = proxy(Name, Port),
    N = tb_nodes:start(Which, Name, ["-start_epmd", "false", "-erl_epmd_port", integer_to_list(Port), "-kernel", "net_setuptime", "2"]),
    p(through, up(N)),
    %% Bytes that come one by one, and late.
    set(Proxy, slow),
    E = spawn(N, ?MODULE, echo, []),
    [E ! {self(), I} || I <- lists:seq(1, 8)],
    p(in_order, [receive {E, I} -> I after 30000 -> none end || I <- lists:seq(1, 8)] =:= lists:seq(1, 8)),
    set(Proxy, fast),
    p(large, [begin E ! {self(), T}, receive {E, X} -> X =:= T after 30000 -> none end end
              || T <- [binary:copy(<<"x">>, 1000000), lists:seq(1, 100000)]]),
    %% Held for a while, then all of it comes.
    set(Proxy, hold),
    M0 = monitor(process, E),
    [E ! {self(), I} || I <- lists:seq(1, 100)],
    p(held, receive {E, Early} -> Early; {'DOWN', M0, _, _, Why0} -> Why0 after 300 -> nothing end),
    set(Proxy, fast),
    p(released, [receive {E, I} -> I after 30000 -> none end || I <- lists:seq(1, 100)] =:= lists:seq(1, 100)),
    %% Cut while many are under way: what came is a beginning of what was sent, and everything fires once.
    [cut(N, Proxy, How) || How <- [cut, after_bytes, half, reset]],
    tb_nodes:stop(N),
    p(stopped, down(N)),
    flush(),
    exit(Proxy, kill).

cut(N, Proxy, How) ->
    Me = self(),
    E = spawn(N, ?MODULE, echo, []),
    process_flag(trap_exit, true),
    link(E),
    M = monitor(process, E),
    monitor_node(N, true),
    C = spawn_monitor(fun() -> catch erpc:call(N, timer, sleep, [infinity]) end),
    spawn(N, ?MODULE, witness, [Me, How]),
    receive watching -> ok end,
    [E ! {self(), I} || I <- lists:seq(1, 100)],
    receive {E, 50} -> ok after 30000 -> none end,
    set(Proxy, How),
    [E ! {self(), {I, <<0:8000>>}} || I <- lists:seq(101, 2000)],
    Down = receive {'DOWN', M, process, E, Why} -> Why after 60000 -> none end,
    Got = [I || {E0, X} <- all([]), E0 =:= E, I <- [case X of {J, _} -> J; J -> J end], I =/= 50],
    p(How, {Down, receive {'EXIT', E, W1} -> W1 after 60000 -> none end, receive {nodedown, N} -> down after 60000 -> none end,
            receive {'DOWN', R2, process, P2, W2} when {P2, R2} =:= C -> W2 after 60000 -> none end, element(1, {Got =:= prefix(Got), Got})}),
    p(once, receive {'DOWN', M, _, _, _} -> twice; {'EXIT', E, _} -> twice after 50 -> once end),
    down(N),
    set(Proxy, closed),
    p(again, again(N, Proxy)),
    p(theirs, tb_nodes:until(fun() -> rpc:call(N, persistent_term, get, [{seen, How}, false]) end)),
    flush().

%% Over there: it watches us.
witness(Who, How) ->
    process_flag(trap_exit, true),
    M = monitor(process, Who),
    link(Who),
    monitor_node(node(Who), true),
    Who ! watching,
    persistent_term:put({seen, How}, {receive {'DOWN', M, process, Who, W1} -> W1 end, receive {'EXIT', Who, W2} -> W2 end,
                                      receive {nodedown, _} -> nodedown end}).

prefix(L) -> lists:seq(1, 49) ++ lists:seq(51, 50 + length(L) - 49).

all(L) -> receive {P, X} when is_pid(P) -> all([{P, X} | L]) after 100 -> lists:reverse(L) end.

%% A new connection goes through.
again(N, Proxy) ->
    set(Proxy, fast),
    [tb_nodes:until(fun() -> net_adm:ping(N) =:= pong end), up(N)].

down(N) -> receive {nodedown, N, [{_, Why}]} -> Why after 60000 -> none end.
up(N) -> receive {nodeup, N, _} -> up after 60000 -> none end.
flush() -> receive _ -> flush() after 200 -> ok end.

%% The proxy: what it does is in a table, so that it can change at any moment.
proxy(Name, To) ->
    Me = self(),
    Proxy = spawn(fun() ->
        ets:new(proxy, [named_table, public]),
        set(self(), fast),
        {ok, L} = gen_tcp:listen(0, [binary, {active, false}]),
        {ok, Port} = inet:port(L),
        {ok, Epmd} = gen_tcp:connect("localhost", list_to_integer(os:getenv("ERL_EPMD_PORT")), [binary, {active, false}]),
        Request = <<120, Port:16, 77, 0, 6:16, 5:16, (length(Name)):16, (list_to_binary(Name))/binary, 0:16>>,
        ok = gen_tcp:send(Epmd, <<(byte_size(Request)):16, Request/binary>>),
        {ok, <<118, 0, _/binary>>} = gen_tcp:recv(Epmd, 6),
        Me ! {self(), ready},
        accept(L, To) end),
    receive {Proxy, ready} -> Proxy end.

set(_, How) -> ets:insert(proxy, {how, How}).
how() -> ets:lookup_element(proxy, how, 2).

accept(L, To) ->
    {ok, A} = gen_tcp:accept(L),
    case how() =/= closed andalso gen_tcp:connect("localhost", To, [binary, {active, false}, {nodelay, true}]) of
        {ok, B} ->
            inet:setopts(A, [{nodelay, true}]),
            spawn(fun() -> pump(A, B) end),
            spawn(fun() -> pump(B, A) end);
        _ -> gen_tcp:close(A)
    end,
    accept(L, To).

pump(From, To) ->
    case gen_tcp:recv(From, 0, 20) of
        {ok, Bytes} -> carry(how(), From, To, Bytes);
        {error, timeout} -> carry(how(), From, To, <<>>);
        {error, _} -> gen_tcp:close(From), gen_tcp:close(To)
    end.

carry(slow, From, To, Bytes) ->
    [begin gen_tcp:send(To, <<B>>), B rem 16 =:= 0 andalso timer:sleep(1) end || <<B>> <= Bytes],
    pump(From, To);
carry(hold, From, To, Bytes) ->
    timer:sleep(10),
    carry(how(), From, To, Bytes);
carry(after_bytes, From, To, <<Some:700/binary, _/binary>>) ->
    gen_tcp:send(To, Some),
    gen_tcp:close(From), gen_tcp:close(To);
carry(How, From, To, _) when How =:= cut; How =:= closed ->
    gen_tcp:close(From), gen_tcp:close(To);
carry(reset, From, To, _) ->
    [inet:setopts(S, [{linger, {true, 0}}]) || S <- [From, To]],
    gen_tcp:close(From), gen_tcp:close(To);
carry(half, From, To, _) ->
    gen_tcp:shutdown(To, write),
    drain(From), gen_tcp:close(To);
carry(_, From, To, Bytes) ->
    gen_tcp:send(To, Bytes),
    pump(From, To).

drain(From) ->
    case gen_tcp:recv(From, 0) of
        {ok, _} -> drain(From);
        _ -> gen_tcp:close(From)
    end.

echo() -> receive {From, X} -> From ! {self(), X}, echo() end.
