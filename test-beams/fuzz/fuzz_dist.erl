%% Packets of the distribution protocol, well-formed and mutated, as a peer would send them: this node is its own peer, a process
%% carries the connection. Whatever comes in, the connection stays up or ends, everybody is told, and the node goes on.
-module(fuzz_dist).
%% Of a node by another name: `peer` of the process dictionary.
-export([start/0, packets/0, packets/2, odd/1, control/2, mutate/2, victim/0]).

-define(NODE, 'b@remote').
-define(ATOM_CACHE, 16#2000).
-define(FRAGMENTS, 16#800000).

start() ->
    Me = self(),
    case whereis(net_kernel) of
        undefined ->
            register(net_kernel, spawn_link(fun() -> kernel(Me) end)),
            true = erlang:setnode('a@local', 77),
            process_flag({monitor_nodes, #{node_type => all}}, true);
        _ -> ok
    end.

kernel(P) -> receive _ -> kernel(P) end.

%% One connection with a few packets.
packets() ->
    {Victim, Alias} = victim(),
    How = any({plain, headers, headers}),
    {C, M} = connect(How),
    link_all(pick(3), Victim),
    N = send(C, M, How, Victim, Alias, pick(12)),
    exit(C, any({kill, {shutdown, x}, bad})),
    receive {'DOWN', M, _, _, _} -> ok after 20000 -> exit(carrier_lives) end,
    receive {nodedown, ?NODE, _} -> ok after 20000 -> exit(no_nodedown) end,
    [] = nodes(connected),
    Ref = monitor(process, Victim),
    Victim ! {look, self()},
    receive {looked, Victim} -> ok; {'DOWN', Ref, _, _, _} = D -> self() ! D after 20000 -> exit(victim_hangs) end,
    exit(Victim, kill),
    receive {'DOWN', Ref, _, _, _} -> ok after 20000 -> exit(victim_lives) end,
    flush(),
    case N of 0 -> all_taken; _ -> ended end.

flush() -> receive _ -> flush() after 0 -> ok end.

victim() ->
    Me = self(),
    V = spawn(fun() ->
        process_flag(trap_exit, true),
        register(victim, self()),
        Me ! {self(), alias(any_list([explicit_unalias]))},
        look(Me)
    end),
    receive {V, A} -> {V, A} end.

look(P) ->
    receive
        {look, P} ->
            [_ | _] = process_info(self(), [links, monitors, monitored_by, messages, group_leader]),
            garbage_collect(),
            P ! {looked, self()},
            receive after infinity -> ok end
    end.

link_all(1, _) -> ok;
link_all(_, V) ->
    %% Relations that begin here.
    V2 = spawn(fun() -> catch link(remote(pick(4))), catch monitor(process, remote(pick(4))), catch monitor(process, {name, ?NODE}),
                        exit(V, note), receive after 100 -> ok end end),
    monitor(process, V2).

connect(How) ->
    Me = self(),
    {C, M} = spawn_monitor(fun() -> carrier(Me, How) end),
    receive {up, C} -> {C, M} end.

carrier(Parent, How) ->
    _ = erts_internal:new_connection(?NODE),
    {_, Default, _, _, _, _} = erts_internal:get_dflags(),
    Flags = case How of
                plain -> Default band bnot (?ATOM_CACHE bor ?FRAGMENTS);
                headers -> Default
            end,
    {ok, DH} = erts_internal:create_dist_channel(?NODE, self(), {Flags, 4}),
    erlang:dist_ctrl_input_handler(DH, self()),
    Parent ! {up, self()},
    erlang:dist_ctrl_get_data_notification(DH),
    carry(DH).

carry(DH) ->
    receive
        {put, From, Data} -> erlang:dist_ctrl_put_data(DH, Data), From ! {done, self()}, carry(DH);
        dist_data -> drain(DH), erlang:dist_ctrl_get_data_notification(DH), carry(DH)
    end.

drain(DH) ->
    case erlang:dist_ctrl_get_data(DH) of none -> ok; _ -> drain(DH) end.

%% How many were left when the connection ended.
send(_, _, _, _, _, 0) -> 0;
send(C, M, How, V, A, N) ->
    Packets = case pick(3) of
                  %% Mutated ones go to nobody: a changed pid must not be that of a process which is there.
                  1 -> [mutate(pick(4), P) || P <- packets(How, control(list_to_pid("<0.32091.7>"), A))];
                  2 -> case pick(4) of 1 -> odd(How); _ -> packets(How, control(V, A)) end;
                  _ -> packets(How, control(V, A))
              end,
    case lists:all(fun(P) -> put_data(C, M, P) end, Packets) of
        true -> send(C, M, How, V, A, N - 1);
        false -> N
    end.

put_data(C, M, Data) ->
    C ! {put, self(), Data},
    receive
        {done, C} -> true;
        {'DOWN', M, _, _, _} = D -> self() ! D, false
    after 20000 -> exit(carrier_hangs)
    end.

%% Control message and payload (`none`: there is none).
control(V, A) ->
    From = any({remote(pick(4)), remote(pick(4)), remote(pick(4)), V, pid_of('c@other', 3), value()}),
    Ref = any({ref(), make_ref(), A, value()}),
    Token = any({{7, 5, 1, remote(1), 0}, {7, x, 3, remote(2), 2}, {0, 0, 1 bsl 59, self(), -1}, [], value()}),
    Reason = any({kill, normal, why, value()}),
    Payload = any({none, value(), value(), Reason, payload}),
    C = any({{1, From, V}, {2, '', V}, {3, From, V, Reason}, {4, From, V}, {6, From, '', victim}, {7, From, V}, {8, From, V, Reason},
             {12, '', V, Token}, {13, From, V, Token, Reason}, {16, From, '', victim, Token}, {18, From, V, Token, Reason},
             {19, From, V, Ref}, {19, From, victim, Ref}, {20, From, V, Ref}, {20, From, victim, Ref}, {21, From, V, Ref, Reason},
             {22, From, V}, {23, From, V, Token}, {24, From, V}, {25, From, V, Token}, {26, From, V}, {27, From, V, Token},
             {28, From, V, Ref}, {28, name, V, Ref}, spawns(29, Ref, From, V), erlang:append_element(spawns(30, Ref, From, V), Token),
             {31, Ref, V, pick(4) - 1, any({remote(9), badopt, value()})}, {32, Ref, V, pick(4), remote(9), Token}, {33, From, A},
             {34, From, A, Token}, {35, any({1, 7, 0, 1 bsl 70, value()}), From, V}, {36, any({1, 2, value()}), From, V},
             {37, any({0, 1, 4, 5, 16, 20, 21, 8, 63, value()}), From, any({V, A, victim, value()})}, {37, 7, From, A, Token},
             {pick(45), From, V}, value()}),
    C1 = case pick(8) of
             1 when is_tuple(C), tuple_size(C) > 1 -> setelement(1 + pick(tuple_size(C) - 1), C, value());
             2 when is_tuple(C), tuple_size(C) > 1 -> erlang:delete_element(tuple_size(C), C);
             _ -> C
         end,
    {C1, Payload}.

spawns(Op, Ref, From, V) ->
    {Op, Ref, From, any({V, From, group_leader()}), any({{lists, reverse, 1}, {erlang, make_ref, 0}, {no, such, 2}, value()}),
     any({[], [link], [monitor], [link, monitor], [{min_heap_size, 100}], [what], [link | x], value()})}.

packets(plain, {C, P}) ->
    [iolist_to_binary([112, t(C), case P of none -> []; payload -> t(big()); _ -> t(P) end])];
packets(headers, {C, P0}) ->
    P = case P0 of none -> <<>>; payload -> body(big()); _ -> body(P0) end,
    Ctl = iolist_to_binary(body(C)),
    Atoms = any({<<0>>, <<1, 8, 3, 4, "atom">>, <<2, 16#88, 0, 3, 4, "atom", 9, 1, "x">>, <<1, 0, 3>>}),
    case pick(3) of
        1 ->
            S = pick(3),
            Parts = cut(iolist_to_binary(P), pick(4)),
            N = length(Parts) + 1,
            All = [iolist_to_binary([<<131, 69, S:64, N:64>>, Atoms, Ctl])
                   | [<<131, 70, S:64, I:64, B/binary>> || {I, B} <- lists:zip(lists:seq(N - 1, 1, -1), Parts)]],
            case pick(6) of
                1 -> lists:droplast(All);
                2 -> lists:reverse(All);
                3 -> tl(All);
                _ -> All
            end;
        _ -> [iolist_to_binary([<<131, 68>>, Atoms, Ctl, P])]
    end.

%% What no packet looks like: counts and numbers beyond what is there, fragments of nothing, atoms that were never sent.
odd(plain) ->
    [any({<<>>, <<112>>, <<111, 131, 104, 0>>, <<112, 131, 108, 16#ffffffff:32>>, <<112, 131, 105, 16#7fffffff:32, 97, 1>>,
          <<112, 131, 116, 16#ffffffff:32>>, <<112, 131, 109, 16#fffffff0:32, 1>>, <<112, 131, 80, 16#ffffffff:32, 1, 2, 3>>,
          <<112, 131, 111, 16#ffffffff:32, 0, 1>>, <<112, (binary:copy(<<131>>, 50))/binary>>, <<112, 131, (binary:copy(<<104, 1>>, 20000))/binary>>})];
odd(headers) ->
    Ctl = iolist_to_binary(body({6, remote(1), '', victim})),
    S = pick(3),
    N = any({0, 1, 2, 1 bsl 31, 1 bsl 63, (1 bsl 64) - 1}),
    any({[<<131, 68>>], [<<131, 68, 255>>], [<<131, 68, 255, (binary:copy(<<16#ff>>, 128))/binary>>], [<<131, 68, 255, (binary:copy(<<0>>, 400))/binary, Ctl/binary>>],
         [<<131, 68, 2, 16#87, 0, (pick(255)), 4, "atom", (pick(255)), Ctl/binary>>], [<<131, 68, 1, 8, 1, 255, "x">>],
         [<<131, 68, 1, 16#18, 1, 65535:16, "x">>], [<<131, 68, 0, 82, (pick(255))>>], [<<131, 68, 0, 104, 4, 97, 6, 82, 200, 82, 201, 82, 202, 106>>],
         [<<131, 69, S:64, N:64, 0, Ctl/binary>>], [<<131, 69, S:64, N:64, 0, Ctl/binary, 108, 16#ffffffff:32>>, <<131, 70, S:64, (N - 1):64, 106>>],
         [<<131, 70, S:64, N:64, Ctl/binary>>], [<<131, 70, S:64>>], [<<131, 69, S:64, N:64>>],
         [<<131, 69, I:64, 2:64, 0, Ctl/binary>> || I <- lists:seq(100, 100 + pick(200))],
         [<<131, 69, 9:64, 3:64, 0, Ctl/binary>>, <<131, 70, 9:64, 1:64, 106>>, <<131, 70, 9:64, 2:64, 106>>],
         [<<131, 69, 9:64, 2:64, 0, Ctl/binary>>, <<131, 70, 9:64, 1:64, 106>>, <<131, 70, 9:64, 0:64, 106>>],
         [<<131, 69, 9:64, 2:64, 0>>, <<131, 70, 9:64, 1:64, Ctl/binary, 106>>], [<<131, 71, 0>>], [<<130>>], [<<131>>]}).

cut(B, 1) -> [B];
cut(B, N) ->
    At = rand:uniform(byte_size(B) + 1) - 1,
    {X, Y} = split_binary(B, At),
    [X | cut(Y, N - 1)].

big() -> any({lists:seq(1, 500), binary:copy(<<7>>, 5000), binary:copy(<<1>>, 300000), lists:duplicate(50, {a, 1.5, "text"})}).

t(T) -> term_to_binary(T).
body(T) -> <<131, B/binary>> = term_to_binary(T), B.

mutate(0, B) -> B;
mutate(N, B) when byte_size(B) > 0 ->
    At = rand:uniform(byte_size(B)) - 1,
    <<X:At/binary, Byte, Y/binary>> = B,
    New = case pick(6) of
              1 -> [];
              2 -> [Byte, rand:uniform(256) - 1];
              3 -> any({0, 1, 127, 128, 255});
              4 -> Byte bxor (1 bsl (pick(8) - 1));
              _ -> rand:uniform(256) - 1
          end,
    mutate(N - 1, iolist_to_binary([X, New, case pick(20) of 1 -> []; _ -> Y end]));
mutate(_, B) -> B.

remote(N) -> pid_of(peer(), N).
peer() -> case get(peer) of undefined -> ?NODE; P -> P end.
pid_of(Node, N) -> binary_to_term(<<131, 88, (atom(Node))/binary, (1000 + N):32, 0:32, 4:32>>).
ref() -> binary_to_term(<<131, 90, 3:16, (atom(peer()))/binary, 4:32, (pick(5)):32, 2:32, 3:32>>).
atom(A) -> B = atom_to_binary(A), <<119, (byte_size(B)), B/binary>>.

value() ->
    any({0, -1, 1 bsl 64, 1.5, a, '', [], "text", <<>>, <<1, 2, 3>>, {}, {a}, {1, 2, 3}, #{}, #{a => 1}, [a | b], self(), make_ref(),
         fun lists:map/2, remote(2), pid_of('a@local', 7), pid_of('c@other', 1), 1 bsl 31, -(1 bsl 300)}).

any_list(L) -> case pick(2) of 1 -> []; _ -> L end.
pick(N) -> rand:uniform(N).
any(T) -> element(rand:uniform(tuple_size(T)), T).
