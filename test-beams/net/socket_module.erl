%% timeout: 40
-module(socket_module).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

-define(LO, #{family => inet, addr => loopback, port => 0}).

main() ->
    p(stream, stream()),
    p(nowait, nowait()),
    p(dgram, dgram()),
    p(local, local()),
    p(control, control()),
    p(options, options()),
    p(errors, errors()),
    p(invalid, invalid()),
    p(closing, closing()),
    p(big, big()),
    p(queue, queue()),
    p(owner, owner()),
    p(sendfile, sendfile()),
    p(info, info()),
    p(names, names()),
    p(backend, backend()),
    p(registry, registry()),
    p(tables, tables()).

pair() ->
    {ok, L} = socket:open(inet, stream, tcp),
    ok = socket:bind(L, ?LO),
    ok = socket:listen(L),
    {ok, Addr} = socket:sockname(L),
    {ok, C} = socket:open(inet, stream, tcp),
    ok = socket:connect(C, Addr),
    {ok, A} = socket:accept(L),
    ok = socket:close(L),
    {C, A}.

stream() ->
    {C, A} = pair(),
    R = [socket:send(C, "hello"), socket:recv(A, 5), socket:send(A, [<<"a">>, "b"]), socket:recv(C),
         socket:recv(C, 0, 10), socket:recv(C, 3, nowait) =/= x],
    [socket:close(S) || S <- [C, A]],
    R.

nowait() ->
    {C, A} = pair(),
    {select, {select_info, Tag, Ref}} = socket:recv(A, 0, nowait),
    ok = socket:send(C, <<"x">>),
    R1 = receive {'$socket', A, select, Ref} -> selected after 2000 -> none end,
    R2 = socket:recv(A, 0, nowait),
    {select, SI} = socket:recv(A, 4, nowait),
    R3 = socket:cancel(A, SI),
    {select, {select_info, _, Ref4}} = socket:recv(A, 4, nowait),
    ok = socket:send(C, <<"ab">>),
    receive {'$socket', A, select, Ref4} -> ok after 2000 -> none end,
    R5 = case socket:recv(A, 4, nowait) of {select, {{select_info, _, _}, D}} -> {part, D}; {select, {select_info, _, _}, D} -> {part, D}; {select, {select_info, _, _}} -> {part, <<"ab">>}; O -> O end,
    [socket:close(S) || S <- [C, A]],
    {Tag, R1, R2, R3, R5}.

dgram() ->
    {ok, U} = socket:open(inet, dgram, udp),
    {ok, V} = socket:open(inet, dgram, udp),
    [ok = socket:bind(S, ?LO) || S <- [U, V]],
    {ok, To} = socket:sockname(V),
    {ok, From} = socket:sockname(U),
    ok = socket:sendto(U, <<"dgram">>, To),
    {ok, {F, D}} = socket:recvfrom(V),
    ok = socket:sendmsg(U, #{addr => To, iov => [<<"a">>, <<"bc">>]}),
    {ok, M} = socket:recvmsg(V),
    R = [F =:= From, D, maps:get(iov, M), maps:get(addr, M) =:= From, maps:get(flags, M), maps:get(ctrl, M),
         socket:sendto(U, <<"toolong">>, To), socket:recvmsg(V, 3, 0) =:= {ok, #{addr => From, iov => [<<"too">>], flags => [trunc], ctrl => []}},
         socket:recvfrom(V, 0, 10)],
    [socket:close(S) || S <- [U, V]],
    R.

local() ->
    Path = "socket_module.sock",
    file:delete(Path),
    {ok, L} = socket:open(local, stream, default),
    ok = socket:bind(L, #{family => local, path => Path}),
    ok = socket:listen(L),
    {ok, C} = socket:open(local, stream, default),
    ok = socket:connect(C, #{family => local, path => Path}),
    {ok, A} = socket:accept(L),
    R = [socket:send(C, "unix"), socket:recv(A), socket:sockname(L), socket:peername(C), socket:sockname(C)],
    [socket:close(S) || S <- [L, C, A]],
    file:delete(Path),
    R.

control() ->
    {ok, U} = socket:open(inet, dgram, udp),
    {ok, V} = socket:open(inet, dgram, udp),
    [ok = socket:bind(S, ?LO) || S <- [U, V]],
    {ok, To} = socket:sockname(V),
    ok = socket:setopt(V, {ip, recvtos}, true),
    ok = socket:setopt(V, {ip, recvttl}, true),
    ok = socket:sendmsg(U, #{addr => To, iov => [<<"x">>], ctrl => [#{level => ip, type => tos, value => lowdelay}, #{level => ip, type => ttl, value => 9}]}),
    {ok, #{ctrl := Ctrl}} = socket:recvmsg(V),
    R = [maps:without([data], C) || C <- lists:sort(Ctrl)],
    [socket:close(S) || S <- [U, V]],
    R.

options() ->
    {ok, S} = socket:open(inet, stream, tcp),
    R = [{O, socket:getopt(S, O)} || O <- [{otp, debug}, {otp, iow}, {otp, rcvbuf}, {otp, rcvctrlbuf}, {otp, sndctrlbuf}, {otp, meta}, {otp, domain},
            {socket, linger}, {socket, type}, {socket, domain}, {socket, protocol}, {socket, keepalive}, {socket, reuseaddr}, {socket, priority},
            {socket, bindtodevice}, {ip, tos}, {ip, mtu_discover}, {ip, multicast_if}, {ip, ttl}, {tcp, cork}, {tcp, nodelay}, {socket, rcvtimeo}, {ip, mtu}]],
    W = [{O, V, socket:setopt(S, O, V), socket:getopt(S, O)} || {O, V} <- [{{otp, rcvbuf}, 100}, {{otp, rcvbuf}, {3, 50}}, {{otp, rcvbuf}, default}, {{otp, meta}, {a, "b"}},
            {{socket, linger}, #{onoff => true, linger => 3}}, {{socket, keepalive}, true}, {{ip, tos}, throughput}, {{tcp, nodelay}, true}, {{ip, ttl}, 7},
            {{ip, mtu_discover}, dont}, {{socket, keepalive}, 17}, {{socket, type}, stream}, {{otp, rcvbuf}, 0}, {{tcp, nodelay}, x}]],
    N = [socket:getopt_native(S, {socket, keepalive}, X) || X <- [integer, boolean, 4, <<0:32>>]],
    M = [socket:setopt_native(S, {socket, keepalive}, X) || X <- [0, false, <<1:32/native>>]],
    B = [catch socket:getopt(S, {foo, bar}), catch socket:setopt(S, {socket, foo}, 1)],
    socket:close(S),
    {R, W, N, M, B}.

errors() ->
    {ok, S} = socket:open(inet, stream, tcp),
    {ok, L} = socket:open(inet, stream, tcp),
    ok = socket:bind(L, ?LO),
    {ok, Addr} = socket:sockname(L),
    R = [socket:listen(S, 1), socket:peername(S), socket:connect(L, Addr) =/= x, socket:recv(S, 0, 0), socket:send(S, "x"),
         socket:shutdown(S, read), socket:bind(S, Addr)],
    socket:close(L),
    {ok, S2} = socket:open(inet, stream, tcp),
    R2 = [socket:connect(S2, Addr)],
    [socket:close(X) || X <- [S, S2]],
    {R, R2, socket:send(S, "x"), socket:recv(S), socket:close(S), socket:getopt(S, {socket, type})}.

invalid() ->
    [t(open_domain, fun() -> socket:open(id(foo), stream) end),
     t(open_type, fun() -> socket:open(inet, id(foo)) end),
     t(open_protocol, fun() -> socket:open(inet, stream, id(no_such_protocol)) end),
     begin
         {ok, S} = socket:open(inet, stream),
         R = [catch socket:bind(S, id(#{family => inet, port => -1})), catch socket:bind(S, id(#{family => local})), catch socket:bind(S, id(#{family => inet, foo => 1})),
              catch socket:send(S, <<"x">>, [id(no_flag)]), element(1, element(2, (catch socket:shutdown(S, id(foo))))), socket:listen(S, 1 bsl 40)],
         socket:close(S),
         R
     end].

closing() ->
    {C, A} = pair(),
    Me = self(),
    P = spawn_link(fun() -> Me ! {ready, self()}, Me ! {recv, socket:recv(A)} end),
    receive {ready, P} -> ok end,
    timer:sleep(50),
    R1 = socket:close(A),
    R2 = receive {recv, X} -> X after 2000 -> none end,
    R3 = socket:recv(C),
    socket:close(C),
    {R1, R2, R3, socket:close(C)}.

big() ->
    {C, A} = pair(),
    Data = binary:copy(<<"0123456789abcdef">>, 200000),
    spawn_link(fun() -> ok = socket:send(C, Data), ok = socket:shutdown(C, write), receive stop -> ok end end),
    {ok, D} = socket:recv(A, byte_size(Data)),
    R = {D =:= Data, socket:recv(A)},
    socket:close(A),
    R.

queue() ->
    {C, A} = pair(),
    Me = self(),
    [begin spawn_link(fun() -> Me ! {N, socket:recv(A, 2)} end), timer:sleep(30) end || N <- [1, 2, 3]],
    ok = socket:send(C, <<"aabbcc">>),
    R = [receive {N, X} -> X after 2000 -> none end || N <- [1, 2, 3]],
    [socket:close(S) || S <- [C, A]],
    R.

owner() ->
    {C, A} = pair(),
    P = spawn(fun() -> receive stop -> ok end end),
    R1 = [socket:setopt(C, {otp, controlling_process}, P), socket:setopt(C, {otp, controlling_process}, self())],
    M = monitor(process, P),
    P ! stop,
    receive {'DOWN', M, _, _, _} -> ok end,
    {R1, socket:recv(A, 0, 2000), socket:close(A)}.

sendfile() ->
    {C, A} = pair(),
    ok = file:write_file("socket_module.txt", lists:duplicate(1000, "0123456789")),
    {ok, F} = file:open("socket_module.txt", [read, raw]),
    R = [socket:sendfile(C, F, 5, 20), socket:recv(A, 20), socket:sendfile(C, F)],
    {ok, D} = socket:recv(A, 10000),
    file:close(F),
    [socket:close(S) || S <- [C, A]],
    {R, byte_size(D)}.

info() ->
    {C, A} = pair(),
    ok = socket:send(C, <<"12345">>),
    {ok, _} = socket:recv(A, 5),
    #{counters := Cnt} = I = socket:info(A),
    R = {maps:with([read_byte, read_pkg, read_tries, read_fails], Cnt), maps:without([counters, owner], I), maps:get(owner, I) =:= self()},
    [socket:close(S) || S <- [C, A]],
    R.

names() ->
    [element(1, net:gethostname()), net:getnameinfo(#{family => inet, addr => {127, 0, 0, 1}, port => 80}, [numerichost, numericserv]),
     begin {ok, L} = net:getaddrinfo("127.0.0.1"), lists:usort([maps:get(addr, X) || X <- L]) end, net:if_name2index("lo"), net:if_index2name(1),
     net:if_name2index("nonono"), net:getaddrinfo("no such host")].

backend() ->
    {ok, L} = gen_tcp:listen(0, [{inet_backend, socket}, {ip, {127, 0, 0, 1}}, binary, {packet, 2}, {active, false}]),
    {ok, Port} = inet:port(L),
    {ok, C} = gen_tcp:connect({127, 0, 0, 1}, Port, [{inet_backend, socket}, binary, {packet, 2}, {active, true}]),
    {ok, A} = gen_tcp:accept(L),
    ok = gen_tcp:send(C, "ping"),
    R1 = gen_tcp:recv(A, 0),
    ok = gen_tcp:send(A, "pong"),
    R2 = receive {tcp, C, D} -> D after 2000 -> none end,
    gen_tcp:close(A),
    R3 = receive {tcp_closed, C} -> closed after 2000 -> none end,
    gen_tcp:close(L),
    {ok, U} = gen_udp:open(0, [{inet_backend, socket}, {ip, {127, 0, 0, 1}}, binary, {active, false}]),
    {ok, UP} = inet:port(U),
    ok = gen_udp:send(U, {127, 0, 0, 1}, UP, "self"),
    {ok, {_, _, UD}} = gen_udp:recv(U, 0, 2000),
    gen_udp:close(U),
    {R1, R2, R3, UD}.

registry() ->
    N = socket:number_of(),
    {ok, S} = socket:open(inet, dgram),
    timer:sleep(20),
    R1 = {socket:number_of() - N, lists:member(S, socket:which_sockets())},
    M = socket:monitor(S),
    socket:close(S),
    {R1, receive {'DOWN', M, socket, S, Why} -> Why after 2000 -> none end}.

tables() ->
    {lists:sort(socket:supports(msg_flags)), lists:sort(socket:supports(options, tcp)), lists:sort(socket:supports(options, socket)),
     lists:sort(socket:supports(ioctl_requests)), socket:is_supported(options, {ip, tos}), socket:supports(protocols) =/= [],
     lists:sort(socket:supports(options, ip)), lists:sort(socket:supports(options, ipv6)), lists:sort(socket:supports(options, udp))}.
