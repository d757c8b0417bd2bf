%% vm: own
%% timeout: 90
%% How erl takes its arguments.
-module(command_lines).
-export([main/0, say/0, say/1, args/0, start/0, fail/0]).

main() ->
    Dir = filename:dirname(code:which(?MODULE)),
    put(dir, Dir),
    file:write_file("my.config", "[{kernel, [{key, \"from config\"}, {n, 2}]}].\n"),
    file:write_file("args.txt", "-pa somewhere\n# comment\n-tbflag from file\n"),
    Show = "-run command_lines say",
    [run(A) || A <- [
        "-run command_lines say", "-run command_lines say a 'b c'", "-s command_lines say", "-s command_lines say x y -s init stop",
        "-run command_lines args -flag1 a b -flag2 -flag1 c -extra one '-two' -- three",
        "-run command_lines args -- plain args -run command_lines say never",
        "-eval 'io:format(\"e1~n\")' -eval 'io:format(\"e2~n\"), halt(4).'",
        "-eval 'io:format(\"~p~n\", [erlang:system_info(schedulers_online)]), halt().' +S 1:1",
        "-eval 'io:format(\"~p~n\", [application:get_env(kernel, key)]), halt().' -config my",
        "-eval 'io:format(\"~p~n\", [application:get_env(kernel, n)]), halt().' -kernel n 7 m '\"s\"'",
        "-eval 'io:format(\"~p~n\", [os:getenv(\"TBX\")]), halt().' -env TBX value",
        "-eval 'io:format(\"~p~n\", [init:get_argument(tbflag)]), halt().' -args_file args.txt",
        "-eval 'io:format(\"~p~n\", [init:get_argument(mode)]), halt().' -mode embedded",
        "-eval 'io:format(\"~p~n\", [code:get_mode()]), halt().' -mode embedded",
        "-eval 'io:format(\"~p~n\", [[K || {K, _} <- init:get_arguments(), K =/= pa, K =/= root, K =/= bindir, K =/= progname, K =/= home, K =/= epmd_port]]), halt().' -foo -bar 1 2",
        "-eval 'io:format(\"~p~n\", [erlang:system_info(process_limit)]), halt().' +P 2000",
        "-eval 'io:format(\"~p~n\", [erlang:system_info(thread_pool_size)]), halt().' +A 3",
        "-boot start_clean -eval 'io:format(\"~p~n\", [init:script_id()]), halt().'",
        "-boot no_such_boot_file", "+badflag", "-eval 'foo('", "-s no_such_module", "-s command_lines fail", "-run command_lines no_such_function",
        "-eval 'halt(\"slogan\").'", "-eval 'halt(255).'", "-eval 'init:stop(9).'", "-eval 'erlang:halt(0, [{flush, true}]).'", "-eval 'exit(kill), halt().'",
        "-noinput " ++ Show, "-s erlang halt", "-version", "+V"]],
    env_run("ERL_FLAGS='-run command_lines say' ERL_AFLAGS='-tbflag a'", "-eval 'io:format(\"~p~n\", [init:get_argument(tbflag)])'"),
    env_run("ERL_ZFLAGS='-extra zflag'", "-eval 'io:format(\"~p~n\", [init:get_plain_arguments()]), halt().'"),
    ok.

erl() -> filename:join(os:getenv("TB_BIN"), "erl").

run(Args) -> env_run("", Args).

env_run(Env, Args) ->
    Out = os:cmd(Env ++ " " ++ erl() ++ " -noshell -pa " ++ get(dir) ++ " " ++ Args ++ " 2>/dev/null < /dev/null; echo status $?"),
    io:format("~s ~s~n~ts~n", [Env, Args, [[" | ", L, $\n] || L <- string:lexemes(strip(Out), "\n")]]).

%% Pids differ; a crash's term is long and holds the emulator's own lines.
strip(Out) ->
    case string:find(Out, "\"init terminating") of
        nomatch -> Out;
        Crash -> string:slice(Out, 0, length(Out) - length(Crash)) ++ "init terminating\n" ++ string:find(Out, "status ", trailing)
    end.

say() -> io:format("say/0~n"), halt().
say(As) -> io:format("say/1 ~p~n", [As]), halt().
start() -> io:format("start/0~n"), halt(2).
fail() -> error(failed).
args() ->
    io:format("~p~n~p~n~p~n", [init:get_plain_arguments(), init:get_argument(flag1), init:get_argument(flag2)]),
    halt().
