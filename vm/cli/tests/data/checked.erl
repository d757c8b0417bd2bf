%% Calls the NIFs of checked.c and shows what comes of it: main([Directory]).
-module(checked).
-export([main/1, log/2]).
-export([good/1, keep/1, late_term/0, late_env/0, freed_env/0, cleared_env/0, freed_twice/0, frees_call/0, mixes/0,
         returns_other/0, sends_other/0, resource_twice/0, binary_twice/0, holds_mutex/0, holds_rwlock/0,
         other_thread_env/0, slow/0, unlock/0]).

main([Directory]) ->
    ok = erlang:load_nif(filename:join(Directory, "checked"), 0),
    ok = logger:remove_handler(default),
    ok = logger:add_handler(here, ?MODULE, #{config => self()}),
    Self = self(),
    io:format("good ~0p~n", [good([1])]),
    {a, b} = receive M -> M end,
    {Pid, _} = spawn_monitor(fun() -> keep([self()]) end),
    receive {'DOWN', _, _, Pid, normal} -> ok end,
    _ = [show(Self, F, []) || F <- [late_term, late_env, freed_env, cleared_env, freed_twice, frees_call, mixes, returns_other,
                                    sends_other, resource_twice, binary_twice, holds_mutex, holds_rwlock,
                                    other_thread_env, slow]],
    halt(0).

show(_, F, Args) ->
    Result = try apply(?MODULE, F, Args) catch error:R -> R end,
    io:format("~s ~0p~n", [F, Result]),
    %% Locks that were held are so still.
    _ = F =:= holds_rwlock andalso unlock(),
    logged(),
    messages().

logged() ->
    receive {log, Text} -> io:format("  logged: ~ts", [Text]), logged()
    after 200 -> ok end.

messages() -> receive M -> io:format("  message: ~0p~n", [M]), messages() after 0 -> ok end.

log(#{msg := {Format, Args}}, #{config := Pid}) when is_list(Format) ->
    Text = unicode:characters_to_list(io_lib:format(Format, Args)),
    Pid ! {log, re:replace(Text, "for [0-9]+ ms", "for N ms", [{return, list}])};
log(#{msg := Other}, #{config := Pid}) -> Pid ! {log, io_lib:format("~0p~n", [Other])}.

good(_) -> exit(nif).
keep(_) -> exit(nif).
late_term() -> exit(nif).
late_env() -> exit(nif).
freed_env() -> exit(nif).
cleared_env() -> exit(nif).
freed_twice() -> exit(nif).
frees_call() -> exit(nif).
mixes() -> exit(nif).
returns_other() -> exit(nif).
sends_other() -> exit(nif).
resource_twice() -> exit(nif).
binary_twice() -> exit(nif).
holds_mutex() -> exit(nif).
holds_rwlock() -> exit(nif).
other_thread_env() -> exit(nif).
slow() -> exit(nif).
unlock() -> exit(nif).
