%% Sockets in another network namespace and on one device. A line says `ok`, or what is not as it
%% should be. Where nobody may make a namespace, nothing of one is tested.
%% modes: plain
-module(namespaces).
-export([main/0]).
-import(tb, [p/2]).

-define(LO, {127, 0, 0, 1}).
-define(IN, {127, 9, 8, 7}).

main() ->
    device(),
    case namespace() of
        {Port, Ns} -> inside(Ns), p(holder, receive {Port, End} -> End after 0 -> ok end), catch port_close(Port);
        none -> [p(Name, ok) || {Name, _} <- tests() ++ [{holder, none}]]
    end,
    p(outside, outside()).

inside(Ns) -> [p(Name, catch Test(Ns)) || {Name, Test} <- tests()].

tests() ->
    [{tcp, fun(Ns) -> stream([], Ns) end}, {tcp_of_socket, fun(Ns) -> stream([{inet_backend, socket}], Ns) end},
     {udp, fun datagram/1}, {socket, fun plain/1}, {interfaces, fun interfaces/1}, {told, fun told/1}, {many, fun many/1}].

%% A process that holds a namespace of its own, and the namespace's name.
namespace() ->
    case {os:find_executable("unshare"), os:find_executable("ip", os:getenv("PATH") ++ ":/usr/sbin:/sbin")} of
        {U, Ip} when is_list(U), is_list(Ip) ->
            Port = open_port({spawn_executable, U}, [{args, ["-n", "sh", "-c", Ip ++ " link set lo up && echo up && read x"]},
                                                     stream, exit_status, stderr_to_stdout]),
            receive
                {Port, {data, "up\n"}} ->
                    {os_pid, Pid} = erlang:port_info(Port, os_pid),
                    {Port, "/proc/" ++ integer_to_list(Pid) ++ "/ns/net"};
                {Port, {data, _}} -> none;
                {Port, {exit_status, _}} -> none
            end;
        _ -> none
    end.

%% Who listens inside is reached from inside only. (Ports are fixed here, as nobody else is there.)
stream(Backend, Ns) ->
    {ok, L} = gen_tcp:listen(977, Backend ++ [{netns, Ns}, {ip, ?IN}, {active, false}]),
    {error, econnrefused} = gen_tcp:connect(?IN, 977, Backend),
    {ok, A} = gen_tcp:connect(?IN, 977, Backend ++ [{netns, Ns}, {active, false}]),
    {ok, B} = gen_tcp:accept(L),
    ok = gen_tcp:send(A, "inside"),
    {ok, "inside"} = gen_tcp:recv(B, 6),
    {error, enoent} = gen_tcp:listen(0, Backend ++ [{netns, "/no/such/namespace"}]),
    {error, einval} = gen_tcp:listen(0, Backend ++ [{netns, "/dev/null"}]),
    [ok = gen_tcp:close(S) || S <- [A, B, L]],
    ok.

datagram(Ns) ->
    {ok, A} = gen_udp:open(978, [{netns, Ns}, {ip, ?IN}, {active, false}]),
    {ok, B} = gen_udp:open(0, [{netns, Ns}, {active, false}]),
    {ok, C} = gen_udp:open(0, [{active, false}]),
    ok = gen_udp:send(C, ?IN, 978, "outside"),
    ok = gen_udp:send(B, ?IN, 978, "inside"),
    {ok, {_, _, "inside"}} = gen_udp:recv(A, 0, 5000),
    {error, timeout} = gen_udp:recv(A, 0, 20),
    {error, enoent} = gen_udp:open(0, [{netns, "/no/such/namespace"}]),
    [ok = gen_udp:close(S) || S <- [A, B, C]],
    ok.

plain(Ns) ->
    {ok, L} = socket:open(inet, stream, tcp, #{netns => Ns}),
    Address = #{family => inet, addr => ?IN, port => 979},
    ok = socket:bind(L, Address),
    ok = socket:listen(L),
    {ok, Out} = socket:open(inet, stream, tcp),
    {error, econnrefused} = socket:connect(Out, Address),
    {ok, A} = socket:open(inet, stream, tcp, #{netns => Ns}),
    ok = socket:connect(A, Address),
    {ok, B} = socket:accept(L),
    ok = socket:send(A, "inside"),
    {ok, <<"inside">>} = socket:recv(B, 6),
    {error, enoent} = socket:open(inet, stream, tcp, #{netns => "/no/such/namespace"}),
    {error, einval} = socket:open(inet, stream, tcp, #{netns => "/dev/null"}),
    [ok = socket:close(S) || S <- [L, Out, A, B]],
    ok.

interfaces(Ns) ->
    {ok, [{"lo", _}]} = inet:getifaddrs([{netns, Ns}]),
    ok.

told(Ns) ->
    {ok, S} = gen_udp:open(0, [{netns, Ns}]),
    {ok, Said} = inet:getopts(S, [netns]),
    {ok, [{netns, Ns}]} = {ok, Said},
    ok = gen_udp:close(S),
    ok.

%% Whichever thread opens a socket inside is outside again afterwards.
many(Ns) ->
    {ok, L} = gen_tcp:listen(0, [{ip, ?LO}, {backlog, 100}]),
    {ok, No} = inet:port(L),
    Pids = [spawn_monitor(fun() ->
                                  {ok, In} = gen_udp:open(0, [{netns, Ns}]),
                                  {ok, Out} = gen_tcp:connect(?LO, No, []),
                                  exit({gen_udp:close(In), gen_tcp:close(Out)})
                          end) || _ <- lists:seq(1, 40)],
    [{ok, ok}] = lists:usort([receive {'DOWN', M, process, P, End} -> End end || {P, M} <- Pids]),
    gen_tcp:close(L).

outside() ->
    {ok, L} = gen_tcp:listen(0, [{ip, ?LO}]),
    {ok, No} = inet:port(L),
    {ok, A} = gen_tcp:connect(?LO, No, []),
    [gen_tcp:close(S) || S <- [A, L]].

%% A socket bound to the loopback device, in each way there is.
device() ->
    {ok, U} = gen_udp:open(0, [{bind_to_device, <<"lo">>}, {ip, ?LO}, {active, false}]),
    {ok, No} = inet:port(U),
    p(udp_device, inet:getopts(U, [bind_to_device])),
    p(udp_to_itself, {gen_udp:send(U, ?LO, No, "x"), element(3, element(2, gen_udp:recv(U, 0, 5000)))}),
    ok = gen_udp:close(U),
    p(udp_none, [gen_udp:open(0, [{bind_to_device, D}]) || D <- [<<"nodev0">>, <<"much-too-long-for-a-device">>]]),
    p(udp_bad, [case catch gen_udp:open(0, [{bind_to_device, D}]) of {'EXIT', {R, _}} -> R; {'EXIT', R} -> R; R -> R end || D <- [lo, "lo", 1]]),
    {ok, L} = gen_tcp:listen(0, [{bind_to_device, <<"lo">>}, {ip, ?LO}]),
    {ok, Tcp} = inet:port(L),
    {ok, C} = gen_tcp:connect(?LO, Tcp, [{bind_to_device, <<"lo">>}]),
    p(tcp_device, [inet:getopts(S, [bind_to_device]) || S <- [L, C]]),
    [ok = gen_tcp:close(S) || S <- [C, L]],
    {ok, S} = socket:open(inet, dgram, udp),
    p(socket_device, [socket:getopt(S, {socket, bindtodevice}), socket:setopt(S, {socket, bindtodevice}, "lo"),
                      socket:getopt(S, {socket, bindtodevice}), socket:setopt(S, {socket, bindtodevice}, "nodev0"),
                      socket:getopt(S, {socket, bindtodevice})]),
    p(socket_bad, [socket:setopt(S, {socket, bindtodevice}, V) || V <- [<<"lo">>, lo, 7]]),
    ok = socket:close(S).
