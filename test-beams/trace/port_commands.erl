%% Traced output to ports: a vector where the driver takes one, one binary otherwise; and new owners.
-module(port_commands).
-export([main/0]).
-import(tb, [p/2]).

-define(LO, {127, 0, 0, 1}).

main() ->
    Long = binary:copy(<<"l">>, 100),
    Very = binary:copy(<<"v">>, 2000),
    Sent = ["abc", ["a", Long, "b"], Long, ["a", <<>>, "b"], [Very, $x, Long, Very], Very, [[$a, <<"b">>], [Long | <<"c">>]], []],
    Cat = open_port({spawn, "cat"}, []),
    p(spawn, commands(Cat, fun() -> [port_command(Cat, D) || D <- Sent] end)),
    p(spawn_by_message, commands(Cat, fun() -> [Cat ! {self(), {command, D}} || D <- Sent] end)),
    p(owners, owners(Cat)),
    port_close(Cat),
    {ok, L} = gen_tcp:listen(0, [{ip, ?LO}]),
    {ok, No} = inet:port(L),
    {ok, S} = gen_tcp:connect(?LO, No, [{packet, 2}]),
    p(tcp, [unmarked(V) || V <- raw_commands(S, fun() -> [ok = gen_tcp:send(S, D) || D <- Sent] end)]),
    [gen_tcp:close(X) || X <- [S, L]].

commands(Port, Fun) -> [short(D) || D <- raw_commands(Port, Fun)].

raw_commands(Port, Fun) -> [D || {trace, _, 'receive', {_, {command, D}}} <- traced(Port, ['receive'], Fun)].

%% Later releases put a reference before what they send, which the driver gives back.
unmarked(D) ->
    case erlang:system_info(otp_release) of
        "25" -> short(D);
        _ ->
            [<<Size:16, Ref:Size/binary, First/binary>> | Rest] = D,
            true = is_reference(binary_to_term(Ref)),
            short([First | Rest])
    end.

short(D) when is_binary(D) -> {byte_size(D), erlang:crc32(D)};
short(D) when is_list(D) -> [short(B) || B <- D].

owners(Port) ->
    Me = self(),
    Other = spawn_link(fun() ->
                               receive go -> ok end,
                               Port ! {self(), {connect, Me}},
                               receive {Port, connected} -> unlink(Port) end,
                               Me ! done
                       end),
    Traces = traced(Port, [send, 'receive'], fun() ->
                                                     port_connect(Port, Other),
                                                     Other ! go,
                                                     receive done -> ok end
                                             end),
    Who = fun(P) when P =:= Port -> port; (P) when P =:= Me -> me; (P) when P =:= Other -> other; (X) -> X end,
    Name = fun Name(T) when is_tuple(T) -> list_to_tuple([Name(E) || E <- tuple_to_list(T)]); Name(T) -> Who(T) end,
    [Name(T) || T <- Traces].

traced(Port, Flags, Fun) ->
    Me = self(),
    Tracer = spawn_link(fun() -> receive stop -> Me ! {self(), tb:flush()} end end),
    1 = erlang:trace(Port, true, [{tracer, Tracer} | Flags]),
    Fun(),
    %% What was asked by messages is done by now.
    {_, _} = erlang:port_info(Port, connected),
    1 = erlang:trace(Port, false, [all]),
    Ref = erlang:trace_delivered(all),
    receive {trace_delivered, all, Ref} -> ok end,
    Tracer ! stop,
    receive {Tracer, Traces} -> Traces end.
