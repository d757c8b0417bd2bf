%% vm: own
%% timeout: 60
-module(mnesia_tables).
-export([main/0]).
-import(tb, [p/2]).
-record(item, {key, value, extra}).

main() ->
    logger:set_primary_config(level, none),
    application:set_env(mnesia, dir, "mnesia_dir"),
    p(schema, mnesia:create_schema([node()])),
    p(start, application:start(mnesia)),
    p(create, [mnesia:create_table(item, [{attributes, record_info(fields, item)}, {disc_copies, [node()]}, {index, [value]}]), mnesia:create_table(bag, [{type, bag}, {ram_copies, [node()]}]), mnesia:create_table(disk, [{disc_only_copies, [node()]}])]),
    p(wait, mnesia:wait_for_tables([item, bag, disk], 5000)),
    p(write, mnesia:transaction(fun() -> [mnesia:write(#item{key = K, value = K rem 3, extra = "x"}) || K <- lists:seq(1, 20)], ok end)),
    p(read, mnesia:transaction(fun() -> mnesia:read(item, 7) end)),
    p(index, lists:sort(mnesia:dirty_index_read(item, 2, #item.value))),
    p(abort, mnesia:transaction(fun() -> mnesia:write(#item{key = 1, value = changed}), mnesia:abort(no) end)),
    p(unchanged, mnesia:dirty_read(item, 1)),
    p(nested, mnesia:transaction(fun() -> mnesia:write(#item{key = 1, value = outer}), {aborted, R} = mnesia:transaction(fun() -> mnesia:write(#item{key = 1, value = inner}), mnesia:abort(x) end), {R, mnesia:read(item, 1)} end)),
    p(crash, element(1, mnesia:transaction(fun() -> error(oops) end))),
    p(select, lists:sort(mnesia:dirty_select(item, [{#item{key = '$1', value = 2, _ = '_'}, [{'>', '$1', 10}], ['$1']}]))),
    p(bag, [mnesia:dirty_write({bag, a, 1}), mnesia:dirty_write({bag, a, 2}), lists:sort(mnesia:dirty_read(bag, a))]),
    p(counter, [mnesia:dirty_write({disk, n, 5}), mnesia:dirty_update_counter(disk, n, 2)]),
    p(subscribe, begin mnesia:subscribe({table, bag, simple}), mnesia:dirty_write({bag, b, 1}), R2 = receive {mnesia_table_event, {write, Rec, _}} -> Rec after 1000 -> none end, mnesia:unsubscribe({table, bag, simple}), R2 end),
    p(parallel, begin Ps = [spawn_monitor(fun() -> [{atomic, _} = mnesia:transaction(fun() -> [{disk, c, N}] = mnesia:wread({disk, c}), mnesia:write({disk, c, N + 1}) end) || _ <- lists:seq(1, 20)] end) || _ <- [begin mnesia:dirty_write({disk, c, 0}), x end, y, z]], Ws = [receive {'DOWN', M, _, P, W} -> W end || {P, M} <- Ps], {Ws, mnesia:dirty_read(disk, c)} end),
    p(info, [mnesia:table_info(item, size), mnesia:table_info(bag, type), lists:sort(mnesia:system_info(tables))]),
    p(stop, begin stopped = mnesia:stop(), ok = mnesia:start(), mnesia:wait_for_tables([item, disk], 5000) end),
    p(after_restart, {mnesia:dirty_read(item, 7), mnesia:dirty_read(disk, c), mnesia:table_info(bag, size), mnesia:dirty_read(item, 1)}),
    p(delete, [mnesia:delete_table(bag), mnesia:clear_table(item), mnesia:table_info(item, size)]),
    p(backup, [mnesia:backup("backup"), filelib:is_file("backup")]).
