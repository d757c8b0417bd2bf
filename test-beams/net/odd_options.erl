%% Options of sockets with odd values, of both backends; what else is odd about messages and states.
-module(odd_options).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    {ok, S} = socket:open(inet, stream, tcp),
    Values = ["abc", [], [1], [1, 0, 0, 0], ["a", <<"b">>], [300], foo, 1.0, <<>>, true, -1, 1 bsl 31],
    p(native, [{O, V, socket:setopt_native(S, O, V)} || O <- [{1, 9}, {0, 2}, {6, 1}, {1, 100}], V <- Values]),
    p(native_got, [{V, socket:getopt_native(S, {1, 9}, V)} || V <- [0, 1, 4, <<>>, <<1>>, integer, boolean, foo, -1, 1 bsl 31]]),
    p(of_otp, [catch_of(fun() -> socket:setopt(S, otp, O, 1) end) || O <- [fd, domain]]),
    p(names, [socket:ioctl(S, gifname, N) || N <- [1, 999999]]),
    p(states, states(S)),
    p(messages, [messages(D) || D <- [inet, local]]),
    {ok, L} = gen_tcp:listen(0, []),
    p(from_descriptor, from_descriptor()),
    p(header, [set(L, header, V) || V <- [0, 3, 16#ffffffff, -1, 1 bsl 31]]),
    p(high, [set(L, high_msgq_watermark, V) || V <- [0, 1, 16#7fffffff, 1 bsl 31, 16#ffffffff, -1, -2, 8192]]),
    p(low, [set(L, low_msgq_watermark, V) || V <- [0, 1 bsl 31, 4096]]).

catch_of(F) -> try F() catch Class:Reason -> {Class, Reason} end.

set(L, O, V) -> {V, inet:setopts(L, [{O, V}]), inet:getopts(L, [O])}.

states(S) ->
    {ok, L} = socket:open(inet, stream, tcp),
    ok = socket:bind(L, #{family => inet, addr => {127, 0, 0, 1}}),
    {ok, Name} = socket:sockname(L),
    ok = socket:listen(L),
    ok = socket:connect(S, Name),
    All = [maps:with([rstates, wstates], socket:info(X)) || X <- [L, S]],
    ok = socket:close(S),
    [maps:with([rstates, wstates], socket:info(S)) | All].

%% Sockets made of another's descriptor.
from_descriptor() ->
    {ok, S} = socket:open(inet, dgram, udp),
    ok = socket:bind(S, #{family => inet, addr => {127, 0, 0, 1}}),
    {ok, Fd} = socket:getopt(S, otp, fd),
    Kinds = [begin
        {ok, D} = socket:open(Fd, #{dup => Dup}),
        Kind = case maps:get(ctype, socket:info(D)) of {fromfd, Fd} -> duplicated; Other -> Other end,
        _ = [ok = socket:close(D) || Dup],
        Kind
    end || Dup <- [true, false]],
    {ok, U} = gen_udp:open(0, [{inet_backend, socket}, {fd, Fd}, binary, {active, false}]),
    {ok, Port} = inet:port(U),
    ok = gen_udp:send(U, {127, 0, 0, 1}, Port, <<"itself">>),
    {ok, {_, Port, Data}} = gen_udp:recv(U, 0, 2000),
    {Kinds, Data}.

%% Empty ones, and control messages larger than there is room for.
messages(Domain) ->
    {ok, S} = socket:open(Domain, dgram, default),
    {ok, R} = socket:open(Domain, dgram, default),
    Path = "/tmp/odd_options_" ++ os:getpid(),
    ok = socket:bind(R, case Domain of local -> #{family => local, path => Path}; inet -> #{family => inet, addr => {127, 0, 0, 1}} end),
    {ok, Name} = socket:sockname(R),
    Empty = [begin
        ok = socket:sendto(S, <<>>, Name),
        {ok, M} = socket:recvmsg(R, N, 0, [], 2000),
        maps:with([iov, flags], M)
    end || N <- [0, 1, 5]],
    Control = [#{level => ip, type => tos, data => <<4:32/native>>}],
    Told = [begin
        ok = socket:setopt(S, otp, sndctrlbuf, Room),
        element(1, {socket:sendmsg(S, #{addr => Name, iov => [<<"x">>], ctrl => C}, [], 1000)})
    end || {Room, C} <- [{1, Control}, {23, Control}, {24, Control}, {24, Control ++ Control}, {default, Control ++ Control}, {1, []}]],
    _ = [socket:close(X) || X <- [S, R]],
    _ = file:delete(Path),
    {Empty, Told}.
