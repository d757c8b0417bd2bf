%% vm: own
%% timeout: 90
%% modes: plain
%% What a command line says of a node: names that others give, no listening, no connections to all, hidden, cookies for nodes, one
%% port for all nodes instead of epmd; and nodes that begin and end at run time.
-module(node_options).
-export([main/0, life/1]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    tb_peer:epmd(),
    Me = self(),
    %% Each has nodes of its own; they take their time side by side.
    Parts = [fun given/2, fun mute/2, fun few/2, fun cookies/2, fun port/2, fun at_run_time/2],
    [begin
        All = [{spawn_monitor(fun() -> Me ! {self(), F(W1, W2)} end), element(2, erlang:fun_info(F, name))} || F <- Parts],
        [receive
            {P, L} -> demonitor(M, [flush]), [p({Name, W1, K}, V) || {K, V} <- L];
            {'DOWN', M, _, _, Why} -> p({Name, W1}, Why)
         end || {{P, M}, Name} <- All]
     end || {W1, W2} <- [{own, reference}, {reference, own}]],
    tb_peer:stop_all([]).

start(All) -> tb_peer:start_all(All).

name(W, X) -> lists:concat([W, "_", X]).

%% The first one to connect with gives the name; a lost connection takes it.
given(W1, W2) ->
    Ps = [A, B, C, D] = start([{W1, ["-sname", "undefined"]}, {W2, ["-sname", name(W2, "giver")]},
                               {W1, ["-name", "undefined@127.0.0.1"]}, {W2, ["-name", name(W2, "gives") ++ "@127.0.0.1"]}]),
    R = [begin
        [Before, N] = [tb_peer:node(X), tb_peer:node(Y)],
        Alive = tb_peer:call(X, erlang, is_alive, []),
        Connect = tb_peer:call(X, net_kernel, connect_node, [N]),
        Name = tb_peer:node(X),
        [Short, Host] = string:split(atom_to_list(Name), "@"),
        Seen = tb_nodes:until(fun() -> tb_peer:call(Y, erlang, nodes, [hidden]) =:= [Name] end),
        Rpc = tb_peer:call(X, rpc, call, [N, erlang, node, []]) =:= N,
        Back = tb_peer:call(Y, rpc, call, [Name, erlang, node, []]) =:= Name,
        Creation = tb_peer:call(X, erts_internal, get_creation, []) > 3,
        tb_peer:call(X, erlang, disconnect_node, [N]),
        After = tb_nodes:until(fun() -> tb_peer:node(X) =:= Before end),
        Again = tb_peer:call(X, net_kernel, connect_node, [N]),
        {Kind, {Before, Alive, Connect, length(Short) > 5, Host =:= lists:last(string:split(atom_to_list(N), "@")), Seen, Rpc, Back,
                Creation, After, Again, maps:get(name_type, tb_peer:call(X, net_kernel, get_state, []))}}
    end || {Kind, X, Y} <- [{short, A, B}, {long, C, D}]],
    stop(Ps),
    R.

stop(Ps) -> [tb_peer:stop(P) || P <- Ps].

%% A node without a port connects, and is connected by nobody.
mute(W1, W2) ->
    Ps = [A, B] = start([{W1, ["-sname", name(W1, "mute"), "-dist_listen", "false"]}, {W2, ["-sname", name(W2, "hears")]}]),
    [NA, NB] = [tb_peer:node(P) || P <- Ps],
    R = [{alone, [tb_peer:call(B, net_adm, ping, [NA]), lists:keymember(name(W1, "mute"), 1, element(2, tb_peer:call(B, net_adm, names, [])))]},
         {connects, tb_peer:call(A, net_adm, ping, [NB])},
         {seen, [tb_nodes:until(fun() -> tb_peer:call(P, erlang, nodes, [connected]) =:= [N] end) andalso tb_peer:call(P, erlang, nodes, [Type]) =:= [N] || {P, N} <- [{A, NB}, {B, NA}], Type <- [visible, hidden, connected]]},
         {back, tb_peer:call(B, rpc, call, [NA, erlang, node, []]) =:= NA},
         {state, maps:remove(name, tb_peer:call(A, net_kernel, get_state, []))}],
    stop(Ps),
    R.

%% -connect_all false and -hidden: only who is asked for.
few(W1, W2) ->
    Ps = [A, B, C, H] = start([{W1, ["-sname", name(W1, "few"), "-connect_all", "false"]}, {W2, ["-sname", name(W2, "many")]},
                               {W1, ["-sname", name(W1, "more")]}, {W1, ["-sname", name(W1, "hidden"), "-hidden"]}]),
    [NA, NB, NC, NH] = [tb_peer:node(P) || P <- Ps],
    pong = tb_peer:call(B, net_adm, ping, [NC]),
    [pong = tb_peer:call(P, net_adm, ping, [NB]) || P <- [A, H]],
    Sorted = fun(P, Type) -> lists:sort([tb_nodes:short(N) || N <- tb_peer:call(P, erlang, nodes, [Type])]) end,
    tb_nodes:until(fun() -> Sorted(B, visible) =/= [] andalso tb_peer:call(B, erlang, nodes, [hidden]) =:= [NH] end),
    timer:sleep(300),
    R = [{nodes, [{tb_nodes:short(N), Sorted(P, visible), Sorted(P, hidden)} || {P, N} <- [{A, NA}, {B, NB}, {C, NC}, {H, NH}]]},
         {info, [lists:sort([{tb_nodes:short(N), T} || {N, #{node_type := T}} <- tb_peer:call(B, erlang, nodes, [connected, #{node_type => true}])])]},
         {known, lists:sort([tb_nodes:short(N) || N <- tb_peer:call(H, erlang, nodes, [known]), N =/= nonode@nohost])},
         {this, tb_peer:call(H, erlang, nodes, [this]) =:= [NH]}],
    stop(Ps),
    R.

%% A cookie for one node, on the command line and at run time.
cookies(W1, W2) ->
    Host = tb_peer:host(),
    Ps = [A, B] = start([{W1, ["-sname", name(W1, "guest"), "-setcookie", "tb_cookie", "-setcookie", name(W2, "host") ++ "@" ++ Host, "special"]},
                         {W2, ["-sname", name(W2, "host"), "-setcookie", "special"]}]),
    [NA, NB] = [tb_peer:node(P) || P <- Ps],
    [OwnA, OwnB] = [tb_peer:call(P, erlang, get_cookie, []) || P <- Ps],
    R = [{own, [OwnA, OwnB, tb_peer:call(A, erlang, get_cookie, [NB]), tb_peer:call(B, erlang, get_cookie, [NA])]},
         {ping, tb_peer:call(B, net_adm, ping, [NA])},
         {ping, tb_peer:call(A, net_adm, ping, [NB])},
         {set, begin
             tb_peer:call(A, erlang, disconnect_node, [NB]),
             tb_peer:call(A, erlang, set_cookie, [NB, wrong]),
             P1 = tb_peer:call(A, net_adm, ping, [NB]),
             tb_peer:call(A, erlang, set_cookie, [NB, OwnB]),
             tb_peer:call(B, erlang, set_cookie, [NA, OwnA]),
             tb_peer:call(A, erlang, set_cookie, [NB, OwnA]),
             {P1, tb_nodes:until(fun() -> tb_peer:call(B, net_adm, ping, [NA]) =:= pong end)}
         end}],
    stop(Ps),
    R.

%% All nodes of a host on the same port, and no epmd.
port(W1, W2) ->
    {ok, L} = gen_tcp:listen(0, []),
    {ok, Port} = inet:port(L),
    gen_tcp:close(L),
    Args = ["-start_epmd", "false", "-erl_epmd_port", integer_to_list(Port)],
    Ps = [A, B] = start([{W1, ["-sname", name(W1, "client"), "-dist_listen", "false" | Args]}, {W2, ["-sname", name(W2, "server") | Args]}]),
    [NA, NB] = [tb_peer:node(P) || P <- Ps],
    {ok, Names} = erl_epmd:names(),
    R = [{ping, tb_peer:call(A, net_adm, ping, [NB])},
         {back, tb_peer:call(B, rpc, call, [NA, erlang, node, []]) =:= NA},
         {names, [lists:keymember(name(W, X), 1, Names) || {W, X} <- [{W1, "client"}, {W2, "server"}]]},
         {creation, [tb_peer:call(P, erts_internal, get_creation, []) > 3 || P <- Ps]}],
    stop(Ps),
    R.

%% A node begins, ends and begins again while it runs.
at_run_time(W1, W2) ->
    Ps = [A, B] = start([{W1, []}, {W2, ["-sname", name(W2, "stays")]}]),
    R = tb_peer:call(A, ?MODULE, life, [[tb_peer:node(B), name(W1, "lives")]]),
    stop(Ps),
    R.

life([N, Name]) ->
    Options = #{name_domain => shortnames, net_ticktime => 30, net_tickintensity => 5},
    State = fun() -> maps:remove(name, net_kernel:get_state()) end,
    Alive = fun() -> {is_alive(), hd(string:split(atom_to_list(node()), "@"))} end,
    Catch = fun(F) -> try F() catch C:E -> {C, E} end end,
    L1 = [{before, {Alive(), State(), net_kernel:stop(), erts_internal:get_creation()}},
          {wrong, [Catch(fun() -> net_kernel:start(X, Y) end) || {X, Y} <- [{1, #{}}, {a, #{bad => 1}}, {a, #{name_domain => x}}, {a, []}]]},
          {start, {ok(net_kernel:start(list_to_atom(Name), Options)), Alive(), State(), net_kernel:get_net_ticktime()}},
          {twice, element(1, net_kernel:start(other, Options))}],
    erlang:set_cookie(erlang:get_cookie()),
    Ping = net_adm:ping(N),
    [C1, Self, Ref] = [erts_internal:get_creation(), self(), make_ref()],
    B1 = term_to_binary({Self, Ref}),
    E = spawn(N, timer, sleep, [infinity]),
    M = monitor(process, E),
    process_flag(trap_exit, true),
    link(E),
    net_kernel:monitor_nodes(true, [nodedown_reason]),
    L2 = [{ping, Ping}, {creation, C1 > 3}, {stop, net_kernel:stop()},
          {down, [receive {'DOWN', M, _, _, W} -> W after 5000 -> none end, receive {'EXIT', E, W2} -> W2 after 5000 -> none end,
                  receive {nodedown, D, [{_, W3}]} -> {D =:= N, W3} after 5000 -> none end]},
          {after_stop, {tb_nodes:until(fun() -> not is_alive() end), Alive(), nodes(), node(Self) =:= node(), erts_internal:get_creation(), net_adm:ping(N)}},
          {old, {binary_to_term(B1) =:= {Self, Ref}, is_process_alive(Self)}}],
    L3 = [{start, ok(net_kernel:start(list_to_atom(Name ++ "_again"), #{name_domain => shortnames, hidden => true, dist_listen => false}))},
          {again, {Alive(), State(), net_adm:ping(N), rpc:call(N, erlang, nodes, [hidden]) =:= [node()]}},
          {creation, erts_internal:get_creation() =/= C1},
          {old, {binary_to_term(B1) =:= {Self, Ref}, node(Self) =:= node()}},
          {stop, {net_kernel:stop(), net_kernel:stop(), tb_nodes:until(fun() -> not is_alive() end), Alive()}}],
    L1 ++ L2 ++ L3.

ok({ok, P}) when is_pid(P) -> ok;
ok(X) -> X.
