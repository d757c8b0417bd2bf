%% What programs are told when the system refuses: every operation on sockets with every error, injected by inject.c.
%% Prints one line for each; the reference's lines are the same. Usage: INJECT=FILE … injected:main([]).
-module(injected).
-export([main/1]).

-define(LOCAL, {127, 0, 0, 1}).

main(_) ->
    Errors = [{eintr, 4}, {enomem, 12}, {enfile, 23}, {emfile, 24}, {epipe, 32}, {econnreset, 104}, {enobufs, 105}],
    [one(Operation, Error, Way) || Operation <- [open, accept, connect, read, write], Error <- Errors, Way <- [passive, active, udp]],
    ok.

one(Operation, {Name, Number}, Way) ->
    Me = self(),
    {Pid, Mon} = spawn_monitor(fun() -> Me ! {self(), catch way(Way, Operation, Number)} end),
    Told = receive {Pid, Answer} -> Answer after 5000 -> exit(Pid, kill), hangs end,
    receive {'DOWN', Mon, _, _, _} -> ok end,
    inject(Operation, Number, 0, 0),
    io:format("~s ~s ~s: ~0p~n", [Operation, Name, Way, Told]).

inject(Operation, Number, Skip, Count) ->
    timer:sleep(2),
    ok = file:write_file(os:getenv("INJECT"), io_lib:format("~s ~b ~b ~b", [Operation, Number, Skip, Count])).

way(udp, Operation, Number) ->
    inject(Operation, Number, 0, 1),
    case gen_udp:open(0, [binary, {ip, ?LOCAL}, {active, false}]) of
        {ok, S} ->
            {ok, Port} = inet:port(S),
            Sent = gen_udp:send(S, ?LOCAL, Port, <<"hello">>),
            Got = [short(gen_udp:recv(S, 0, 200)) || _ <- [1, 2]],
            [Sent, Got, gen_udp:close(S)];
        Error -> Error
    end;
way(Way, Operation, Number) ->
    Active = Way =:= active,
    {ok, L} = gen_tcp:listen(0, [binary, {ip, ?LOCAL}, {active, Active}]),
    {ok, Port} = inet:port(L),
    Me = self(),
    {Peer, _} = spawn_monitor(fun() -> Me ! {accepted, catch serve(L)} end),
    timer:sleep(10),
    inject(Operation, Number, 0, 1),
    Told = case gen_tcp:connect(?LOCAL, Port, [binary, {active, Active}], 1000) of
        {ok, C} ->
            %% What the other side meets is known here first.
            timer:sleep(20),
            Sent = gen_tcp:send(C, <<"hello">>),
            Got = if Active -> collect(C, []); true -> [gen_tcp:recv(C, 5, 300), gen_tcp:recv(C, 0, 300)] end,
            [Sent, Got, gen_tcp:send(C, <<"more">>), gen_tcp:close(C)];
        Error -> Error
    end,
    ok = gen_tcp:close(L),
    Accepted = receive {accepted, A} -> A after 1000 -> exit(Peer, kill), waits end,
    {Told, Accepted}.

%% Echoes once.
serve(L) ->
    {ok, S} = case gen_tcp:accept(L) of {ok, _} = Ok -> Ok; Error -> throw(Error) end,
    ok = inet:setopts(S, [{active, false}]),
    receive {tcp, S, D} -> gen_tcp:send(S, D)
    after 0 ->
        case gen_tcp:recv(S, 5, 500) of
            {ok, D} -> [gen_tcp:send(S, D), gen_tcp:recv(S, 0, 1000)];
            Error1 -> Error1
        end
    end.

collect(C, Seen) ->
    receive
        {tcp, C, D} -> collect(C, [D | Seen]);
        {tcp_error, C, Why} -> collect(C, [Why | Seen]);
        {tcp_closed, C} -> lists:reverse(Seen, [closed])
    after 300 -> lists:reverse(Seen)
    end.

short({ok, {_, _, D}}) -> {ok, D};
short(Other) -> Other.
