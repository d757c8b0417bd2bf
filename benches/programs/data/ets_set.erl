%% A hash table.
-module(ets_set).
-export([run/0]).

run() ->
    T = ets:new(t, [set, public]),
    [ets:insert(T, {K, K * 2, <<"value">>}) || K <- lists:seq(1, 15000)],
    S = lists:sum([ets:lookup_element(T, K, 2) || K <- lists:seq(1, 15000)]),
    [ets:update_counter(T, K rem 100 + 1, 1) || K <- lists:seq(1, 15000)],
    C = ets:select_count(T, [{{'$1', '$2', '_'}, [{'>', '$2', 15000}], [true]}]),
    ets:delete(T),
    {S, C}.
