%% An ordered table.
-module(ets_ordered).
-export([run/0]).

run() ->
    T = ets:new(t, [ordered_set]),
    [ets:insert(T, {K * 7919 rem 10007, K}) || K <- lists:seq(1, 10000)],
    S = walk(T, ets:first(T), 0),
    L = ets:select(T, [{{'$1', '$2'}, [{'>', '$1', 5000}, {'<', '$1', 5500}], ['$2']}]),
    ets:delete(T),
    {S, length(L)}.

walk(_, '$end_of_table', S) -> S;
walk(T, K, S) -> walk(T, ets:next(T, K), S + K).
