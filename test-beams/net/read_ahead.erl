%% otp: 27 29
%% Option read_ahead: without it nothing after a packet is taken from the socket, as a second descriptor of it shows.
-module(read_ahead).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    [p({element(1, T), Ahead, Active}, cut(T, Ahead, Active)) || T <- types(), Ahead <- [true, false], Active <- [false, once]],
    p(options, options()),
    p(raw, begin {A, B} = pair(0, false), gen_tcp:send(A, "abc"), gen_tcp:recv(B, 0) end),
    p(slow, begin {A2, B2} = pair(4, false), [begin gen_tcp:send(A2, [C]), timer:sleep(2) end || <<C>> <= <<0, 0, 0, 3, "xyz">>],
                  {gen_tcp:recv(B2, 0), left(B2)} end),
    p(large, begin {A3, B3} = pair(4, false), D = binary:copy(<<"d">>, 1000000),
                   spawn_link(fun() -> gen_tcp:send(A3, [<<1000000:32>>, D, <<3:32>>, "end"]), receive stop -> ok end end),
                   {ok, D} = gen_tcp:recv(B3, 0), gen_tcp:recv(B3, 0) end).

types() ->
    [{1, <<3, "abc">>}, {2, <<3:16, "abc">>}, {4, <<3:32, "abc">>}, {line, <<"abc\n">>}, {asn1, <<48, 3, "abc">>}, {sunrm, <<(1 bsl 31 + 3):32, "abc">>},
     {cdr, <<"GIOP", 1, 0, 0, 0, 3:32, "abc">>}, {fcgi, <<1, 6, 0, 0, 3:16, 0, 0, "abc">>}, {tpkt, <<3, 0, 7:16, "abc">>},
     {http, <<"GET / HTTP/1.1\r\n">>}].

pair(Type, Ahead) ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {packet, Type}, {read_ahead, Ahead}]),
    {ok, Port} = inet:port(L),
    {ok, A} = gen_tcp:connect("localhost", Port, [binary, {active, false}, {packet, raw}]),
    {ok, B} = gen_tcp:accept(L),
    gen_tcp:close(L),
    {ok, [{packet, Type}, {read_ahead, Ahead}]} = inet:getopts(B, [packet, read_ahead]),
    gen_tcp:controlling_process(A, self()),
    {A, B}.

cut({Type, Packet}, Ahead, Active) ->
    {A, B} = pair(Type, Ahead),
    {ok, [{recbuf, _}]} = inet:getopts(B, [recbuf]),
    gen_tcp:send(A, [Packet, Packet, "more"]),
    Got = case Active of
        false -> gen_tcp:recv(B, 0);
        once -> inet:setopts(B, [{active, once}]), receive M -> setelement(2, M, port) end
    end,
    R = {Got, left(B)},
    inet:setopts(B, [{packet, raw}]),
    Rest = gen_tcp:recv(B, 0),
    [gen_tcp:close(S) || S <- [A, B]],
    {R, Rest}.

%% What the system still has.
left(B) ->
    {ok, Fd} = prim_inet:getfd(B),
    {ok, S} = socket:open(Fd, #{dup => true}),
    R = case socket:recv(S, 0, [peek], 0) of
        {ok, D} -> D;
        {error, _} -> none
    end,
    socket:close(S),
    R.

options() ->
    {ok, L} = gen_tcp:listen(0, []),
    {ok, U} = gen_udp:open(0),
    [inet:getopts(L, [read_ahead]), inet:setopts(L, [{read_ahead, false}]), inet:getopts(L, [read_ahead]),
     inet:setopts(L, [{read_ahead, true}]), inet:getopts(L, [read_ahead]), inet:setopts(U, [{read_ahead, false}]), inet:getopts(U, [read_ahead])].
