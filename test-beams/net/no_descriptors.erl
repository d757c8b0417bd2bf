%% vm: own
%% timeout: 40
%% modes: plain
%% With no descriptor left everything fails by the system's reason, and works again afterwards.
-module(no_descriptors).
-export([main/0, child/0]).

main() ->
    Dir = filename:dirname(code:which(?MODULE)),
    Erl = filename:join(os:getenv("TB_BIN"), "erl"),
    io:put_chars(os:cmd("ulimit -n 80; " ++ Erl ++ " -noshell -pa " ++ Dir ++ " -run no_descriptors child")).

child() ->
    %% Modules cannot be loaded later.
    [{module, M} = code:ensure_loaded(M) || M <- [gen_tcp, gen_udp, inet_tcp, inet_udp, local_tcp, inet_db, inet, file, socket,
        prim_inet, inet_config, lists, io_lib_pretty, io_lib, io_lib_format, erl_posix_msg, os, filelib, file_io_server, ram_file, io]],
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(L),
    p(before, attempts(L, Port)),
    Files = fill([]),
    p(enough, length(Files) > 10),
    p(full, attempts(L, Port)),
    %% One for the client: the server has none for it.
    file:close(hd(Files)),
    {ok, C} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}]),
    p(accept, gen_tcp:accept(L, 1000)),
    file:close(lists:nth(2, Files)),
    {ok, S} = gen_tcp:accept(L, 1000),
    ok = gen_tcp:send(C, "still here"),
    p(echo, gen_tcp:recv(S, 10, 1000)),
    [file:close(F) || F <- lists:nthtail(2, Files)],
    p(again, attempts(L, Port)),
    halt().

p(Name, What) -> io:format("~p: ~p~n", [Name, What]).

fill(Files) ->
    case file:open("/dev/null", [read, raw]) of
        {ok, F} -> fill([F | Files]);
        {error, emfile} -> Files
    end.

attempts(L, Port) ->
    [{What, result(catch F())} || {What, F} <- [
        {raw_file, fun() -> file:open("/dev/null", [read, raw]) end},
        {file, fun() -> file:open("/dev/null", [read]) end},
        {list_dir, fun() -> file:list_dir("/tmp") end},
        {read_file, fun() -> file:read_file("/dev/null") end},
        {write_file, fun() -> file:write_file("/dev/null", "x") end},
        {listen, fun() -> gen_tcp:listen(0, []) end},
        {connect, fun() -> connect(L, Port) end},
        {udp, fun() -> gen_udp:open(0) end},
        {local, fun() -> gen_udp:open(0, [local]) end},
        {socket, fun() -> socket:open(inet, stream) end},
        {spawn_executable, fun() -> run(open_port({spawn_executable, "/bin/true"}, [exit_status])) end}]].

result({ok, F}) when is_tuple(F), element(1, F) =:= file_descriptor -> file:close(F), ok;
result({ok, P}) when is_port(P) -> gen_tcp:close(P), ok;
result({ok, P}) when is_pid(P) -> file:close(P), ok;
result({ok, {'$socket', _} = S}) -> socket:close(S), ok;
result({ok, _}) -> ok;
result({'EXIT', {Reason, _}}) -> {exit, Reason};
result(Other) -> Other.

connect(L, Port) ->
    case gen_tcp:connect({127, 0, 0, 1}, Port, []) of
        {ok, C} -> {ok, S} = gen_tcp:accept(L), gen_tcp:close(S), gen_tcp:close(C);
        Error -> Error
    end.

run(Port) ->
    receive {Port, {exit_status, N}} -> {exited, N} after 5000 -> silent end.
