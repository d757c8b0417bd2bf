%% Who finds a module loaded finds its functions exported, while it is being loaded as well.
-module(loaded_at_once).
-export([main/0]).
-define(FUNCTIONS, 300).

main() ->
    Code = module(),
    Me = self(),
    Lookers = [spawn_link(fun() -> look(Me) end) || _ <- [1, 2]],
    Missing = lists:sum([round(Code, Lookers) || _ <- lists:seq(1, 100)]),
    io:format("missing: ~p~n", [Missing]).

round(Code, Lookers) ->
    [L ! look || L <- Lookers],
    {module, many_functions} = code:load_binary(many_functions, "many_functions.beam", Code),
    Missing = lists:sum([receive {L, N} -> N end || L <- Lookers]),
    true = code:delete(many_functions),
    false = code:purge(many_functions),
    Missing.

look(Parent) ->
    receive look -> ok end,
    loaded(),
    Parent ! {self(), length([F || F <- [1, ?FUNCTIONS], not erlang:function_exported(many_functions, name(F), 0)])},
    look(Parent).

loaded() ->
    case erlang:module_loaded(many_functions) of true -> ok; false -> loaded() end.

module() ->
    A = erl_anno:new(1),
    Names = [name(N) || N <- lists:seq(1, ?FUNCTIONS)],
    Functions = [{function, A, N, 0, [{clause, A, [], [], [{atom, A, N}]}]} || N <- Names],
    Forms = [{attribute, A, module, many_functions}, {attribute, A, export, [{N, 0} || N <- Names]} | Functions],
    {ok, many_functions, Code} = compile:forms(Forms, []),
    Code.

name(N) -> list_to_atom("f" ++ integer_to_list(N)).
