%% Bytes through echo servers of every kind under random partial reads and writes, small buffers,
%% slow readers, connections that are reset, and signals that interrupt system calls. Every byte
%% is accounted for, and errors are those that may be.
%% Usage: faults:main([Megabytes]).
-module(faults).
-export([main/1]).

-define(PERIOD, 65537).
-define(PAIRS, 16).

main([MegabytesArg]) ->
    Bytes = list_to_integer(MegabytesArg) * 1000000 div ?PAIRS,
    rand:seed(exsss, {1, 2, 3}),
    Pattern = rand:bytes(?PERIOD),
    persistent_term:put(faults, <<Pattern/binary, Pattern/binary>>),
    Begun = erlang:monotonic_time(millisecond),
    Noise = [spawn_link(fun() -> resets(Kind, []) end) || Kind <- [inet, socket]]
        ++ [spawn_link(fun() -> interrupts() end)],
    Pairs = [spawn_monitor(fun() -> pair(N, Bytes) end) || N <- lists:seq(1, ?PAIRS)],
    [receive {'DOWN', M, process, P, Why} -> Why =:= normal orelse exit({pair, Why}) end || {P, M} <- Pairs],
    Seen = lists:append([begin P ! {stop, self()}, receive {P, S} -> S end end || P <- Noise]),
    Bad = [E || E <- lists:usort(Seen), not may_be(E)],
    Bad =:= [] orelse exit({errors, Bad}),
    io:format("faults: ~p bytes each way, ~p connections reset (~p) in ~p ms~n",
              [Bytes * ?PAIRS, length(Seen), lists:usort(Seen), erlang:monotonic_time(millisecond) - Begun]).

may_be(E) -> lists:member(E, [closed, econnreset, epipe, enotconn, timeout]).

%% A client and a server, their kinds by number.
pair(N, Bytes) ->
    rand:seed(exsss, {N, N, N}),
    Backend = backend(N),
    {ok, L} = gen_tcp:listen(0, Backend ++ [binary, {active, false}, {ip, {127, 0, 0, 1}} | buffers()]),
    {ok, Port} = inet:port(L),
    Me = self(),
    Server = spawn_link(fun() ->
        rand:seed(exsss, {N, 7, N}),
        {ok, S} = gen_tcp:accept(L),
        Me ! accepted,
        echo(N rem 4, S)
    end),
    {ok, C} = gen_tcp:connect({127, 0, 0, 1}, Port, backend(N div 2) ++ [binary, {active, false} | buffers()]),
    receive accepted -> ok end,
    Writer = spawn_link(fun() -> rand:seed(exsss, {N, 8, N}), write(C, 0, Bytes), Me ! {self(), written} end),
    Got = read(C, 0, Bytes),
    receive {Writer, written} -> ok end,
    Got =:= Bytes orelse exit({lost, N, Got}),
    ok = gen_tcp:shutdown(C, write),
    %% Nothing more comes than was sent.
    {error, closed} = gen_tcp:recv(C, 0),
    ok = gen_tcp:close(C),
    unlink(Server),
    ok = gen_tcp:close(L).

backend(N) when N rem 4 < 3 -> [];
backend(_) -> [{inet_backend, socket}].

buffers() ->
    [{sndbuf, 1000 + rand:uniform(60000)}, {recbuf, 1000 + rand:uniform(60000)}, {buffer, rand:uniform(20000)},
     {nodelay, rand:uniform(2) =:= 1}].

write(_, All, All) ->
    ok;
write(S, At, All) ->
    Size = min(rand:uniform(30000), All - At),
    Data = stream(At, Size),
    %% As one binary, or in pieces.
    ok = gen_tcp:send(S, case rand:uniform(3) of 1 -> Data; 2 -> [Data]; 3 -> split(Data) end),
    sometimes(),
    write(S, At + Size, All).

split(Data) ->
    {A, B} = split_binary(Data, rand:uniform(byte_size(Data)) - 1),
    [A, [[], B]].

stream(At, Size) ->
    binary:part(persistent_term:get(faults), At rem ?PERIOD, Size).

read(_, All, All) ->
    All;
read(S, At, All) ->
    Want = case rand:uniform(3) of 1 -> min(rand:uniform(40000), All - At); _ -> 0 end,
    {ok, Data} = gen_tcp:recv(S, Want),
    check(At, Data),
    Want =:= 0 orelse Want =:= byte_size(Data) orelse exit({asked, Want, got, byte_size(Data)}),
    sometimes(),
    read(S, At + byte_size(Data), All).

check(_, <<>>) ->
    ok;
check(At, Data) ->
    Size = min(byte_size(Data), ?PERIOD),
    <<Part:Size/binary, Rest/binary>> = Data,
    Part =:= stream(At, Size) orelse exit({wrong_bytes_after, At}),
    check(At + Size, Rest).

sometimes() ->
    case rand:uniform(100) of
        1 -> timer:sleep(rand:uniform(10));
        _ -> ok
    end.

%% Servers: passive, always active, once, counted.
echo(0, S) ->
    case gen_tcp:recv(S, 0) of
        {ok, Data} -> ok = gen_tcp:send(S, Data), sometimes(), echo(0, S);
        {error, closed} -> gen_tcp:close(S)
    end;
echo(1, S) ->
    ok = inet:setopts(S, [{active, true}]),
    active(S, fun() -> ok end);
echo(2, S) ->
    Again = fun() -> inet:setopts(S, [{active, once}]) end,
    Again(),
    active(S, fun() -> Again() end);
echo(3, S) ->
    ok = inet:setopts(S, [{active, 3}]),
    active(S, fun() -> ok end).

active(S, Next) ->
    receive
        {tcp, S, Data} -> ok = gen_tcp:send(S, Data), sometimes(), Next(), active(S, Next);
        {tcp_passive, S} -> ok = inet:setopts(S, [{active, 3}]), active(S, Next);
        {tcp_closed, S} -> gen_tcp:close(S)
    end.

%% Connections that end by a reset in the middle of a transfer; what either side was told.
resets(Kind, Seen) ->
    receive
        {stop, Who} -> Who ! {self(), Seen}
    after 1 ->
        Backend = case Kind of inet -> []; socket -> [{inet_backend, socket}] end,
        {ok, L} = gen_tcp:listen(0, Backend ++ [binary, {active, false}]),
        {ok, Port} = inet:port(L),
        Me = self(),
        Sender = spawn_link(fun() ->
            {ok, S} = gen_tcp:accept(L),
            Me ! {self(), until_error(fun() -> gen_tcp:send(S, binary:copy(<<0>>, 100000)) end)}
        end),
        {ok, C} = gen_tcp:connect({127, 0, 0, 1}, Port, Backend ++ [binary, {active, false}, {linger, {true, 0}}]),
        {ok, _} = gen_tcp:recv(C, 0),
        ok = gen_tcp:close(C),
        Error = receive {Sender, E} -> E end,
        ok = gen_tcp:close(L),
        resets(Kind, [Error | Seen])
    end.

until_error(Send) ->
    case Send() of
        ok -> until_error(Send);
        {error, {Reason, _Rest}} -> Reason;
        {error, Reason} -> Reason
    end.

%% Signals that the emulator takes no note of, besides that calls of the system end early.
interrupts() ->
    receive
        {stop, Who} -> Who ! {self(), []}
    after 20 ->
        os:cmd("kill -WINCH " ++ os:getpid()),
        interrupts()
    end.
