%% vm: own
%% timeout: 60
%% Handshakes that are not as they should be, from either side: what is answered, and that this connection alone ends.
-module(handshakes).
-export([main/0]).

-define(COOKIE, tb_cookie).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(live),
    Other = tb_nodes:start(own, "bystander"),
    monitor_node(Other, true),
    [_, Host] = string:lexemes(atom_to_list(node()), "@"),
    {port, Port, _} = erl_epmd:port_please("live", Host),
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {packet, 2}, {ip, {127, 0, 0, 1}}]),
    %% A name for each: the end of the last may not be known everywhere yet.
    [io:format("connects ~w: ~0p~n", [Name, connects(Port, Steps(list_to_binary(lists:concat(["peer_", Name, "@", Host]))))]) || {Name, Steps} <- connecting()],
    [begin
         Fake = lists:concat(["fake_", Name]),
         {ok, E} = known(Fake, L),
         Full = Fake ++ "@" ++ Host,
         io:format("is connected ~w: ~0p~n", [Name, connected(L, list_to_atom(Full), Steps(list_to_binary(Full)))]),
         gen_tcp:close(E)
     end || {Name, Steps} <- accepting()],
    io:format("other: ~w ~w~n", [receive {nodedown, Other} -> down after 0 -> up end, nodes() =:= [Other] andalso rpc:call(Other, erlang, node, []) =:= Other]),
    tb_nodes:stop(Other).

%% Of hidden nodes, with which nobody begins anything of himself.
flags() -> element(2, erts_internal:get_dflags()) band bnot 1.

name(Name) -> name(Name, flags()).
name(Name, Flags) -> <<$N, Flags:64, 7:32, (byte_size(Name)):16, Name/binary>>.

challenge(Name) -> challenge(Name, flags()).
challenge(Name, Flags) -> <<$N, Flags:64, 4711:32, 7:32, (byte_size(Name)):16, Name/binary>>.

digest(Challenge) -> erlang:md5([atom_to_list(?COOKIE), integer_to_list(Challenge)]).

reply(<<$N, _:64, Challenge:32, _/binary>>) -> <<$r, 4711:32, (digest(Challenge))/binary>>.
ack(<<$r, Challenge:32, _/binary>>) -> <<$a, (digest(Challenge))/binary>>.

%% Whole messages, or what makes one of the last that was heard; `hear` waits for one.
connecting() ->
    Good = fun(N) -> [name(N), hear, hear, fun reply/1, hear] end,
    [{well, Good},
     {with_more_behind, fun(N) -> [<<(name(N))/binary, 1, 2, 3>>, hear, hear, fun reply/1, hear] end},
     {empty, fun(_) -> [<<>>] end},
     {wrong_tag, fun(_) -> [<<"xyz">>] end},
     {tag_alone, fun(_) -> [<<"N">>] end},
     {old, fun(N) -> [<<$n, 5:16, (flags() band 16#ffffffff):32, N/binary>>] end},
     {cut_off, fun(N) -> [binary:part(name(N), 0, 10)] end},
     {long_name, fun(N) -> [<<$N, (flags()):64, 7:32, 60000:16, N/binary>>] end},
     {large, fun(N) -> [<<(name(N))/binary, 0:(60000 * 8)>>, hear] end},
     {no_name, fun(_) -> [name(<<>>)] end},
     {no_host, fun(_) -> [name(<<"peer">>)] end},
     {two_hosts, fun(N) -> [name(<<N/binary, "@x">>)] end},
     {no_text, fun(_) -> [name(<<255, 254, "@", 0>>)] end},
     {no_flags, fun(N) -> [name(N, 0), hear] end},
     {all_flags, fun(N) -> [name(N, (1 bsl 64) - 1), hear] end},
     {own_name, fun(_) -> [name(atom_to_binary(node())), hear] end},
     {wrong_digest, fun(N) -> [name(N), hear, hear, <<$r, 4711:32, 0:128>>, hear] end},
     {short_digest, fun(N) -> [name(N), hear, hear, <<$r, 4711:32, 0:120>>, hear] end},
     {long_digest, fun(N) -> [name(N), hear, hear, fun(M) -> <<(reply(M))/binary, 0>> end, hear] end},
     {wrong_reply, fun(N) -> [name(N), hear, hear, <<"sok">>, hear] end},
     {empty_reply, fun(N) -> [name(N), hear, hear, <<>>, hear] end},
     {name_again, fun(N) -> [name(N), hear, hear, name(N), hear] end},
     {reply_alone, fun(_) -> [<<$r, 4711:32, (digest(1))/binary>>] end},
     {well_again, Good}].

accepting() ->
    Good = fun(N) -> [hear, <<"sok">>, challenge(N), hear, fun ack/1] end,
    [{well, Good},
     {simultaneous, fun(N) -> [hear, <<"sok_simultaneous">>, challenge(N), hear, fun ack/1] end},
     {what, fun(_) -> [hear, <<"swhat">>] end},
     {nothing_after_tag, fun(_) -> [hear, <<"s">>] end},
     {empty, fun(_) -> [hear, <<>>] end},
     {named, fun(_) -> [hear, <<"snamed:", 3:16, "a@b", 5:32>>] end},
     {named_cut_off, fun(_) -> [hear, <<"snamed:", 300:16, "a@b">>] end},
     {no_status, fun(N) -> [hear, challenge(N)] end},
     {other_name, fun(_) -> [hear, <<"sok">>, challenge(<<"other@host">>)] end},
     {no_flags, fun(N) -> [hear, <<"sok">>, challenge(N, 0), hear] end},
     {cut_off, fun(N) -> [hear, <<"sok">>, binary:part(challenge(N), 0, 9)] end},
     {long_name, fun(N) -> [hear, <<"sok">>, <<$N, (flags()):64, 4711:32, 7:32, 60000:16, N/binary>>] end},
     {wrong_ack, fun(N) -> [hear, <<"sok">>, challenge(N), hear, <<$a, 0:128>>] end},
     {short_ack, fun(N) -> [hear, <<"sok">>, challenge(N), hear, <<$a, 0:8>>] end},
     {empty_ack, fun(N) -> [hear, <<"sok">>, challenge(N), hear, <<>>] end},
     {well_again, Good}].

%% What was heard and how it ended.
connects(Port, Steps) ->
    {ok, S} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}, {packet, 2}]),
    {Last, Heard} = steps(S, Steps, <<>>, []),
    End = end_of(S, Last),
    Up = [N || N <- nodes(connected), lists:prefix("peer_", atom_to_list(N))] =/= [],
    gen_tcp:close(S),
    gone(),
    {lists:reverse(Heard), End, Up}.

connected(L, Node, Steps) ->
    Me = self(),
    P = spawn_link(fun() -> Me ! {self(), net_kernel:connect_node(Node)} end),
    {ok, S} = gen_tcp:accept(L, 5000),
    {_, Heard} = steps(S, Steps, <<>>, []),
    Did = receive {P, D} -> D after 5000 -> none end,
    gen_tcp:close(S),
    gone(),
    {lists:reverse(Heard), Did}.

steps(_, [], Last, Heard) -> {Last, Heard};
steps(S, [hear | Steps], _, Heard) ->
    case gen_tcp:recv(S, 0, 5000) of
        {ok, M} -> steps(S, Steps, M, [what(M) | Heard]);
        {error, E} -> {none, [E | Heard]}
    end;
steps(S, [F | Steps], Last, Heard) when is_function(F) -> steps(S, [F(Last) | Steps], Last, Heard);
steps(S, [M | Steps], Last, Heard) ->
    _ = gen_tcp:send(S, M),
    steps(S, Steps, Last, Heard).

what(<<"s", Status/binary>>) -> {status, Status};
what(<<"N", _/binary>>) -> name;
what(<<"r", _:20/binary>>) -> reply;
what(<<"a", D/binary>>) -> case D =:= digest(4711) of true -> ack; false -> wrong_ack end;
what(M) -> M.

end_of(_, none) -> ended;
end_of(S, <<$a, _/binary>>) ->
    inet:setopts(S, [{packet, 4}]),
    %% It has begun: nothing but its own packets comes.
    case gen_tcp:recv(S, 0, 200) of {error, closed} -> closed; _ -> open end;
end_of(S, _) ->
    case gen_tcp:recv(S, 0, 5000) of {error, closed} -> closed; {error, E} -> E; {ok, M} -> what(M) end.

gone() -> true = tb_nodes:until(fun() -> [N || N <- nodes(connected), not lists:prefix("bystander@", atom_to_list(N))] =:= [] end).

%% Makes a name known for as long as the connection lasts.
known(Name, L) ->
    {ok, Port} = inet:port(L),
    {ok, E} = gen_tcp:connect("localhost", list_to_integer(os:getenv("ERL_EPMD_PORT")), [binary, {active, false}]),
    R = <<120, Port:16, 77, 0, 6:16, 5:16, (length(Name)):16, (list_to_binary(Name))/binary, 0:16>>,
    ok = gen_tcp:send(E, <<(byte_size(R)):16, R/binary>>),
    {ok, <<118, 0, _:32>>} = gen_tcp:recv(E, 0, 5000),
    {ok, E}.
