%% Eight processes read and write one table.
-module(ets_parallel).
-export([run/0]).

run() -> [one(O) || O <- [[set], [set, {write_concurrency, true}, {read_concurrency, true}], [ordered_set, {write_concurrency, true}]]].

one(Options) ->
    T = ets:new(t, [public | Options]),
    Ps = [spawn_monitor(fun() -> work(T, W, 2000) end) || W <- lists:seq(1, 8)],
    [receive {'DOWN', M, _, P, normal} -> ok end || {P, M} <- Ps],
    R = {ets:info(T, size), ets:lookup_element(T, total, 2)},
    ets:delete(T),
    R.

work(_, _, 0) -> ok;
work(T, W, N) ->
    ets:insert(T, {{W, N}, N}),
    [_] = ets:lookup(T, {W, N}),
    ets:update_counter(T, total, 1, {total, 0}),
    work(T, W, N - 1).
