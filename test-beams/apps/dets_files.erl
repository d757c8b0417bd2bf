%% modes: plain
-module(dets_files).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    [table(T) || T <- [set, bag, duplicate_bag]],
    p(open_bad, begin file:write_file("junk.dets", "not a table"), element(1, dets:open_file("junk.dets")) end),
    p(is_dets, [dets:is_dets_file("junk.dets"), dets:is_dets_file("none.dets")]),
    p(many, begin {ok, D} = dets:open_file(many, [{file, "many.dets"}]), dets:insert(D, [{K, K * K, integer_to_list(K)} || K <- lists:seq(1, 3000)]), dets:close(D), {ok, D} = dets:open_file(many, [{file, "many.dets"}]), R = {dets:info(D, size), dets:lookup(D, 777), tb:h(lists:sort(dets:match(D, {'$1', '_', '_'})))}, dets:close(D), R end),
    p(disk_log, begin {ok, log} = disk_log:open([{name, log}, {file, "the.log"}]), [disk_log:log(log, {N, "entry"}) || N <- lists:seq(1, 10)], ok = disk_log:sync(log), {_, Ts} = disk_log:chunk(log, start), disk_log:close(log), Ts end),
    p(wrap_log, begin {ok, w} = disk_log:open([{name, w}, {file, "wrap"}, {type, wrap}, {size, {500, 3}}]), [disk_log:log(w, lists:duplicate(20, N)) || N <- lists:seq(1, 60)], R2 = proplists:get_value(current_file, disk_log:info(w)), disk_log:close(w), is_integer(R2) end).

table(Type) ->
    {ok, T} = dets:open_file(Type, [{type, Type}, {file, atom_to_list(Type) ++ ".dets"}]),
    p({Type, insert}, [dets:insert(T, O) || O <- [{a, 1}, {b, 2}, {a, 3}, {a, 1}]]),
    p({Type, lookup}, [lists:sort(dets:lookup(T, K)) || K <- [a, b, c]]),
    p({Type, new}, [dets:insert_new(T, {a, 9}), dets:insert_new(T, {z, 9}), dets:member(T, z)]),
    p({Type, match}, lists:sort(dets:match(T, {'$1', '_'}))),
    p({Type, select}, lists:sort(dets:select(T, [{{'$1', '$2'}, [{'>', '$2', 1}], [{{'$2', '$1'}}]}]))),
    p({Type, delete}, [dets:delete(T, a), dets:delete_object(T, {b, 2}), dets:info(T, size)]),
    Type =:= set andalso p(counter, [dets:insert(T, {n, 1}), dets:update_counter(T, n, 5)]),
    p({Type, close}, [dets:sync(T), dets:close(T)]),
    {ok, T} = dets:open_file(Type, [{type, Type}, {file, atom_to_list(Type) ++ ".dets"}]),
    p({Type, again}, lists:sort(dets:foldl(fun(O, A) -> [O | A] end, [], T))),
    dets:close(T).
