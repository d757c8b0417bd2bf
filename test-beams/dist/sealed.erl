%% vm: own
%% otp: 27 29
%% Terms that only this emulator can read (option local): what is in the bytes, and that they stay good when the node gets a name.
-module(sealed).
-export([main/0]).

main() ->
    {_, Alias} = {make_ref(), alias()},
    Remote = binary_to_term(<<131, 88, 119, 3, "a@b", 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1>>),
    All = [{pid, self()}, {reference, make_ref()}, {port, hd(erlang:ports())}, {remote, Remote}, {alias, Alias}, {table, ets:new(t, [])},
           {name, node()}, {parts, [self(), #{k => make_ref()}, {1.5, <<"bytes">>, 1 bsl 70}]}],
    Sealed = [{What, T, term_to_binary(T, [local])} || {What, T} <- All],
    %% The seal and the numbers differ from run to run; this node has no name in it.
    [io:format("~w ~w~n", [What, shown(What, B)]) || {What, _, B} <- Sealed],
    [io:format("~w ~w ~w~n", [What, binary_to_term(B) =:= T, erlang:binary_to_term(B, [used]) =:= {T, byte_size(B)}]) || {What, T, B} <- Sealed],
    ok = tb_nodes:alive(sealed),
    [io:format("~w ~w ~w~n", [What, binary_to_term(B) =:= T, term_to_binary(T, [local]) =:= B]) || {What, T, B} <- Sealed, What =/= name],
    {_, A, B} = lists:keyfind(alias, 1, Sealed),
    binary_to_term(B) ! {A, arrived},
    io:format("~w~n", [receive {A, arrived} -> arrived after 1000 -> lost end]),
    %% Without the seal, with a wrong one, and with more behind.
    {_, _, <<131, 121, Seal:32, Bare/binary>>} = hd(Sealed),
    [io:format("~w~n", [catch binary_to_term(X) =:= self()])
     || X <- [<<131, Bare/binary>>, <<131, 121, (Seal bxor 1):32, Bare/binary>>, <<131, 121, Seal:32, Bare/binary, 106>>, <<131, 121, Seal:32>>, <<131, 121>>],
        _ <- [catch binary_to_term(X)], is_pid(catch binary_to_term(X)) orelse begin io:format("refused "), false end].

shown(pid, <<131, 121, _:32, Tag, Node, _:64, Creation:32>>) -> {Tag, Node, Creation};
shown(port, <<131, 121, _:32, Tag, Node, _:64, Creation:32>>) -> {Tag, Node, Creation};
shown(remote, <<131, 121, _:32, Rest/binary>>) -> Rest;
shown(name, <<131, 121, _:32, Rest/binary>>) -> Rest;
shown(What, <<131, 121, _:32, Tag, N:16, Node, Creation:32, Words/binary>>) when What =:= reference; What =:= table -> {Tag, N, Node, Creation, byte_size(Words)};
shown(alias, <<131, 121, _:32, Tag, _:16, Node, Creation:32, _/binary>>) -> {Tag, Node, Creation};
shown(_, <<131, 121, _:32, Tag, _/binary>>) -> Tag.
