%% A term of 50 MB: tuples of numbers, atoms, short binaries and strings.
-module(term_50mb).
-export([run/0, take/1]).

run() ->
    N = bench_node:node(),
    T = term(),
    P = spawn(N, ?MODULE, take, [self()]),
    P ! {term, T},
    receive {P, Sum} -> Sum end.

term() ->
    case get(?MODULE) of
        undefined -> put(?MODULE, [{I, an_atom, <<I:256>>, "text", #{key => I * 1.0}} || I <- lists:seq(1, 600000)]), term();
        T -> T
    end.

take(To) -> receive {term, T} -> To ! {self(), lists:foldl(fun({I, _, _, _, #{key := _}}, S) -> S + I end, 0, T)} end.
