%% Nodes that are told what to do over their standard input, so that any distribution, or none, may be tried on them.
-module(tb_peer).
-export([start/2, start/3, start_all/1, call/2, call/4, call/5, node/1, os_pid/1, stop/1, stop_all/1, kill/1, signal/2, epmd/0, host/0, hosted/0]).

erl(own) -> filename:join(os:getenv("TB_BIN"), "erl");
erl(reference) -> os:getenv("TB_REFERENCE").

%% An epmd (the one beside the emulator under test) for nodes that ask one.
epmd() ->
    os:cmd(filename:join(os:getenv("TB_BIN"), "epmd") ++ " -daemon -relaxed_command_check"),
    true = tb_nodes:until(fun() -> element(1, erl_epmd:names()) =:= ok end),
    ok.

host() ->
    {ok, Host} = inet:gethostname(),
    Host.

%% The environment of an emulator under test that shall load native libraries of the release.
hosted() ->
    Hosted = filename:join([filename:dirname(filename:absname(os:getenv("TB_BIN"))), "otp-stdlib", "hosted"]),
    case filelib:is_regular(Hosted) of
        true -> [{"OXBEAM_PROGRAM", Hosted} | [{"OXBEAM_HOSTED", P} || P <- [os:getenv("OXBEAM_PROGRAM", "")], P =/= "", P =/= Hosted]];
        false -> []
    end.

start(Which, Args) -> start(Which, Args, []).

%% A node, which has booted.
start(Which, Args, Env) ->
    Paths = lists:append([["-pa", P] || P <- code:get_path(), string:find(P, "/ebin/") =/= nomatch,
                                       string:find(P, "/lib/erlang/") =:= nomatch]),
    Started = peer:start(#{connection => standard_io, exec => erl(Which), wait_boot => 60000, env => Env,
                           args => ["-kernel", "logger_level", "none"] ++ cookie(Args) ++ Paths ++ Args}),
    ok = element(1, Started),
    element(2, Started).

cookie(Args) ->
    case lists:member("-setcookie", Args) of
        true -> [];
        false -> ["-setcookie", "tb_cookie"]
    end.

%% Many at once.
start_all(All) ->
    Me = self(),
    Ws = [spawn_monitor(fun() -> Me ! {self(), erlang:apply(?MODULE, start, tuple_to_list(One))} end) || One <- All],
    [receive {W, P} -> demonitor(M, [flush]), P; {'DOWN', M, _, _, Why} -> exit(Why) end || {W, M} <- Ws].

call(P, F) -> call(P, erlang, apply, [F, []]).
call(P, M, F, As) -> call(P, M, F, As, 60000).
call(P, M, F, As, Time) -> peer:call(P, M, F, As, Time).

node(P) -> call(P, erlang, node, []).
os_pid(P) -> call(P, os, getpid, []).
stop(P) -> catch peer:stop(P).

%% The end: no node and no epmd stays.
stop_all(Ps) ->
    [stop(P) || P <- Ps],
    os:cmd(filename:join(os:getenv("TB_BIN"), "epmd") ++ " -kill"),
    ok.

kill(P) -> signal(P, "KILL").
signal(P, Signal) when is_pid(P) -> signal(os_pid(P), Signal);
signal(Os, Signal) -> os:cmd("kill -" ++ Signal ++ " " ++ Os).
