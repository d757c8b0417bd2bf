%% vm: own
%% args: +C single_time_warp
%% Monitors of the time offset stay after they have told; flushing one that is still there takes its messages.
-module(offset_monitors).
-export([main/0]).

main() ->
    Monitors = [A, B, C, D] = [monitor(time_offset, clock_service) || _ <- lists:seq(1, 4)],
    io:format("~p~n", [erlang:system_flag(time_offset, finalize)]),
    [receive {'CHANGE', M, time_offset, clock_service, N} when is_integer(N) -> self() ! {'CHANGE', M, time_offset, clock_service, N} end
        || M <- Monitors],
    io:format("~p ~p~n", [demonitor(A, [flush]), demonitor(B, [flush, info])]),
    io:format("~p ~p~n", [demonitor(C, [info]), demonitor(D)]),
    io:format("~p~n", [process_info(self(), message_queue_len)]),
    io:format("~p~n", [[demonitor(M, [flush, info]) || M <- Monitors]]),
    io:format("~p~n", [process_info(self(), message_queue_len)]).
