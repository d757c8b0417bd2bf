%% Datagrams while the system fails by chance (inject.c): numbered, digested, answered each; between sockets of the driver, of gen_udp
%% on the module `socket`, and of that module itself, over IPv4 and Unix-domain sockets. What is lost is sent again, what an error
%% ends is opened anew at another address. Every sending has a serial number of its own: none may come twice, none whose sending
%% failed may come, and the bytes are told from their number. Errors that programs met must be some that the reference tells
%% (`known/1`; `stress/storms` compares anew). With a third argument they are printed, a line each with their number.
%% Usage: INJECT=FILE LD_PRELOAD=inject.so … datagrams:main([Thousands, Seed | Told]).
-module(datagrams).
-export([main/1]).

-define(LOCAL, {127, 0, 0, 1}).
-define(PERIOD, 65537).
-define(PATIENCE, 60000).
-define(WINDOW, 16).
-define(COUNTED, 5).

main([ThousandsArg, Seed | Told]) ->
    ok = logger:set_primary_config(level, none),
    try run(list_to_integer(ThousandsArg), Seed, Told) catch
        Class:Reason:Stack -> io:format("failed: ~0p~n", [{Class, Reason, Stack}]), halt(1)
    end.

run(Thousands, Seed, Told) ->
    process_flag(trap_exit, true),
    rand:seed(exsss, {1, 2, 3}),
    Pattern = rand:bytes(?PERIOD),
    persistent_term:put(datagrams, <<Pattern/binary, Pattern/binary>>),
    Directory = filename:join("/tmp", "datagrams_" ++ os:getpid()),
    ok = file:make_dir(Directory),
    persistent_term:put(datagrams_at, {Directory, atomics:new(1, [])}),
    Begun = erlang:monotonic_time(millisecond),
    Modes = [passive, active, once, counted],
    Direct = [recvfrom, recvmsg, nowait],
    Internet = [{inet, inet, M} || M <- Modes] ++ [{socket, inet, M} || M <- Modes] ++ [{direct, inet, M} || M <- Direct],
    Domain = [{inet, local, M} || M <- Modes] ++ [{direct, local, M} || M <- Direct],
    Pairs = [{C, S, false} || N <- [0, 3], {C, S} <- pairs(N, Internet) ++ pairs(N, Domain)]
        ++ [{C, S, true} || {C, S} <- pairs(5, Internet), element(1, C) =/= direct],
    All = max(10, Thousands * 1000 div length(Pairs)),
    inject("datagrams ~s 1000 3000 1000", [Seed]),
    Seen = try lists:append(some(8, [fun() -> transfer(P, All) end || P <- Pairs]))
    after
        inject("none 0 0 0", []),
        file:del_dir_r(Directory)
    end,
    Counts = lists:foldl(fun(E, M) -> maps:update_with(E, fun(N) -> N + 1 end, 1, M) end, #{}, Seen),
    [io:format("~w ~0p~n", [N, E]) || Told =/= [], {E, N} <- lists:sort(maps:to_list(Counts)), element(1, E) =/= again],
    Again = maps:get({again}, Counts, 0),
    Told =/= [] orelse io:format("datagrams: ~b, answered each, ~b sent again, ~b kinds of errors in ~b ms~n",
        [All * length(Pairs), Again, map_size(Counts) - 1, erlang:monotonic_time(millisecond) - Begun]),
    Odd = [E || E <- maps:keys(Counts), not known(E)],
    Told =/= [] orelse Odd =:= [] orelse exit({errors, Odd}).

pairs(N, Kinds) ->
    {A, B} = lists:split(N, Kinds),
    lists:zip(Kinds, B ++ A).

known({again}) -> true;
known({_, _, any, open, Reason}) -> lists:member(Reason, [emfile, enfile, enobufs, enomem]);
known({_, inet, any, connect, enobufs}) -> true;
known({direct, _, any, send, timeout}) -> true;
known({inet, _, any, send, Reason}) when Reason =:= eagain; Reason =:= eintr -> true;
known({_, local, any, send, enoent}) -> true;
known({_, _, any, send, Reason}) -> lists:member(Reason, [econnrefused, enobufs, enomem]);
known({_, _, _, Op, Reason}) when Op =:= recv; Op =:= message -> lists:member(Reason, [econnrefused, eintr, enobufs, enomem]);
known(_) -> false.

inject(Format, Args) ->
    ok = file:write_file(os:getenv("INJECT"), io_lib:format(Format, Args)).

%% What these give, so many at a time.
some(_, []) -> [];
some(N, Fs) ->
    {Now, Later} = lists:split(min(N, length(Fs)), Fs),
    Me = self(),
    Pids = [spawn_link(fun() -> Me ! {self(), F()} end) || F <- Now],
    [receive {P, Result} -> Result; {'EXIT', _, Why} when Why =/= normal -> exit(Why) end || P <- Pids] ++ some(N, Later).

%% One client and one server; the errors that they met.
transfer({Kind, ServerKind, Connected}, All) ->
    Me = self(),
    Server = spawn_link(fun() -> Me ! {served, self(), serve(opened(new(ServerKind)), Me)} end),
    To = receive {at, Server, At} -> At end,
    Client = ask(towards(opened((new(Kind))#{connected := Connected}), To), Server, To, 0, #{}, All),
    Server ! {finish, Me},
    receive
        {served, Server, Served} ->
            %% Nothing came whose sending failed, or that nobody sent.
            none_of(Served, Client),
            none_of(Client, Served),
            #{serial := Sent, errors := Errors} = Client,
            [{again} || _ <- lists:seq(All + 1, Sent)] ++ Errors ++ maps:get(errors, Served)
    after ?PATIENCE -> exit({no_end, ServerKind})
    end.

none_of(#{heard := Heard}, #{unsent := Unsent, serial := Last, kind := Kind}) ->
    [exit({came_unsent, Kind, N, Last}) || N <- maps:keys(Heard), N > Last orelse is_map_key(N, Unsent)].

%% An end: its socket, how many messages may come of it, the serial number of what it sent last, those that came, those that were not sent.
new(Kind) ->
    #{kind => Kind, socket => none, armed => 0, exact => true, serial => 0, heard => #{}, unsent => #{}, errors => [], connected => false, late => []}.

met(#{kind := {Backend, Family, Mode}, errors := Errors} = E, Op, Reason) ->
    Way = case lists:member(Op, [message, recv]) of
        true when Backend =:= direct -> Mode;
        true when Mode =:= passive -> passive;
        true -> active;
        false -> any
    end,
    E#{errors := [{Backend, Family, Way, Op, Reason} | Errors]}.

%% Asks until everything is answered.
ask(E, _, _, All, Pending, All) when map_size(Pending) =:= 0 ->
    closed(E);
ask(E, Server, To, Next, Pending, All) when map_size(Pending) < ?WINDOW, Next < All ->
    ask(sent(E, To, $q, Next), Server, To, Next + 1, Pending#{Next => now_ms()}, All);
ask(E, Server, To, Next, Pending, All) ->
    receive
        {at, Server, New} -> ask(towards(E, New), Server, New, Next, Pending, All)
    after 0 ->
        case next(E, 10) of
            {{data, _, Data}, E1} ->
                {Number, E2} = checked(E1, $a, Data),
                ask(E2, Server, To, Next, maps:remove(Number, Pending), All);
            {_, E1} ->
                Now = now_ms(),
                Late = [N || {N, At} <- maps:to_list(Pending), Now - At > 30],
                E2 = lists:foldl(fun(N, Acc) -> sent(Acc, To, $q, N) end, E1, Late),
                maps:get(serial, E2) < 100 * All + 1000 orelse exit({no_answers, E#{heard := []}}),
                ask(E2, Server, To, Next, maps:merge(Pending, maps:from_list([{N, Now} || N <- Late])), All)
        end
    end.

now_ms() -> erlang:monotonic_time(millisecond).

%% Answers until told to stop; moves to another address at times.
serve(#{at := At} = E, Client) ->
    Client ! {at, self(), At},
    answer(E, Client).

answer(E, Client) ->
    receive
        {finish, Client} -> closed(E)
    after 0 ->
        case next(E, 20) of
            {{data, From, Data}, E1} ->
                {Number, E2} = checked(E1, $q, Data),
                #{serial := Serial} = E3 = sent(E2, From, $a, Number),
                if Serial rem 500 =:= 0 -> serve(opened(closed(E3)), Client);
                   true -> answer(E3, Client)
                end;
            {_, E1} -> answer(E1, Client)
        end
    end.

%% Whole, as it must be, and for the first time.
checked(#{heard := Heard, kind := Kind} = E, What, Data) ->
    case Data of
        <<What, Serial:64, Number:32, Digest:16/binary, Body/binary>> ->
            Digest =:= digest(What, Serial, Number, Body) andalso Body =:= body(What, Number, maps:get(kind, E))
                orelse exit({wrong, Kind, Number, byte_size(Data)}),
            is_map_key(Serial, Heard) andalso exit({doubled, Kind, Serial, Number}),
            {Number, E#{heard := Heard#{Serial => []}}};
        _ -> exit({odd, Kind, byte_size(Data)})
    end.

digest(What, Serial, Number, Body) -> erlang:md5([<<What, Serial:64, Number:32>>, Body]).

body(What, Number, {_, Family, _}) ->
    Most = case erlang:phash2({Number, What}, 50) of
        0 when Family =:= inet -> 60000;
        N when N < 10 -> 5000;
        _ -> 600
    end,
    binary:part(persistent_term:get(datagrams), Number rem ?PERIOD, erlang:phash2({What, Number}, Most)).

%% Sent, or noted as not sent.
sent(#{serial := Last, kind := Kind} = E, To, What, Number) ->
    Serial = Last + 1,
    Body = body(What, Number, Kind),
    case send(E, To, [<<What, Serial:64, Number:32>>, digest(What, Serial, Number, Body), Body]) of
        ok -> E#{serial := Serial};
        {error, Reason} ->
            Unsent = maps:get(unsent, E),
            met(E#{serial := Serial, unsent := Unsent#{Serial => []}}, send, Reason)
    end.

send(#{kind := {direct, _, _}, socket := S}, To, Data) ->
    case socket:sendmsg(S, #{addr => other(To), iov => Data}, [], 50) of
        {error, {Reason, _}} -> {error, Reason};
        Other -> Other
    end;
send(#{connected := true, socket := S}, _, Data) -> gen_udp:send(S, Data);
send(#{socket := S}, To, Data) -> gen_udp:send(S, To, Data).

%% The next datagram, or none in that time.
next(#{kind := {direct, _, Way}, socket := S} = E, Time) ->
    case direct(Way, S, Time) of
        {ok, From, Data} -> {{data, From, Data}, E};
        {error, timeout} -> {none, E};
        {error, Reason} -> {none, met(E, recv, Reason)}
    end;
next(#{kind := {_, _, passive}, socket := S} = E, Time) ->
    case gen_udp:recv(S, 0, Time) of
        {ok, {Ip, Port, Data}} -> {{data, from(Ip, Port), iolist_to_binary(Data)}, E};
        {error, timeout} -> {none, E};
        {error, Reason} -> {none, met(E, recv, Reason)}
    end;
next(#{late := [{Ip, Port, Data} | Late]} = E, _) ->
    {{data, from(Ip, Port), Data}, E#{late := Late}};
next(#{kind := {_, _, Mode} = Kind, socket := S, armed := 0} = E, Time) ->
    receive {udp, S, _, _, _} -> exit({unasked, Kind}) after 0 -> ok end,
    {Active, Armed} = case Mode of active -> {true, 1 bsl 50}; once -> {once, 1}; counted -> {?COUNTED, ?COUNTED} end,
    ok = inet:setopts(S, [{active, Active}]),
    next(E#{armed := Armed}, Time);
next(#{kind := {_, _, Mode} = Kind, socket := S, armed := Armed} = E, Time) ->
    receive
        {udp, S, Ip, Port, Data} ->
            Mode =:= counted andalso Armed =:= 1 andalso
                receive {udp_passive, S} -> ok after ?PATIENCE -> exit({not_passive, Kind}) end,
            {{data, from(Ip, Port), Data}, E#{armed := Armed - 1}};
        {udp_passive, S} -> exit({passive_early, Kind, Armed});
        {udp_error, S, Reason} ->
            %% Whether it goes on by itself is a matter of the backend.
            ok = inet:setopts(S, [{active, false}]),
            {none, late(met(E#{armed := 0}, message, Reason))}
    after Time -> {none, E}
    end.

%% What came before it was passive.
late(#{socket := S, late := Late} = E) ->
    receive
        {udp, S, Ip, Port, Data} -> late(E#{late := Late ++ [{Ip, Port, Data}]});
        {udp_error, S, Reason} -> late(met(E, message, Reason));
        {udp_passive, S} -> late(E);
        {udp_closed, S} -> late(E)
    after 0 -> E
    end.

direct(recvfrom, S, Time) -> received(socket:recvfrom(S, 65536, [], Time));
direct(recvmsg, S, Time) -> received(socket:recvmsg(S, 65536, 0, [], Time));
direct(nowait, S, Time) ->
    case socket:recvfrom(S, 65536, [], nowait) of
        {select, {select_info, _, Ref} = Info} ->
            receive {'$socket', S, select, Ref} -> direct(nowait, S, Time)
            after Time ->
                case socket:cancel(S, Info) of
                    ok -> {error, timeout};
                    %% It is on its way, or here.
                    {error, select_sent} -> receive {'$socket', S, select, Ref} -> {error, timeout} after ?PATIENCE -> exit(select_lost) end
                end
            end;
        Other -> received(Other)
    end.

received({ok, {From, Data}}) -> {ok, to(From), Data};
received({ok, #{addr := From, iov := Data, flags := []}}) -> {ok, to(From), iolist_to_binary(Data)};
received({error, _} = Error) -> Error.

from({local, _} = From, 0) -> From;
from(Ip, Port) -> {Ip, Port}.

%% Addresses as gen_udp has them; these are the other module's.
to(#{family := inet, addr := Ip, port := Port}) -> {Ip, Port};
to(#{family := local, path := Path}) -> {local, Path}.

other({local, Path}) -> #{family => local, path => Path};
other({Ip, Port}) -> #{family => inet, addr => Ip, port => Port}.

%% A new socket of that kind, at an address of its own.
opened(#{kind := {_, Family, _} = Kind} = E) ->
    case open(Kind, case Family of inet -> {?LOCAL, 0}; local -> place() end) of
        {ok, S, At} -> E#{socket := S, at => At, armed := 0};
        {error, Op, Reason} -> opened(met(E, Op, Reason))
    end.

open({direct, Family, _}, At) ->
    case socket:open(Family, dgram, case Family of inet -> udp; local -> default end) of
        {ok, S} ->
            ok = socket:setopt(S, socket, rcvbuf, 200000),
            ok = socket:bind(S, other(At)),
            {ok, Name} = socket:sockname(S),
            {ok, S, to(Name)};
        {error, Reason} -> {error, open, Reason}
    end;
open({Backend, Family, Mode}, At) ->
    {Ip, Port} = case At of {local, _} -> {At, 0}; _ -> At end,
    %% Passive and of a Unix-domain socket: prim_inet reads the address off a list alone.
    Form = if Family =:= local, Mode =:= passive -> list; true -> binary end,
    Options = [Form, {ip, Ip}, {active, false}, {recbuf, 200000}, {buffer, 66000}],
    case gen_udp:open(Port, [{inet_backend, Backend} || Backend =:= socket] ++ Options) of
        {ok, S} ->
            {ok, Name} = inet:sockname(S),
            {ok, S, Name};
        {error, Reason} -> {error, open, Reason}
    end.

place() ->
    {Directory, Count} = persistent_term:get(datagrams_at),
    {local, iolist_to_binary(filename:join(Directory, integer_to_list(atomics:add_get(Count, 1, 1))))}.

closed(#{kind := Kind, socket := S, at := At} = E) ->
    case Kind of {direct, _, _} -> ok = socket:close(S); _ -> ok = gen_udp:close(S) end,
    case At of {local, Path} -> ok = file:delete(Path); _ -> ok end,
    %% Nothing comes of it any more.
    E1 = late(E#{late := []}),
    receive {udp, S, _, _, _} -> exit({after_close, Kind}); {udp_closed, S} -> exit({after_close, Kind}) after 0 -> ok end,
    E1#{socket := none, late := [], armed := 0}.

%% From now on to this address.
towards(#{connected := true, socket := S} = E, {Ip, Port} = To) ->
    case gen_udp:connect(S, Ip, Port) of
        ok -> E;
        {error, Reason} -> towards(met(E, connect, Reason), To)
    end;
towards(E, _) -> E.
