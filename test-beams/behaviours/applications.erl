%% vm: own
-module(applications).
-export([main/0, start/2, stop/1, init/1]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    p(running, [lists:keymember(A, 1, application:which_applications()) || A <- [kernel, stdlib]]),
    p(load, [application:load({application, tb_app, [{description, "d"}, {vsn, "1.0"}, {modules, [?MODULE]}, {registered, []}, {applications, [kernel, stdlib]}, {env, [{a, 1}, {b, "x"}]}, {mod, {?MODULE, [args]}}]}), application:load({application, tb_app, []})]),
    p(env, [application:get_env(tb_app, a), application:get_env(tb_app, zz), application:get_env(tb_app, zz, dflt), application:set_env(tb_app, c, 3), lists:sort(application:get_all_env(tb_app)), application:unset_env(tb_app, a), application:get_env(tb_app, a)]),
    p(keys, [application:get_key(tb_app, K) || K <- [vsn, description, modules, mod, none]]),
    register(tb_app_test, self()),
    p(start, [application:start(tb_app), receive {started, T, A2} -> {T, A2} after 1000 -> none end, application:start(tb_app)]),
    p(stop, [application:stop(tb_app), receive stopped -> ok after 1000 -> none end, application:stop(tb_app)]),
    p(unload, [application:unload(tb_app), application:unload(tb_app)]),
    p(ensure, [element(1, application:ensure_all_started(sasl)), application:stop(sasl)]),
    p(missing, element(1, application:start(no_such_app))),
    p(proc_lib, [proc_lib:start(?MODULE, init, [X]) || X <- [ok, {error, e}]]),
    p(proc_lib_crash, proc_lib:start(?MODULE, init, [crash])),
    p(initial_call, begin P1 = proc_lib:spawn(fun() -> receive stop -> ok end end), timer:sleep(5), R1 = [proc_lib:initial_call(P1) =/= false, element(1, proc_lib:translate_initial_call(P1))], P1 ! stop, R1 end),
    p(global, [global:register_name(tb_g, self()), global:whereis_name(tb_g) =:= self(), global:register_name(tb_g, self()), global:unregister_name(tb_g), global:whereis_name(tb_g)]),
    p(pg, begin {ok, Pg} = pg:start_link(tb_scope), R2 = [pg:join(tb_scope, g, self()), pg:get_members(tb_scope, g) =:= [self()], pg:which_groups(tb_scope), pg:leave(tb_scope, g, self()), pg:get_members(tb_scope, g)], unlink(Pg), gen_server:stop(Pg), R2 end),
    p(erpc, [erpc:call(node(), lists, sum, [[1, 2]]), try erpc:call(node(), erlang, error, [x]) catch error:{exception, X2, _} -> X2 end, rpc:call(node(), erlang, '+', [1, 2]), element(1, rpc:call(node(), erlang, exit, [z]))]),
    p(node, [node(), nodes(), is_alive(), net_kernel:get_state() =/= x, erlang:get_cookie()]),
    p(init, [init:get_status() =:= {started, started} orelse element(1, init:get_status()), is_list(init:get_plain_arguments()), init:get_argument(no_such_flag), init:script_id() =/= x]),
    p(code_paths, [is_list(code:lib_dir(stdlib)), code:lib_dir(no_app), filename:basename(code:priv_dir(stdlib)), code:get_mode(), element(1, code:get_object_code(lists))]),
    p(path_ops, begin ok = file:make_dir("pdir"), R3 = [code:add_patha("pdir"), hd(code:get_path()), code:del_path("pdir"), code:add_path("no_such_dir")], R3 end),
    p(logger, begin logger:set_primary_config(level, notice), R4 = [logger:get_primary_config() =/= x, logger:compare_levels(error, info), logger:allow(debug, ?MODULE), is_list(logger:get_handler_ids())], R4 end),
    p(log_handler, begin ok = logger:add_handler(tb_h, tb_log_handler, #{config => self(), level => warning}), logger:remove_handler(default), logger:error("msg ~p", [1]), logger:info("no"), logger:warning(#{k => v}), logger:notice("n"), R5 = tb:flush(), logger:remove_handler(tb_h), R5 end).

start(Type, Args) ->
    tb_app_test ! {started, Type, Args},
    {ok, spawn_link(fun() -> receive never -> ok end end)}.
stop(_) -> tb_app_test ! stopped.

init(ok) -> proc_lib:init_ack({ok, acked});
init({error, E}) -> proc_lib:init_ack({error, E});
init(crash) -> exit(crashed).
