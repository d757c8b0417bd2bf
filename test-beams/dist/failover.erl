%% vm: own
%% timeout: 150
%% A distributed application on three nodes: the first is killed and another runs it; the first comes back and takes it over.
-module(failover).
-behaviour(application).
-behaviour(supervisor).
-export([main/0, start/2, stop/1, init/1, boot/1]).

start(Type, _) ->
    persistent_term:put(failover_type, Type),
    supervisor:start_link({local, failover_sup}, ?MODULE, []).
stop(_) -> ok.
init(_) -> {ok, {{one_for_one, 1, 1}, []}}.
boot(App) ->
    ok = application:load(App),
    application:start(failover, permanent).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(failover),
    run("x", [own, own, own]),
    run("y", [own, reference, own]),
    run("z", [reference, own, own]),
    tb_nodes:halt_all([]).

run(Prefix, Whiches) ->
    [_, Host] = string:split(atom_to_list(node()), "@"),
    Names = [Prefix ++ I || I <- ["a", "b", "c"]],
    [A, B, C] = Nodes = [list_to_atom(X ++ "@" ++ Host) || X <- Names],
    Env = [{kernel, [{distributed, [{failover, 300, [A, {B, C}]}]}, {sync_nodes_optional, Nodes}, {sync_nodes_timeout, 1500}]}],
    ok = file:write_file(Prefix ++ ".config", io_lib:format("~p.~n", [Env])),
    App = {application, failover, [{vsn, "1"}, {modules, [failover]}, {applications, [kernel, stdlib]},
                                   {mod, {failover, []}}, {registered, [failover_sup]}]},
    Me = self(),
    Args = ["-config", Prefix],
    Ps = [spawn_link(fun() -> tb_nodes:start(W, X, Args), Me ! {up, self()}, receive never -> ok end end)
          || {W, X} <- lists:zip(Whiches, Names)],
    [receive {up, P} -> ok end || P <- Ps],
    [rpc:cast(N, ?MODULE, boot, [App]) || N <- Nodes],
    p(first, tb_nodes:until(fun() -> running(Nodes) =:= [A] end)),
    p(type, rpc:call(A, persistent_term, get, [failover_type])),
    timer:sleep(500),
    tb_nodes:kill(A),
    p(second, tb_nodes:until(fun() -> case running([B, C]) of [_] -> one; _ -> false end end)),
    timer:sleep(500),
    A = tb_nodes:start(hd(Whiches), hd(Names), Args),
    rpc:cast(A, ?MODULE, boot, [App]),
    p(back, tb_nodes:until(fun() -> running(Nodes) =:= [A] end)),
    p(type, element(1, rpc:call(A, persistent_term, get, [failover_type]))),
    [tb_nodes:stop(N) || N <- Nodes].

running(Nodes) -> [N || N <- Nodes, is_pid(rpc:call(N, erlang, whereis, [failover_sup]))].

p(What, T) -> io:format("~w ~w~n", [What, T]), T.
