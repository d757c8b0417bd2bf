%% Deleting and purging: a process that was spawned before begins before, funs of code that is gone have no name, an
%% exit comes before the question that was asked after it.
-module(purging).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    {P, M} = spawn_monitor(fun begins/0),
    receive {'DOWN', M, process, P, Why} -> Why =:= normal orelse p(ended, Why) end,
    fun_name().

load() ->
    Forms = [{attribute, 1, module, purging_code}, {attribute, 1, export, [{loop, 0}, {make, 1}]},
             {function, 1, loop, 0, [{clause, 1, [], [], [{'receive', 1, [{clause, 1, [{atom, 1, stop}], [], [{atom, 1, ok}]}]}]}]},
             {function, 1, make, 1, [{clause, 1, [{var, 1, 'X'}], [],
                 [{'fun', 1, {clauses, [{clause, 1, [{var, 1, 'Y'}], [], [{op, 1, '+', {var, 1, 'X'}, {var, 1, 'Y'}}]}]}}]}]}],
    {ok, purging_code, Code} = compile:forms(Forms, []),
    catch erlang:purge_module(purging_code),
    {module, _} = erlang:load_module(purging_code, Code),
    ok.

begins() ->
    process_flag(scheduler, 1),
    process_flag(priority, high),
    load(),
    Pid = spawn_opt(purging_code, loop, [], [{scheduler, 1}]),
    true = erlang:delete_module(purging_code),
    p(begun, erlang:check_process_code(Pid, purging_code)),
    exit(Pid, kill),
    async = erlang:check_process_code(Pid, purging_code, [{async, ref}]),
    p(ended, receive {check_process_code, ref, R} -> R after 5000 -> nothing end),
    p(purged, erlang:purge_module(purging_code)).

fun_name() ->
    load(),
    F = purging_code:make(3),
    p(name, {erlang:fun_info(F, module), is_atom(element(2, erlang:fun_info(F, name))), F(4)}),
    true = erlang:delete_module(purging_code),
    p(deleted, is_atom(element(2, erlang:fun_info(F, name)))),
    p(purged, erlang:purge_module(purging_code)),
    p(gone, [erlang:fun_info(F, I) || I <- [module, name, arity, env, type]]),
    p(call, try F(4) catch error:R -> R end),
    load(),
    p(again, {is_atom(element(2, erlang:fun_info(F, name))), F(4)}),
    true = erlang:delete_module(purging_code),
    erlang:purge_module(purging_code).
