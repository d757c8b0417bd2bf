%% Waiting without a pattern: for a time, for ever, and for a time that is none.
-module(waiting).
-export([main/0]).
-export([wait/1, wait_beside/3]).

main() ->
    io:format("~p~n", [[wait(T) || T <- [0, 1, 10]]]),
    %% Messages wake the process; it goes on waiting for what it was told.
    Waiters = [spawn_link(?MODULE, wait, [infinity]),
               spawn_link(?MODULE, wait_beside, [a, b, infinity])],
    [begin
         timer:sleep(5),
         [W ! {message, N} || W <- Waiters],
         [spawn(fun() -> lists:seq(1, N) end) || _ <- lists:seq(1, 20)]
     end || N <- lists:seq(1, 5)],
    timer:sleep(20),
    [io:format("~p~n", [process_info(W, [status, message_queue_len])]) || W <- Waiters],
    [begin unlink(W), exit(W, kill) end || W <- Waiters],
    [io:format("~p~n", [catch_wait(T)]) || T <- [-1, a, 1.5, 1 bsl 32, [infinity]]].

wait(Time) ->
    receive after Time -> waited end.

wait_beside(A, B, Time) ->
    receive after Time -> {A, B} end.

catch_wait(T) ->
    try wait(T) catch error:Reason -> Reason end.
