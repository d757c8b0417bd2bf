%% A token around many processes.
-module(ring).
-export([run/0]).

run() ->
    Last = lists:foldl(fun(_, Next) -> spawn(fun() -> forward(Next) end) end, self(), lists:seq(1, 500)),
    Last ! 60000,
    receive {done, N} -> N; N -> loop(Last, N) end.

loop(Last, N) -> Last ! N, receive {done, M} -> M; M -> loop(Last, M) end.

forward(Next) ->
    receive
        {done, _} = D -> Next ! D;
        0 -> Next ! {done, 0};
        N -> Next ! N - 1, forward(Next)
    end.
