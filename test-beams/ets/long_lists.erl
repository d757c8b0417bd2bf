%% Lists that are stored in several turns: all of it or nothing, whatever happens meanwhile. Specifications without
%% clauses.
-module(long_lists).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    erts_debug:set_internal_state(available_internal_state, true),
    Long = [{N, -N} || N <- lists:seq(1, 12000)],
    p(long, [begin T = ets:new(t, [public, Kind]), {ets:insert(T, Long), ets:insert_new(T, Long), ets:info(T, size), ets:lookup(T, 7), killed([Kind], Long, 1)} end || Kind <- [set, ordered_set]]),
    erts_debug:set_internal_state(ets_force_trap, true),
    List = lists:sublist(Long, 300),
    Kinds = [[set], [ordered_set], [bag], [duplicate_bag], [set, {write_concurrency, true}], [ordered_set, {write_concurrency, true}]],
    [begin
        T = ets:new(t, [public | Kind]),
        p({Kind, insert}, [ets:insert(T, List), ets:info(T, size), ets:lookup(T, 7)]),
        p({Kind, insert_new}, [ets:insert_new(T, [{new, 1} | List]), ets:member(T, new)]),
        t({Kind, bad_object}, fun() -> ets:insert(T, [{x, N} || N <- lists:seq(1, 100)] ++ [id({})]) end),
        t({Kind, improper}, fun() -> ets:insert(T, [{x, 1}, {y, 2} | id(z)]) end),
        p({Kind, nothing}, [ets:member(T, x), ets:info(T, size)]),
        p({Kind, insert_new_all}, [ets:insert_new(T, [{{k, N}, a} || N <- lists:seq(1, 100)]), ets:info(T, size)]),
        p({Kind, killed}, lists:usort([killed(Kind, List, Ms) || Ms <- [0, 1, 2, 5]])),
        p({Kind, deleted}, deleted(Kind, List)),
        p({Kind, no_clause}, [ets:select(T, []), ets:select(T, [], 5), ets:select_reverse(T, []), ets:select_count(T, []), ets:select_delete(T, []), ets:info(T, size)])
     end || Kind <- Kinds],
    Private = ets:new(t, [private]),
    Me = self(),
    spawn(fun() -> Me ! (catch element(1, element(2, catch ets:select(Private, [])))) end),
    p(private, receive X -> X end),
    p(replace_none, ets:select_replace(Private, [])),
    p(merge_same, begin M = id(#{a => 1}), erts_debug:same(M, maps:merge(M, M)) end),
    p(comma, [string:to_float(S) || S <- ["1,5", "-1,5e1x", "1.2,3", "1,2.3", ",5", "1,", <<"7,25 rest">>, "1,e5"]]).

%% Nothing or all.
killed(Kind, List, Ms) ->
    T = ets:new(t, [public | Kind]),
    {P, M} = spawn_monitor(fun() -> ets:insert(T, List) end),
    timer:sleep(Ms),
    exit(P, kill),
    receive {'DOWN', M, _, _, _} -> ok end,
    Size = ets:info(T, size),
    ets:delete(T),
    lists:member(Size, [0, 300, 12000]).

%% A table may go meanwhile.
deleted(Kind, List) ->
    T = ets:new(t, [public | Kind]),
    {P, M} = spawn_monitor(fun() -> try ets:insert(T, List) catch error:R -> R end end),
    erlang:yield(),
    ets:delete(T),
    receive {'DOWN', M, _, P, R} -> R end.
