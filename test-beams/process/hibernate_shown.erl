%% otp: 29
-module(hibernate_shown).
-export([main/0, sleeper/0]).
-import(tb, [p/2]).

%% Where a process stands that hibernates within a function.
main() ->
    P = spawn(?MODULE, sleeper, []),
    p(first, shown(P)),
    P ! {self(), go},
    receive X -> p(answer, X) end,
    p(again, shown(P)),
    p(suspended, begin erlang:suspend_process(P), R = shown(P), erlang:resume_process(P), R end).

shown(P) ->
    case process_info(P, [current_function, current_stacktrace, status]) of
        [{_, {?MODULE, sleeper, 0}}, {_, Stack}, {_, Status}] when Status =/= running, Status =/= runnable -> {Status, [{M, F, A} || {M, F, A, _} <- Stack]};
        _ -> timer:sleep(1), shown(P)
    end.

sleeper() ->
    R = erlang:hibernate(),
    receive {P, go} -> P ! {hello, R} end,
    sleeper().
