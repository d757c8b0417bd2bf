%% Formatting into iolists.
-module(iolists).
-export([run/0]).

run() ->
    erlang:crc32([[integer_to_list(N), $\s, atom_to_list(ok), <<" bin ">>, io_lib:format("~p ~s~n", [{N, "x"}, "text"])] || N <- lists:seq(1, 1500)]).
