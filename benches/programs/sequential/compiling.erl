%% The compiler: much of everything.
-module(compiling).
-export([run/0]).

run() ->
    Forms = [{attribute, 1, module, compiled_by_bench}, {attribute, 1, export, [{f, 2}]} |
        [{function, 2, f, 2, [clause(N) || N <- lists:seq(1, 60)]}]],
    {ok, compiled_by_bench, B} = compile:forms(Forms, [binary, deterministic]),
    erlang:phash2(B).

clause(N) ->
    {clause, 3, [{integer, 3, N}, {tuple, 3, [{var, 3, 'A'}, {var, 3, 'B'}]}], [[{op, 3, '>', {var, 3, 'A'}, {integer, 3, N}}]],
     [{'case', 4, {op, 4, '+', {var, 4, 'A'}, {integer, 4, N}},
       [{clause, 5, [{integer, 5, N * 2}], [], [{tuple, 5, [{atom, 5, yes}, {var, 5, 'B'}]}]},
        {clause, 6, [{var, 6, 'X'}], [], [{cons, 6, {var, 6, 'X'}, {call, 6, {remote, 6, {atom, 6, lists}, {atom, 6, reverse}}, [{var, 6, 'B'}]}}]}]}]}.
