%% term_to_binary and back.
-module(external).
-export([run/0]).

run() ->
    T = [{N, atom, "string", <<"binary">>, 1.5 * N, #{k => N, l => [N]}} || N <- lists:seq(1, 5000)],
    B = term_to_binary(T),
    {byte_size(B), T =:= binary_to_term(B), erlang:phash2(T)}.
