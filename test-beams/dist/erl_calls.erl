%% vm: own
%% timeout: 120
%% modes: plain
%% otp: 25
%% `erl_call` with each of its options: this node is called, and nodes are started and stopped.
-module(erl_calls).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(erl_calls),
    S = "-sname erl_calls",
    p(apply, [call(S ++ " -a 'erlang length [[a,b,c]]'"), call(S ++ " -a 'erlang node []'"), call(S ++ " -a 'erlang no_such []'"),
              call(S ++ " -a 'lists sort [[c,{1,\"x\"},[],2.5,-7]]'")]),
    p(eval, [call(S ++ " -e", "X=1,Y=2,{X,Y}.\n"), call(S ++ " -e", "X = #{a => <<1,2>>}, [X, fun lists:map/2].\n"),
             call(S ++ " -e", "1 + a.\n"), call(S ++ " -e", "1 +\n")]),
    p(module, [call(S ++ " -m", "-module(called).\n-export([f/1]).\nf(X) -> X * 2.\n"), call(S ++ " -a 'called f [21]'"),
               call(S ++ " -m", "-module(called).\nf( -> .\n")]),
    p(stdout, [call(S ++ " -fetch_stdout -no_result_term -a 'io format [\"hi ~p~n\",[[1]]]'"), call(S ++ " -fetch_stdout -e", "io:format(\"é~ts\", [[8364]]), done.\n"),
               call(S ++ " -no_result_term -a 'erlang node []'")]),
    p(named, [call(S ++ " -h caller -a 'erlang nodes [hidden]'"), call(S ++ " -r -a 'erlang length [[]]'"), call(S ++ " -R -a 'erlang length [[]]'")]),
    p(timeout, call(S ++ " -timeout 1 -a 'timer sleep [30000]'")),
    {ok, Names} = net_adm:names(),
    {_, Port} = lists:keyfind("erl_calls", 1, Names),
    p(address, [call("-address " ++ integer_to_list(Port) ++ " -a 'erlang node []'"), call("-address localhost:" ++ integer_to_list(Port) ++ " -a 'erlang node []'")]),
    p(cookie, call("-c wrong -sname erl_calls -a 'erlang node []'", "", "")),
    p(nobody, call("-sname nobody -a 'erlang node []'")),
    %% It starts a node that stays, with the emulator under test.
    X = " -x " ++ filename:join(os:getenv("TB_BIN"), "erl"),
    p(start, call("-s -sname started" ++ X ++ " -a 'erlang node []'")),
    p(again, call("-s -sname started" ++ X ++ " -a 'erlang is_alive []'")),
    Node = list_to_atom("started@" ++ lists:last(string:split(atom_to_list(node()), "@"))),
    p(ping, net_adm:ping(Node)),
    monitor_node(Node, true),
    p(quit, [call("-q -sname started"), receive {nodedown, Node} -> down after 20000 -> none end]),
    tb_nodes:halt_all([]).

call(Args) -> call(Args, "").
call(Args, Input) -> call(Args, Input, " -c tb_cookie").
call(Args, Input, Cookie) ->
    file:write_file("input", unicode:characters_to_binary(Input)),
    Program = filename:join([filename:dirname(os:getenv("TB_REFERENCE")), "erl_call"]),
    Out = os:cmd(Program ++ Cookie ++ " " ++ Args ++ " < input; echo \" = $?\""),
    Host = lists:last(string:split(atom_to_list(node()), "@")),
    Named = lists:foldl(fun({From, To}, T) -> lists:flatten(string:replace(T, From, To, all)) end, Out,
                        [{Program, "erl_call"}, {filename:absname(Program), "erl_call"}, {"@" ++ Host, "@HOST"}]),
    unicode:characters_to_binary(Named).
