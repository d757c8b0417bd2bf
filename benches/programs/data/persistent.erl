%% Terms that all processes share.
-module(persistent).
-export([run/0]).

run() ->
    [persistent_term:put({?MODULE, N}, #{n => N, list => lists:seq(1, N)}) || N <- lists:seq(1, 50)],
    S = loop(60000, 0),
    [persistent_term:erase({?MODULE, N}) || N <- lists:seq(1, 50)],
    S.

loop(0, A) -> A;
loop(N, A) -> #{n := X} = persistent_term:get({?MODULE, N rem 50 + 1}), loop(N - 1, A + X).
