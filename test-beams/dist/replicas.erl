%% vm: own
%% timeout: 60
%% Mnesia tables on two nodes; one is killed and comes back.
-module(replicas).
-export([main/0, count/0]).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(replicas),
    [with(Which) || Which <- tb_nodes:others()],
    tb_nodes:halt_all([]).

with(Which) ->
    Name = atom_to_list(Which),
    {ok, Cwd} = file:get_cwd(),
    Dir = filename:join(Cwd, "here_" ++ Name),
    There = ["-mnesia", "dir", "\"" ++ filename:join(Cwd, "there_" ++ Name) ++ "\""],
    application:load(mnesia),
    application:set_env(mnesia, dir, Dir),
    N = tb_nodes:start(Which, Name, There),
    p(schema, mnesia:create_schema([node(), N])),
    p(start, [mnesia:start(), rpc:call(N, mnesia, start, [])]),
    p(table, mnesia:create_table(t, [{disc_copies, [node(), N]}])),
    p(table, mnesia:create_table(r, [{ram_copies, [node()]}, {disc_only_copies, [N]}])),
    p(table, mnesia:create_table(there, [{ram_copies, [N]}])),
    [{atomic, ok} = mnesia:sync_transaction(fun() -> mnesia:write({t, I, I}), mnesia:write({r, I, x}), mnesia:write({there, I, y}) end)
     || I <- lists:seq(1, 300)],
    p(sizes, tb_nodes:until(fun() -> [rpc:call(N, mnesia, table_info, [T, size]) || T <- [t, r, there]] =:= [300, 300, 300] end)),
    p(remote_table, mnesia:dirty_read(there, 7)),
    Here = [spawn_monitor(fun count/0) || _ <- [1, 2]],
    Over = [spawn_monitor(N, ?MODULE, count, []) || _ <- [1, 2]],
    p(writers, [receive {'DOWN', M, _, _, R} -> R end || {_, M} <- Here ++ Over]),
    p(count, tb_nodes:until(fun() -> mnesia:dirty_read(t, 1) =:= [{t, 1, 101}] end)),
    p(count, tb_nodes:until(fun() -> rpc:call(N, mnesia, dirty_read, [t, 1]) =:= mnesia:dirty_read(t, 1) end)),
    tb_nodes:kill(N),
    p(alone, tb_nodes:until(fun() -> mnesia:system_info(running_db_nodes) =:= [node()] end)),
    [mnesia:transaction(fun() -> mnesia:write({t, I, later}) end) || I <- lists:seq(250, 400)],
    N = tb_nodes:start(Which, Name, There),
    p(start, rpc:call(N, mnesia, start, [])),
    p(wait, rpc:call(N, mnesia, wait_for_tables, [[t, r], 20000])),
    A = lists:sort(mnesia:dirty_match_object({t, '_', '_'})),
    B = lists:sort(rpc:call(N, mnesia, dirty_match_object, [{t, '_', '_'}])),
    p(same, {A =:= B, length(A), erlang:phash2(A)}),
    rpc:call(N, mnesia, stop, []),
    tb_nodes:stop(N),
    mnesia:stop(),
    mnesia:delete_schema([node()]).

count() ->
    [{atomic, ok} = mnesia:transaction(fun() -> [{t, 1, V}] = mnesia:wread({t, 1}), mnesia:write({t, 1, V + 1}) end) || _ <- lists:seq(1, 25)].

p(What, T) -> io:format("~w ~p~n", [What, T]), T.
