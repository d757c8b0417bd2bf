%% vm: own
%% timeout: 60
%% modes: plain
%% Several sets of descriptors and several threads that wait for them.
-module(poll_sets).
-export([main/0, child/0]).

main() ->
    Dir = filename:dirname(code:which(?MODULE)),
    Erl = filename:join(os:getenv("TB_BIN"), "erl"),
    [io:format("~s: ~s", [Flags, os:cmd(Erl ++ " " ++ Flags ++ " -noshell -pa " ++ Dir ++ " -run poll_sets child")])
     || Flags <- ["+IOt 2", "+IOt 2 +IOp 2", "+IOt 3 +IOp 2", "+IOPt 100 +IOPp 50"]].

child() ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, true}, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(L),
    spawn(fun() -> accept(L) end),
    Me = self(),
    [spawn(fun() -> Me ! {answered, talk(Backend, Port, N)} end) || N <- lists:seq(1, 10), Backend <- [inet, socket]],
    io:format("~p~n", [lists:sum([receive {answered, Count} -> Count end || _ <- lists:seq(1, 20)])]),
    halt().

accept(L) ->
    {ok, S} = gen_tcp:accept(L),
    Pid = spawn(fun() -> receive go -> echo(S) end end),
    ok = gen_tcp:controlling_process(S, Pid),
    Pid ! go,
    accept(L).

echo(S) ->
    receive
        {tcp, S, Data} -> ok = gen_tcp:send(S, Data), echo(S);
        {tcp_closed, S} -> ok
    end.

talk(Backend, Port, N) ->
    {ok, S} = gen_tcp:connect({127, 0, 0, 1}, Port, [{inet_backend, Backend}, binary, {active, false}]),
    Ok = [I || I <- lists:seq(1, 100), ok =:= gen_tcp:send(S, <<N:32, I:32>>), {ok, <<N:32, I:32>>} =:= gen_tcp:recv(S, 8, 5000)],
    ok = gen_tcp:close(S),
    length(Ok).
