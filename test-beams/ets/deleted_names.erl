%% Who is told that a table is gone finds no name of it.
-module(deleted_names).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    p(deleted, lists:usort([gone(fun ets:delete/1) || _ <- lists:seq(1, 500)])),
    p(ended, lists:usort([gone(fun(_) -> ok end) || _ <- lists:seq(1, 500)])).

gone(End) ->
    Me = self(),
    {Owner, Mon} = spawn_monitor(fun() ->
                                         T = ets:new(?MODULE, [named_table, public]),
                                         Me ! {self(), ets:whereis(T)},
                                         receive go -> End(T) end
                                 end),
    Tid = receive {Owner, Id} -> Id end,
    Owner ! go,
    Found = insert(Tid, 0),
    receive {'DOWN', Mon, process, Owner, normal} -> {Found, ets:whereis(?MODULE)} end.

insert(Tid, N) ->
    try ets:insert(Tid, {N}) of
        true -> insert(Tid, N + 1)
    catch
        error:badarg -> ets:whereis(?MODULE)
    end.
