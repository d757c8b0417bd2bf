%% Messages that carry large terms.
-module(big_messages).
-export([run/0]).

run() ->
    Me = self(),
    P = spawn(fun() -> echo(Me) end),
    T = [{N, integer_to_list(N), #{n => N}} || N <- lists:seq(1, 500)],
    R = lists:foldl(fun(_, A) -> P ! T, receive L -> A + length(L) end end, 0, lists:seq(1, 60)),
    exit(P, kill),
    R.

echo(To) -> receive L -> To ! L, echo(To) end.
