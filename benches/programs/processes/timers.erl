%% Timers that are set and cancelled, and some that fire.
-module(timers).
-export([run/0]).

run() ->
    Rs = [erlang:start_timer(100000 + N rem 977, self(), N) || N <- lists:seq(1, 10000)],
    Left = lists:foldl(fun(R, A) -> case erlang:cancel_timer(R) of false -> A; _ -> A + 1 end end, 0, Rs),
    P = spawn(fun echo/0),
    After = waits(10000, P, 0),
    exit(P, kill),
    Fired = [erlang:send_after(0, self(), {fired, N}) || N <- lists:seq(1, 1000)],
    {Left, After, lists:sum([receive {fired, N} -> N end || {N, _} <- lists:zip(lists:seq(1, 1000), Fired)])}.

%% A receive with a time limit that does not run out.
waits(0, _, A) -> A;
waits(N, P, A) -> P ! {self(), N}, receive {P, X} -> waits(N - 1, P, A + X) after 5000 -> late end.

echo() -> receive {From, N} -> From ! {self(), N} after 60000 -> ok end, echo().
