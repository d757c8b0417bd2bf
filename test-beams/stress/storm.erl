%% Bytes through echo servers while the system fails by chance (inject.c): parts of reads and writes, EINTR, EAGAIN, ENOBUFS,
%% ENOMEM, EMFILE, ENFILE, resets. A connection that an error ends is made anew, and both sides go on where they stood: every byte
%% arrives once and in order, told by what it must be and by digests at both ends. Errors that programs met must be some that the
%% reference tells (`known/1`; `stress/storms` compares anew). With a third argument they are printed, a line each with their number.
%% Usage: INJECT=FILE LD_PRELOAD=inject.so … storm:main([Megabytes, Seed | Told]).
-module(storm).
-export([main/1]).

-define(LOCAL, {127, 0, 0, 1}).
-define(PERIOD, 65537).
-define(PATIENCE, 20000).

main([MegabytesArg, Seed | Told]) ->
    %% That process's end is no news here.
    ok = logger:set_primary_config(level, none),
    try run(list_to_integer(MegabytesArg), Seed, Told) catch
        Class:Reason:Stack -> io:format("failed: ~0p~n", [{Class, Reason, Stack}]), halt(1)
    end.

run(Megabytes, Seed, Told) ->
    process_flag(trap_exit, true),
    Ways = [{Backend, Mode, Way} || Backend <- [inet, socket], Mode <- [raw, 1, 2, 4, line], Way <- [passive, active, once, counted]]
        ++ [{direct, raw, passive} || _ <- lists:seq(1, 10)],
    All = Megabytes * 1000000 div length(Ways),
    rand:seed(exsss, {1, 2, 3}),
    Pattern = << <<(if B =:= $\n -> $n; true -> B end)>> || <<B>> <= rand:bytes(?PERIOD) >>,
    persistent_term:put(storm, <<Pattern/binary, Pattern/binary>>),
    Begun = erlang:monotonic_time(millisecond),
    %% One byte-counted packet is small: as many system calls a byte would take all the time.
    Sizes = [{W, case W of {_, 1, _} -> All div 4; {_, raw, _} -> All + All * 3 div 4; _ -> All end} || W <- Ways],
    inject("storm ~s 30000 3000 1000", [Seed]),
    Seen = lists:append(some(8, [fun() -> transfer(W, Size) end || {{B, _, _} = W, Size} <- Sizes, B =/= socket])),
    %% Reads of gen_tcp's process on a socket: it knows of resets only. Without any it could wait for ever, on the reference as here:
    %% it peeks at the head of a packet, and with a small buffer the system takes no more while half a head is left in it.
    inject("mild ~s 30000 3000 1000", [Seed]),
    Mild = lists:append(some(8, [fun() -> transfer(W, Size) end || {{socket, _, _} = W, Size} <- Sizes])),
    inject("none 0 0 0", []),
    Counts = lists:foldl(fun(E, M) -> maps:update_with(E, fun(N) -> N + 1 end, 1, M) end, #{}, Seen ++ Mild),
    [io:format("~w ~0p~n", [N, E]) || Told =/= [], {E, N} <- lists:sort(maps:to_list(Counts))],
    Told =/= [] orelse io:format("storm: ~b bytes each way, ~b connections ended by ~b kinds of errors in ~b ms~n",
        [lists:sum([S || {_, S} <- Sizes]), length([x || {_, _, connection, _} <- Seen ++ Mild]), map_size(Counts),
         erlang:monotonic_time(millisecond) - Begun]),
    Odd = [E || E <- maps:keys(Counts), not known(E)],
    Told =/= [] orelse Odd =:= [] orelse exit({errors, Odd}),
    %% Whatever an emulator calls to move bytes must fail at times.
    Failed = [case Op of message -> recv; _ -> Op end || {_, _, Op, Reason} <- maps:keys(Counts), Reason =/= closed],
    [lists:member(Op, Failed) orelse exit({nothing_failed, Op}) || Op <- [recv, send, accept, connect]],
    ok.

known({_, _, connection, ended}) -> true;
known({_, any, accept, Reason}) -> lists:member(Reason, [eintr, emfile, enfile, enobufs, enomem]);
known({_, any, listen, Reason}) -> lists:member(Reason, [emfile, enfile, enobufs, enomem]);
known({_, any, connect, eintr}) -> true;
known({inet, any, connect, Reason}) -> known({inet, any, listen, Reason});
known({socket, any, connect, {shutdown, Reason}}) -> known({socket, any, listen, Reason});
known({direct, any, connect, {open, Reason}}) -> known({direct, any, listen, Reason});
known({inet, active, message, Reason}) -> lists:member(Reason, [eintr, enobufs, enomem]);
known({inet, passive, recv, Reason}) -> lists:member(Reason, [eintr, enobufs, enomem]);
known({inet, _, send, Reason}) -> lists:member(Reason, [closed, einval, enotconn]);
known({socket, _, send, Reason}) -> lists:member(Reason, [closed, enobufs, enomem]);
known({direct, passive, recv, Reason}) -> lists:member(Reason, [econnreset, eintr, enobufs, enomem]);
known({direct, passive, send, Reason}) -> lists:member(Reason, [closed, econnreset, enobufs, enomem, epipe]);
known(_) -> false.

%% Renamed into its place: nobody reads half of it.
inject(Format, Args) ->
    File = os:getenv("INJECT"),
    ok = file:write_file(File ++ ".new", io_lib:format(Format, Args)),
    ok = file:rename(File ++ ".new", File).

%% What these give, so many at a time.
some(_, []) -> [];
some(N, Fs) ->
    {Now, Later} = lists:split(min(N, length(Fs)), Fs),
    Me = self(),
    Pids = [spawn_link(fun() -> Me ! {self(), F()} end) || F <- Now],
    [receive {P, Result} -> Result; {'EXIT', _, Why} when Why =/= normal -> exit(Why) end || P <- Pids] ++ some(N, Later).

%% Both sides of one kind; the errors that they met.
transfer({Backend, Mode, Way} = Kind, All) ->
    Me = self(),
    L = listening(options(Backend, Mode)),
    {ok, Port} = ask(inet, port, [L]),
    Server = spawn_link(fun() -> put(all, All), put(kept, []), server(Kind, L, Me, {0, erlang:md5_init()}) end),
    Digest = client(Kind, Port, Server, {0, erlang:md5_init()}, 0, All),
    Server ! {finish, Me, All},
    receive {finished, Digest} -> ok; {finished, Other} -> exit({digests, Kind, Digest, Other}) after ?PATIENCE -> exit({no_end, Kind}) end,
    unlink(Server),
    exit(Server, kill),
    _ = ask(gen_tcp, close, [L]),
    Whole = stream_digest(erlang:md5_init(), 0, All, Mode),
    Whole =:= Digest orelse exit({digest, Kind}),
    [{Backend, way(Op, Way), Op, Reason} || {Op, Reason} <- errors([])].

way(Op, Way) ->
    case lists:member(Op, [listen, accept, connect, port]) of
        true -> any;
        false when Way =:= passive -> passive;
        false -> active
    end.

errors(Seen) -> receive {error_was, Op, Reason} -> errors([{Op, Reason} | Seen]) after 0 -> Seen end.

%% The process behind a socket of the module `socket` ends at some errors, and so does whoever just asks it.
ask(_, F, [{'$socket', _} = S | Args]) -> direct(F, S, Args);
ask(gen_tcp, connect, [_, Port, direct | _]) -> direct_connect(Port);
ask(Module, Function, Args) ->
    try apply(Module, Function, Args) catch
        exit:{{{case_clause, Reason}, _}, _} -> {error, {unprepared, Reason}};
        exit:{Reason, _} when is_atom(Reason) -> {error, {ended, Reason}}
    end.

%% The module `socket` itself.
direct(send, S, [Data]) ->
    case socket:send(S, Data) of {error, {Reason, _Rest}} -> {error, Reason}; Other -> Other end;
direct(peername, S, []) ->
    case socket:peername(S) of {ok, #{addr := A, port := P}} -> {ok, {A, P}}; Error -> Error end;
direct(port, S, []) ->
    case socket:sockname(S) of {ok, #{port := P}} -> {ok, P}; Error -> Error end;
direct(F, S, Args) -> apply(socket, F, [S | Args]).

direct_open() ->
    case socket:open(inet, stream, tcp) of
        {ok, S} ->
            [ok = socket:setopt(S, socket, O, 5000 + rand:uniform(60000)) || O <- [sndbuf, rcvbuf]],
            {ok, S};
        Error -> Error
    end.

direct_connect(Port) ->
    case direct_open() of
        {ok, S} ->
            case socket:connect(S, #{family => inet, addr => ?LOCAL, port => Port}) of
                ok -> {ok, S};
                Error -> _ = socket:close(S), Error
            end;
        {error, Reason} -> {error, {open, Reason}}
    end.

listening(direct) ->
    case direct_open() of
        {ok, L} ->
            ok = socket:bind(L, #{family => inet, addr => ?LOCAL, port => 0}),
            ok = socket:listen(L),
            L;
        {error, Reason} -> told(self(), listen, Reason), listening(direct)
    end;
listening(Options) ->
    case gen_tcp:listen(0, Options ++ [{ip, ?LOCAL}]) of
        {ok, L} -> L;
        {error, Reason} -> told(self(), listen, Reason), listening(Options)
    end.

options(direct, _) -> direct;
options(inet, Mode) -> options(Mode);
options(socket, Mode) -> [{inet_backend, socket} | options(Mode)].

options(Mode) ->
    [binary, {active, false}, {packet, Mode}, {sndbuf, 5000 + rand:uniform(60000)}, {recbuf, 5000 + rand:uniform(60000)},
     {buffer, 8000 + rand:uniform(20000)}, {nodelay, rand:uniform(2) =:= 1}].

%% The client: connects until everything is back.
client({Backend, Mode, Way} = Kind, Port, Server, {At, Hash}, Tries, All) ->
    Tries < 1000 orelse exit({tries, Kind}),
    Me = self(),
    case ask(gen_tcp, connect, [?LOCAL, Port, options(Backend, Mode), ?PATIENCE]) of
        {error, Reason} ->
            told(Me, connect, Reason),
            client(Kind, Port, Server, {At, Hash}, Tries + 1, All);
        {ok, C} ->
            case ask(inet, port, [C]) of
                {ok, Mine} ->
                    Server ! {expect, Mine, At},
                    Start = receive {start, S} -> S after ?PATIENCE -> exit({not_accepted, Kind}) end,
                    %% From where it stands to the end, its size told apart.
                    Writer = spawn(fun() -> Me ! {self(), write(Backend, C, Mode, Start, All)} end),
                    {At1, Hash1, Why} = take(Way, Mode, C, At, Hash, All, fun(_) -> ok end),
                    is_atom(Why) orelse told(Me, element(1, Why), element(2, Why)),
                    if Why =:= all ->
                        told_of(Me, write_of(Writer)),
                        _ = ask(gen_tcp, shutdown, [C, write]),
                        nothing_more(Way, Kind, C);
                       true ->
                        told(Me, connection, ended),
                        _ = ask(gen_tcp, close, [C]),
                        told_of(Me, write_of(Writer))
                    end,
                    _ = ask(gen_tcp, close, [C]),
                    receive {ended, Mine} -> ok after ?PATIENCE -> exit({server_goes_on, Kind, Why}) end,
                    forget(C),
                    if Why =:= all -> erlang:md5_final(Hash1);
                       true -> client(Kind, Port, Server, {At1, Hash1}, if At1 > At -> 0; true -> Tries + 1 end, All)
                    end;
                {error, Reason} ->
                    told(Me, port, Reason),
                    _ = ask(gen_tcp, close, [C]),
                    client(Kind, Port, Server, {At, Hash}, Tries + 1, All)
            end
    end.

told(To, Op, Reason) -> To ! {error_was, Op, Reason}, ok.
told_of(_, ok) -> ok;
told_of(To, {error, Reason}) -> told(To, send, Reason).

write_of(Writer) -> receive {Writer, Result} -> Result after ?PATIENCE -> exit(writer_hangs) end.

%% What came of a connection after its end was decided.
forget(S) ->
    case erase({monitor, S}) of undefined -> ok; M -> inet:cancel_monitor(M) end,
    receive
        {'DOWN', _, _, S, _} -> forget(S);
        {tcp, S, _} -> forget(S);
        {tcp_passive, S} -> forget(S);
        {tcp_error, S, _} -> forget(S);
        {tcp_closed, S} -> forget(S)
    after 0 -> ok
    end.

write(_, _, _, All, All) -> ok;
write(Backend, C, Mode, At, All) ->
    {Data, Next} = piece(Mode, At, All),
    case ask(gen_tcp, send, [C, Data]) of
        ok -> write(Backend, C, Mode, Next, All);
        %% The driver closes what it cannot write to.
        Error when Backend =:= inet -> Error;
        Error -> _ = ask(gen_tcp, close, [C]), Error
    end.

%% No byte follows the last.
nothing_more(passive, Kind, C) ->
    case ask(gen_tcp, recv, [C, 0, ?PATIENCE]) of
        {error, Reason} when Reason =/= timeout -> ok;
        Other -> exit({more, Kind, Other})
    end;
nothing_more(_, Kind, C) ->
    get({monitor, C}) =/= undefined orelse put({monitor, C}, inet:monitor(C)),
    case ask(inet, setopts, [C, [{active, once}]]) of
        ok ->
            receive
                {tcp, C, _} -> exit({more, Kind});
                {tcp_closed, C} -> ok;
                {'DOWN', _, _, C, _} -> ok
            after ?PATIENCE -> exit({not_closed, Kind})
            end;
        _ -> ok
    end.

%% Records: where they begin and end is a matter of their position alone. In raw mode only the writer's pieces are.
piece(Mode, At, All) ->
    Size = min(All - At, case Mode of
        1 -> 1 + erlang:phash2(At, 255);
        line -> 1 + erlang:phash2(At, 4000);
        raw -> 1 + erlang:phash2(At, 30000);
        _ -> 1 + erlang:phash2(At, case erlang:phash2({At}, 10) of 0 -> 60000; _ -> 3000 end)
    end),
    {stream(Mode, At, Size), At + Size}.

stream(line, At, Size) ->
    [binary:part(persistent_term:get(storm), At rem ?PERIOD, Size - 1), $\n];
stream(_, At, Size) ->
    binary:part(persistent_term:get(storm), At rem ?PERIOD, Size).

stream_digest(Hash, All, All, _) -> erlang:md5_final(Hash);
stream_digest(Hash, At, All, Mode) ->
    {Data, Next} = piece(Mode, At, All),
    stream_digest(erlang:md5_update(Hash, Data), Next, All, Mode).

%% What was taken is what must come there; whole records.
check(raw, At, Data, All) ->
    Next = At + byte_size(Data),
    Next =< All orelse exit({too_much, At}),
    check_raw(At, Data),
    Next;
check(Mode, At, Data, All) ->
    {Expected, Next} = piece(Mode, At, All),
    Data =:= iolist_to_binary(Expected) orelse exit({wrong_record, Mode, At, byte_size(Data)}),
    Next.

check_raw(_, <<>>) -> ok;
check_raw(At, Data) ->
    Size = min(byte_size(Data), ?PERIOD),
    <<Part:Size/binary, Rest/binary>> = Data,
    Part =:= stream(raw, At, Size) orelse exit({wrong_bytes_after, At}),
    check_raw(At + Size, Rest).

%% Takes what comes until all is there (`all`) or the connection ends: {Position, Hash, all | closed | {Operation, Reason}}.
take(_, _, _, All, Hash, All, _) ->
    {All, Hash, all};
take(passive, Mode, S, At, Hash, All, Each) ->
    Length = case Mode of raw when At rem 3 =:= 0 -> min(All - At, 1 + At rem 9000); _ -> 0 end,
    case ask(gen_tcp, recv, [S, Length, ?PATIENCE]) of
        {ok, Data} ->
            Length =:= 0 orelse Length =:= byte_size(Data) orelse exit({asked, Length, byte_size(Data)}),
            taken(passive, Mode, S, At, Hash, All, Each, Data);
        {error, timeout} -> exit({stands, S, Mode, At});
        {error, {timeout, _}} -> exit({stands, S, Mode, At});
        %% What came before the error.
        {error, {Reason, Data}} when is_binary(Data) ->
            {At1, Hash1, _} = taken(stop, Mode, S, At, Hash, All, Each, Data),
            {At1, Hash1, case Reason of closed -> closed; _ -> {recv, Reason} end};
        {error, closed} -> {At, Hash, closed};
        {error, Reason} -> {At, Hash, {recv, Reason}}
    end;
take(Way, Mode, S, At, Hash, All, Each) ->
    %% The process behind a socket of the module `socket` ends at errors that it does not know, and tells nobody.
    get({monitor, S}) =/= undefined orelse put({monitor, S}, inet:monitor(S)),
    case ask(inet, setopts, [S, [{active, case Way of counted -> 5; active -> true; once -> once end}]]) of
        ok -> listen(Way, Mode, S, At, Hash, All, Each);
        {error, _} -> listen(closed, Mode, S, At, Hash, All, Each)
    end.

listen(Way, Mode, S, At, Hash, All, Each) ->
    receive
        {tcp, S, Data} ->
            case Way of
                once -> taken(Way, Mode, S, At, Hash, All, Each, Data);
                _ -> taken({on, Way}, Mode, S, At, Hash, All, Each, Data)
            end;
        {tcp_passive, S} -> take(counted, Mode, S, At, Hash, All, Each);
        {'DOWN', _, _, S, _} -> {At, Hash, closed};
        {tcp_error, S, Reason} ->
            receive {tcp_closed, S} -> ok; {'DOWN', _, _, S, _} -> ok after ?PATIENCE -> exit({error_without_end, S, Reason}) end,
            {At, Hash, {message, Reason}};
        {tcp_closed, S} -> {At, Hash, closed}
    after case Way of closed -> 0; _ -> ?PATIENCE end ->
        Way =:= closed orelse exit({stands, S, Mode, At, inet:getopts(S, [active])}),
        {At, Hash, closed}
    end.

taken(Way, Mode, S, At, Hash, All, Each, Data) ->
    Next = check(Mode, At, Data, All),
    Hash1 = erlang:md5_update(Hash, Data),
    case Each({At, Data}) of
        ok when Next =:= All -> {Next, Hash1, all};
        ok ->
            case Way of
                stop -> {Next, Hash1, stop};
                {on, W} -> listen(W, Mode, S, Next, Hash1, All, Each);
                _ -> take(Way, Mode, S, Next, Hash1, All, Each)
            end;
        {error, Reason} -> {Next, Hash1, {send, Reason}}
    end.

%% The server: accepts, sends what the client has not got of what came before, echoes.
server({_, Mode, Way} = Kind, L, Client, {At, Hash} = State) ->
    receive
        {finish, Client, At} ->
            Client ! {finished, erlang:md5_final(Hash)};
        {expect, Peer, Has} ->
            S = accept(L, Peer, Client),
            Client ! {start, At},
            Missing = lists:reverse(missing(Has, get(kept))),
            put(kept, lists:reverse(Missing)),
            Next = case resend(S, Missing) of
                ok ->
                    Echo = fun({_, Data} = Piece) -> put(kept, [Piece | get(kept)]), ask(gen_tcp, send, [S, Data]) end,
                    {At1, Hash1, Why} = take(Way, Mode, S, At, Hash, get(all), Echo),
                    is_atom(Why) orelse told(Client, element(1, Why), element(2, Why)),
                    {At1, Hash1};
                {error, Reason} ->
                    told(Client, send, Reason),
                    State
            end,
            _ = ask(gen_tcp, close, [S]),
            forget(S),
            Client ! {ended, Peer},
            server(Kind, L, Client, Next)
    end.

%% What was echoed and did not come back; the last first.
missing(Has, Kept) ->
    [if P >= Has -> Piece; true -> {Has, binary:part(D, Has - P, P + byte_size(D) - Has)} end || {P, D} = Piece <- Kept, P + byte_size(D) > Has].

resend(_, []) -> ok;
resend(S, [{_, Data} | More]) ->
    case ask(gen_tcp, send, [S, Data]) of
        ok -> resend(S, More);
        Error -> Error
    end.

%% The connection that the client knows; those that it was told of as failed go.
accept(L, Peer, Client) ->
    case ask(gen_tcp, accept, [L, ?PATIENCE]) of
        {ok, S} ->
            case ask(inet, peername, [S]) of
                {ok, {_, Peer}} -> S;
                _ -> _ = ask(gen_tcp, close, [S]), accept(L, Peer, Client)
            end;
        {error, timeout} -> exit(nothing_accepted);
        {error, Reason} -> told(Client, accept, Reason), accept(L, Peer, Client)
    end.
