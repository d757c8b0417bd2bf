%% Work spread over schedulers.
-module(parallel).
-export([run/0]).

run() ->
    Me = self(),
    Rs = [begin R = make_ref(), spawn(fun() -> Me ! {R, fib(20 + N rem 3)} end), R end || N <- lists:seq(1, 24)],
    lists:sum([receive {R, X} -> X end || R <- Rs]).

fib(N) when N < 2 -> N;
fib(N) -> fib(N - 1) + fib(N - 2).
