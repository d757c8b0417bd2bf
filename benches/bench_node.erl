%% The other node of programs of the group `distribution`: on the same emulator, started once, ended with this one.
%% The runner has started epmd and says in BENCH_EMULATOR how the emulator is started.
-module(bench_node).
-export([node/0, start/2, star/2, echo/0]).

%% The node, connected.
node() ->
    case get(?MODULE) of
        undefined ->
            alive(),
            put(?MODULE, N = start("there", [])),
            pong = net_adm:ping(N),
            N;
        N -> N
    end.

alive() ->
    is_alive() orelse begin
        {ok, _} = net_kernel:start(list_to_atom("here_" ++ os:getpid() ++ "@127.0.0.1"), #{name_domain => longnames}),
        erlang:set_cookie(bench)
    end.

%% Another node by this name. It ends when its input does, which is when this one does.
start(Name, Args) ->
    alive(),
    [Emulator | Before] = string:lexemes(os:getenv("BENCH_EMULATOR"), " "),
    Full = Name ++ "_" ++ os:getpid() ++ "@127.0.0.1",
    {ok, _, N} = peer:start(#{name => Name ++ "_" ++ os:getpid(), host => "127.0.0.1", longnames => true, connection => standard_io,
                              exec => {Emulator, Before}, wait_boot => 60000,
                              args => ["-setcookie", "bench", "-pa", filename:dirname(code:which(?MODULE)) | Args]}),
    Full = atom_to_list(N),
    N.

%% Nanoseconds for a process for each of these nodes to send so many messages to one over there, which sends each back: ten are
%% on their way at a time. The shortest of five times.
star(Nodes, Messages) ->
    There = [spawn(N, ?MODULE, echo, []) || N <- Nodes],
    Best = lists:min([element(1, timer:tc(fun() -> at_once(There, Messages) end)) || _ <- lists:seq(1, 5)]),
    [P ! stop || P <- There],
    1000 * Best.

at_once(There, Messages) ->
    Ended = [spawn_monitor(fun() -> [P ! {self(), I} || I <- lists:seq(1, 10)], trips(P, 1, Messages) end) || P <- There],
    [receive {'DOWN', M, process, _, normal} -> ok end || {_, M} <- Ended].

trips(_, I, Messages) when I > Messages -> ok;
trips(P, I, Messages) ->
    receive {P, I} -> ok end,
    I + 10 =< Messages andalso (P ! {self(), I + 10}),
    trips(P, I + 1, Messages).

echo() -> receive {From, I} -> From ! {self(), I}, echo(); stop -> ok end.
