%% Nodes for tests of distribution: on the emulator under test, or on the reference, with an epmd of their own.
-module(tb_nodes).
-export([alive/1, start/2, start/3, launch/3, others/0, stop/1, kill/1, os_pid/1, wait/1, until/1, until/2, halt_all/1, short/1]).

%% Makes this node alive; epmd (the one beside the emulator under test) is started for it.
alive(Name) ->
    os:cmd(filename:join(os:getenv("TB_BIN"), "epmd") ++ " -daemon"),
    until(fun() -> case gen_tcp:connect("localhost", epmd_port(), []) of
                       {ok, S} -> gen_tcp:close(S), true;
                       _ -> false
                   end end),
    {ok, _} = net_kernel:start([Name, shortnames]),
    erlang:set_cookie(tb_cookie),
    ok.

epmd_port() -> list_to_integer(os:getenv("ERL_EPMD_PORT")).

%% The emulators that peers run on.
others() -> [own, reference].

erl(own) -> filename:join(os:getenv("TB_BIN"), "erl");
erl(reference) -> os:getenv("TB_REFERENCE");
erl({erl, Path}) -> Path.

start(Which, Name) -> start(Which, Name, []).

%% The node, which has booted and is connected with this one.
start(Which, Name, Args) ->
    Node = launch(Which, Name, Args),
    wait(Node),
    Node.

%% The node, which begins to boot.
launch(Which, Name, Args) ->
    [_, Host] = string:split(atom_to_list(node()), "@"),
    Node = list_to_atom(Name ++ "@" ++ Host),
    Paths = lists:append([["-pa", P] || P <- code:get_path(), string:find(P, "/ebin/") =/= nomatch,
                                       string:find(P, "/lib/erlang/") =:= nomatch]),
    open_port({spawn_executable, erl(Which)},
              [{args, ["-noinput", "-sname", Name, "-setcookie", "tb_cookie", "-eval", watch() | Paths] ++ Args},
               {env, [{"OXBEAM_GC_ZEAL", case Which of own -> os:getenv("OXBEAM_GC_ZEAL", ""); _ -> false end}
                      || os:getenv("OXBEAM_GC_ZEAL") =/= false]}]),
    Node.

%% A peer does not outlive the test.
watch() ->
    lists:concat(["spawn(fun F() -> case file:read_file_info(\"/proc/", os:getpid(), "\") of ",
                  "{ok, _} -> timer:sleep(500), F(); _ -> halt() end end)"]).

wait(Node) ->
    true = until(fun() -> net_adm:ping(Node) =:= pong
                              andalso element(1, rpc:call(Node, init, get_status, [])) =:= started end),
    ok.

%% What F returns once that is not false, within half a minute: a loaded machine takes its time.
until(F) -> until(F, 600).
until(F, 0) -> F();
until(F, N) ->
    case F() of
        false -> timer:sleep(50), until(F, N - 1);
        True -> True
    end.

os_pid(Node) -> rpc:call(Node, os, getpid, []).

kill(Node) -> os:cmd("kill -9 " ++ os_pid(Node)).

stop(Node) ->
    rpc:call(Node, erlang, halt, []),
    until(fun() -> not lists:member(Node, nodes(connected)) end).

%% The end: no node and no epmd stays.
halt_all(Nodes) ->
    [stop(N) || N <- Nodes],
    net_kernel:stop(),
    timer:sleep(100),
    case gen_tcp:connect("localhost", epmd_port(), [{packet, 2}]) of
        {ok, S} -> gen_tcp:send(S, "k"), timer:sleep(100), gen_tcp:close(S);
        _ -> ok
    end,
    ok.

short(Node) -> hd(string:split(atom_to_list(Node), "@")).
