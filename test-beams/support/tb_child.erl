%% A supervised process that does as it is told.
-module(tb_child).
-export([start/2, start_fail/1, init/2, loop/2]).

start(Name, Parent) -> proc_lib:start_link(?MODULE, init, [Name, Parent]).
start_fail(Reason) -> {error, Reason}.

init(Name, Parent) ->
    catch unregister(Name),
    register(Name, self()),
    Parent ! {started, Name},
    process_flag(trap_exit, true),
    proc_lib:init_ack({ok, self()}),
    loop(Name, Parent).

loop(Name, Parent) ->
    receive
        {exit, R} -> exit(R);
        {'EXIT', _, R} -> Parent ! {stopped, Name, R}, exit(R)
    end.
