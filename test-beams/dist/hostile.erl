%% vm: own
%% timeout: 60
%% What a malformed packet does: it ends the connection that it came through, and nothing else.
-module(hostile).
-export([main/0]).
-define(NODE, 'b@remote').
-define(ATOM_CACHE, 16#2000).
-define(FRAGMENTS, 16#800000).

main() ->
    logger:set_primary_config(level, none),
    Me = self(),
    Kernel = spawn_link(fun() -> forward(Me) end),
    register(net_kernel, Kernel),
    true = erlang:setnode('a@local', 77),
    process_flag({monitor_nodes, #{node_type => all, nodedown_reason => true}}, true),
    register(main, Me),
    [p(What, packets(How, Packets)) || {What, How, Packets} <- cases()],
    random(),
    p(alive, [node(), nodes()]).

forward(To) -> receive {nodeup, _} -> ok; M -> To ! M end, forward(To).

reg(Name) -> {6, remote(1), '', Name}.

cases() ->
    Good = [112, t(reg(main)), t(hello)],
    H = fun(B) -> [131, 68, B] end,
    Ctl = body(reg(main)),
    First = fun(S, N, B) -> [131, 69, <<S:64, N:64>>, 0, B] end,
    Next = fun(S, N, B) -> [131, 70, <<S:64, N:64>>, B] end,
    [{good, plain, [Good]},
     {tick, plain, [[], Good]},
     {no_version, plain, [[112, 1, 2, 3]]},
     {bad_tag, plain, [[112, 131, 255, 0, 0]]},
     {cut_off, plain, [[112, binary:part(t(reg(main)), 0, 12)]]},
     {no_tuple, plain, [[112, t(foo)]]},
     {empty_tuple, plain, [[112, t({})]]},
     {no_operation, plain, [[112, t({foo, bar})]]},
     {unknown_operation, plain, [[112, t({999, 1, 2})]]},
     {wrong_arity, plain, [[112, t({1, remote(1)})]]},
     {own_pid_links, plain, [[112, t({1, self(), self()})]]},
     {link_from_third, plain, [[112, t({1, pid_of('c@other', 1), self()})]]},
     {link_to_third, plain, [[112, t({1, remote(1), pid_of('c@other', 1)})]]},
     {no_reference, plain, [[112, t({19, remote(1), self(), foo})]]},
     {unlink_zero, plain, [[112, t({35, 0, remote(1), self()})]]},
     {spawn_improper, plain, [[112, t({29, ref(), remote(1), self(), {m, f}, []}), t([])]]},
     {spawn_options, plain, [[112, t({29, ref(), remote(1), self(), {m, f, 0}, [a | b]}), t([])]]},
     {spawn_number, plain, [[112, t({29, ref(), remote(1), self(), {m, f, x}, []}), t([])]]},
     {bad_payload, plain, [[112, t(reg(main)), 131, 104, 200]]},
     {good, headers, [H([0, Ctl, body(hello)])]},
     {no_header, headers, [Good]},
     {other_header, headers, [[131, 99, 0, Ctl]]},
     {cut_off, headers, [[131, 68]]},
     {unset_atom, headers, [H([1, 0, 5, Ctl, body(hello)])]},
     {new_atom, headers, [H([1, 8, 5, 4, "main", body2(), 82, 0, body(cached)]), H([1, 0, 5, body2(), 82, 0, body(again)])]},
     {atom_cut_off, headers, [H([1, 8, 5, 200, "main"])]},
     {bad_utf8, headers, [H([1, 8, 5, 2, 255, 255, Ctl, body(hello)])]},
     {atom_number, headers, [H([0, body2(), 82, 0, body(hello)])]},
     {fragments, headers, [First(1, 2, [Ctl, binary:part(body(fragmented), 0, 4)]), Next(1, 1, rest(body(fragmented), 4))]},
     {mixed, headers, [First(1, 2, [Ctl, binary:part(body(one), 0, 4)]), First(2, 2, [Ctl, binary:part(body(two), 0, 3)]),
                       Next(2, 1, rest(body(two), 3)), Next(1, 1, rest(body(one), 4))]},
     {no_first, headers, [Next(7, 1, [Ctl, body(hello)])]},
     {wrong_order, headers, [First(1, 3, [Ctl]), Next(1, 1, body(hello))]},
     {same_sequence, headers, [First(1, 3, [Ctl]), First(1, 3, [Ctl])]},
     {bad_payload, headers, [H([0, Ctl, 104, 200])]}].

%% Connects, sends in the packets, tells what arrived and what became of the connection.
packets(How, Packets) ->
    {C, DH} = connect(How),
    [catch put_data(C, DH, P) || P <- Packets],
    Got = got([]),
    Still = is_process_alive(C),
    exit(C, {shutdown, finished}),
    Why = receive {nodedown, ?NODE, #{nodedown_reason := W}} -> W after 5000 -> none end,
    {Got, Still, Why}.

got(Acc) ->
    receive
        {nodeup, _, _} -> got(Acc);
        {dist_ctrlr, _, _, _} -> got(Acc);
        {auto_connect, _, _} -> got(Acc);
        {nodedown, _, _} = D -> self() ! D, lists:reverse(Acc);
        M -> got([M | Acc])
    after 100 -> lists:reverse(Acc)
    end.

connect(How) ->
    Me = self(),
    C = spawn(fun() -> carrier(Me, How) end),
    receive {up, C, DH} -> {C, DH} end.

carrier(Parent, How) ->
    _ = erts_internal:new_connection(?NODE),
    {_, Default, _, _, _, _} = erts_internal:get_dflags(),
    Flags = case How of
                plain -> Default band bnot (?ATOM_CACHE bor ?FRAGMENTS);
                headers -> Default
            end,
    DH = erlang:setnode(?NODE, self(), {Flags, 4}),
    erlang:dist_ctrl_input_handler(DH, self()),
    Parent ! {up, self(), DH},
    carry(DH).

carry(DH) ->
    receive
        {put, From, Data} -> erlang:dist_ctrl_put_data(DH, Data), From ! done, carry(DH)
    end.

put_data(C, _DH, Data) ->
    M = monitor(process, C),
    C ! {put, self(), iolist_to_binary(Data)},
    receive
        done -> demonitor(M, [flush]);
        {'DOWN', M, _, _, _} -> ok
    end.

%% Good packets with bytes changed: whatever happens, this node goes on.
random() ->
    rand:seed(exsss, {1, 2, 3}),
    %% A pid that changes do not make that of a process which is there.
    Pid = list_to_pid("<0.32091.7>"),
    Ctls = [{C, How} || How <- [plain, headers],
                        C <- [{1, remote(1), Pid}, {22, remote(1), Pid}, {6, remote(1), '', nobody}, {24, remote(1), Pid}, {35, 7, remote(1), Pid},
                              {36, 7, remote(1), Pid}, {7, remote(1), Pid}, {8, remote(1), Pid, foo}, {19, remote(1), Pid, ref()},
                              {20, remote(1), Pid, ref()}, {28, remote(1), Pid, ref()}, {33, remote(1), alias()}, {31, make_ref(), Pid, 3, remote(2)}]],
    [random(C, How, 40) || {C, How} <- Ctls],
    p(random, survived).

random(_, _, 0) -> ok;
random(Ctl, How, N) ->
    {C, DH} = connect(How),
    Packet = case How of
                 plain -> iolist_to_binary([112, t(Ctl), t([payload, <<"data">>, 1.5, #{a => {b}}])]);
                 headers -> iolist_to_binary([131, 68, 1, 8, 3, 4, "atom", body(Ctl), body([payload, <<"data">>])])
             end,
    Left = random_packets(C, DH, Packet, N),
    exit(C, kill),
    receive {nodedown, ?NODE, _} -> ok after 5000 -> exit(no_nodedown) end,
    flush(),
    random(Ctl, How, Left).

%% As many as one connection bears.
random_packets(_, _, _, 0) -> 0;
random_packets(C, DH, Packet, N) ->
    put_data(C, DH, change(Packet, rand:uniform(4))),
    case is_process_alive(C) of
        true -> random_packets(C, DH, Packet, N - 1);
        false -> N - 1
    end.

change(B, 0) -> B;
change(B, N) ->
    At = rand:uniform(byte_size(B) - 1),
    <<H:At/binary, X, T/binary>> = B,
    New = case rand:uniform(4) of
              1 -> <<H/binary, (X bxor (1 bsl (rand:uniform(8) - 1))), T/binary>>;
              2 -> <<H/binary, (rand:uniform(256) - 1), T/binary>>;
              3 -> <<H/binary, T/binary, 0>>;
              4 -> <<H/binary, X, T/binary>>
          end,
    change(New, N - 1).

flush() -> receive {nodeup, _, _} -> flush(); {dist_ctrlr, _, _, _} -> flush(); {auto_connect, _, _} -> flush() after 0 -> ok end.

t(T) -> term_to_binary(T).
body(T) -> rest(term_to_binary(T), 1).
rest(B, N) -> binary:part(B, N, byte_size(B) - N).
%% A named send up to the name.
body2() -> {Head, _} = split_binary(body(reg(x)), byte_size(body(reg(x))) - byte_size(body(x))), Head.
remote(N) -> pid_of(?NODE, N).
pid_of(Node, N) ->
    A = atom_to_binary(Node),
    binary_to_term(<<131, 88, 119, (byte_size(A)), A/binary, N:32, 0:32, 4:32>>).
ref() -> binary_to_term(<<131, 90, 0, 3, 119, 8, "b@remote", 4:32, 5:32, 6:32, 7:32>>).

p(What, T) -> io:format("~w ~p~n", [What, T]), T.
