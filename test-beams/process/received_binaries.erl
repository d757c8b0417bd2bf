%% A loop that only receives and calls no native lets go of the binaries that came with its messages.
-module(received_binaries).
-export([main/0]).

main() ->
    Me = self(),
    P = spawn_link(fun() -> take(Me, 0) end),
    Before = erlang:memory(binary),
    Most = send(P, 100, 0),
    P ! stop,
    receive {P, Bytes} -> io:format("~b bytes~n", [Bytes]) end,
    io:format("kept few: ~p~n", [Most - Before < 20_000_000]).

%% Ten binaries of 64 kB at a time.
send(_, 0, Most) -> Most;
send(P, N, Most) ->
    [P ! {data, binary:copy(<<N>>, 65536)} || _ <- lists:seq(1, 10)],
    wait(P),
    erlang:garbage_collect(),
    send(P, N - 1, max(Most, erlang:memory(binary))).

wait(P) ->
    case process_info(P, message_queue_len) of
        {_, 0} -> ok;
        _ -> erlang:yield(), wait(P)
    end.

take(To, Bytes) ->
    receive
        {data, B} -> take(To, Bytes + byte_size(B));
        stop -> To ! {self(), Bytes}
    end.
