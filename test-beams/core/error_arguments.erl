%% Arguments of erlang:error/2,3 that are no argument list, and options that are none.
-module(error_arguments).
-export([main/0]).

main() ->
    Args = [{1,2}, [a|b], foo, none, [], 7],
    Options = [[], [{error_info, #{a => b}}], foo, [foo], [{error_info, 3}], [{error_info, #{}} | x]],
    [io:format("~p ~p -> ~p~n", [A, O, three(A, O)]) || A <- Args, O <- Options],
    [io:format("~p -> ~p~n", [A, two(A)]) || A <- Args].

three(A, O) ->
    try erlang:error(x, A, O)
    catch C:E:S -> {C, E, hd(S)}
    end.

two(A) ->
    try erlang:error(x, A)
    catch C:E:S -> {C, E, hd(S)}
    end.
