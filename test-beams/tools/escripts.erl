%% vm: own
%% timeout: 60
-module(escripts).
-export([main/0]).

main() ->
    script("plain", "main(Args) -> io:format(\"args ~p~n\", [Args]).\n", "a 'b c' -x"),
    script("status", "main(_) -> halt(3).\n", ""),
    script("crash", "main(_) -> error(oops).\n", ""),
    script("name", "main(_) -> io:format(\"~s~n\", [filename:basename(escript:script_name())]).\n", ""),
    script("flags", "%%! -tbflag 1 +S 1:1\nmain(_) -> io:format(\"~p ~p~n\", [init:get_argument(tbflag), erlang:system_info(schedulers_online)]).\n", ""),
    script("module", "-module(m).\n-export([main/1]).\nmain([X]) -> io:format(\"~p~n\", [fact(list_to_integer(X))]).\nfact(0) -> 1;\nfact(N) -> N * fact(N - 1).\n", "20"),
    script("compiled", "-mode(compile).\nmain([X]) -> io:format(\"~p~n\", [fib(list_to_integer(X))]).\nfib(N) when N < 2 -> N;\nfib(N) -> fib(N - 1) + fib(N - 2).\n", "15"),
    script("syntax", "main(_) -> foo bar.\n", ""),
    script("nomain", "other() -> ok.\n", ""),
    script("unicode", "%% -*- coding: utf-8 -*-\nmain(_) -> io:setopts([{encoding, unicode}]), io:format(\"~ts~n\", [\"" ++ [229, 955] ++ "\"]).\n", ""),
    script("stdin", "main(_) -> io:format(\"~p~n\", [io:get_line(\"\")]).\n", "< line.txt"),
    script("throw", "main(_) -> throw(x).\n", ""),
    archive(),
    io:format("~ts", [os:cmd(bin("escript") ++ " none_such 2>&1; echo status $?")]).

bin(N) -> filename:join(os:getenv("TB_BIN"), N).

script(Name, Body, Args) ->
    file:write_file("line.txt", "a line\n"),
    File = Name ++ ".escript",
    ok = file:write_file(File, unicode:characters_to_binary("#!/usr/bin/env escript\n" ++ Body)),
    file:change_mode(File, 8#755),
    io:format("~s: ~ts~n", [Name, os:cmd(bin("escript") ++ " " ++ File ++ " " ++ Args ++ " 2>/dev/null; echo status $?")]).

archive() ->
    {ok, Ts, _} = erl_scan:string("-module(arch). -export([main/1]). main(As) -> io:format(\"archive ~p ~p~n\", [As, arch_util:f()])."),
    {ok, Us, _} = erl_scan:string("-module(arch_util). -export([f/0]). f() -> inside."),
    {ok, arch, B1} = compile:forms(forms(Ts)),
    {ok, arch_util, B2} = compile:forms(forms(Us)),
    ok = escript:create("arch", [shebang, {archive, [{"arch.beam", B1}, {"arch_util.beam", B2}], []}]),
    io:format("archive: ~ts~n", [os:cmd(bin("escript") ++ " arch x y 2>&1; echo status $?")]),
    ok = escript:create("beam", [shebang, {emu_args, "-tbflag q"}, {beam, element(3, compile:forms(forms(element(2, erl_scan:string("-module(beam). -export([main/1]). main(_) -> io:format(\"~p~n\", [init:get_argument(tbflag)]).")))))}]),
    io:format("beam: ~ts~n", [os:cmd(bin("escript") ++ " beam 2>&1; echo status $?")]).

forms(Ts) -> forms(Ts, []).
forms([], []) -> [];
forms([{dot, _} = D | R], Acc) -> {ok, F} = erl_parse:parse_form(lists:reverse([D | Acc])), [F | forms(R, [])];
forms([T | R], Acc) -> forms(R, [T | Acc]).
