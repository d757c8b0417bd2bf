%% vm: own
%% timeout: 60
%% The old shell, fed through a pipe.
-module(shell_session).
-export([main/0]).

main() ->
    session("1 + 2.\nX = [1,2,3].\nlists:sum(X).\nX = 4.\n"),
    session("foo(.\n{a, \"string\", <<\"bin\">>, 1.5, #{k => v}}.\n"),
    session("F = fun(N) -> N * 2 end.\nF(21).\nf(F).\nF(1).\n"),
    session("rd(person, {name, age = 3}).\n#person{name = \"x\"}.\nrl().\n"),
    session("catch throw(x).\nexit(bye).\nerlang:error(oops).\n1/0.\nlists:nth(0, [a]).\n"),
    session("v(1).\nb().\nA = 1.\nb().\ne(1).\n"),
    session("io:format(\"text~n\").\nio:get_line(\"prompt> \").\nthe line\n"),
    session("lists:seq(1, 60).\nlists:duplicate(100, $a).\n"),
    session("spawn(fun() -> io:format(\"from a process~n\") end), timer:sleep(50), done.\n"),
    session("receive x -> 1 after 0 -> none end.\n[begin self() ! I, receive R -> R end end || I <- [a, b]].\n"),
    session("halt(5).\n").

session(Input) ->
    ok = file:write_file("input", Input),
    Out = os:cmd(filename:join(os:getenv("TB_BIN"), "erl") ++ " < input 2>/dev/null; echo \" status $?\""),
    %% The first line names the version of the emulator.
    [_ | Lines] = string:split(Out, "\n", all),
    io:format("~ts", [[[" | ", L, $\n] || L <- Lines]]).
