%% modes: plain
%% vm: own
%% The drivers of runtime_tools: traces go to a file, to files in turn, to a socket, and are read back.
-module(trace_ports).
-export([main/0]).

main() ->
    Dir = filename:join(os:getenv("TMPDIR", "/tmp"), "trace_ports." ++ os:getpid()),
    ok = file:make_dir(Dir),
    try
        one_file(filename:join(Dir, "one")),
        files(Dir),
        socket()
    after
        file:del_dir_r(Dir)
    end.

one_file(F) ->
    {ok, _} = dbg:tracer(port, dbg:trace_port(file, F)),
    {ok, _} = dbg:p(new, [call, procs]),
    {ok, _} = dbg:tp(lists, seq, 2, []),
    P = traced(fun() -> lists:seq(1, 3), lists:seq(2, 5) end),
    dbg:stop_clear(),
    dbg:trace_client(file, F, {told(), self()}),
    show(P).

files(Dir) ->
    F = filename:join(Dir, "many"),
    {ok, _} = dbg:tracer(port, dbg:trace_port(file, {F, wrap, ".trc", 500, 3})),
    {ok, _} = dbg:p(new, [call]),
    {ok, _} = dbg:tp(lists, seq, 2, []),
    traced(fun() -> [lists:seq(1, 3) || _ <- lists:seq(1, 50)] end),
    dbg:stop_clear(),
    io:format("~p~n", [length(filelib:wildcard(F ++ "*.trc"))]).

socket() ->
    {ok, _} = dbg:tracer(port, dbg:trace_port(ip, 0)),
    {ok, Port} = dbg:trace_port_control(get_listen_port),
    Me = self(),
    spawn(fun() -> dbg:trace_client(ip, {"localhost", Port}, {told(), Me}) end),
    {ok, _} = dbg:p(new, [call]),
    {ok, _} = dbg:tp(lists, seq, 2, []),
    P = traced(fun() -> lists:seq(1, 3) end),
    receive {told, T} when element(2, T) =:= P -> io:format("~p~n", [setelement(2, T, pid)]) after 10000 -> none end,
    dbg:stop_clear().

traced(F) ->
    {P, Mon} = spawn_monitor(F),
    receive {'DOWN', Mon, _, _, _} -> ok end,
    R = erlang:trace_delivered(P),
    receive {trace_delivered, P, R} -> ok end,
    dbg:flush_trace_port(),
    P.

told() -> fun(T, To) -> To ! {told, T}, To end.

show(P) ->
    receive
        {told, end_of_trace} -> io:format("end~n");
        {told, {trace, P, spawned, _, _}} -> io:format("spawned~n"), show(P);
        {told, T} when element(2, T) =:= P -> io:format("~p~n", [setelement(2, T, pid)]), show(P);
        {told, _} -> show(P)
    end.
