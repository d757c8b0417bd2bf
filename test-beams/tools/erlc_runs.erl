%% vm: own
%% timeout: 120
%% modes: plain
-module(erlc_runs).
-export([main/0]).

main() ->
    write("ok.erl", "-module(ok).\n-export([f/0]).\n-include(\"inc.hrl\").\nf() -> ?VALUE.\n"),
    write("inc.hrl", "-ifdef(OTHER).\n-define(VALUE, other).\n-else.\n-define(VALUE, normal).\n-endif.\n"),
    write("warn.erl", "-module(warn).\n-export([f/1]).\nf(X) -> Y = 1, ok.\n"),
    write("bad.erl", "-module(bad).\n-export([f/0]).\nf() -> g(.\n"),
    write("par.yrl", "Nonterminals list elems.\nTerminals '[' ']' x.\nRootsymbol list.\nlist -> '[' elems ']' : '$2'.\nelems -> '$empty' : [].\nelems -> x elems : [x | '$2'].\n"),
    write("lex.xrl", "Definitions.\nRules.\n[a-z]+ : {token, {word, TokenLine, TokenChars}}.\n\\s+ : skip_token.\nErlang code.\n"),
    file:make_dir("out"),
    [run(A) || A <- ["ok.erl", "-o out ok.erl", "-DOTHER -o out ok.erl", "warn.erl", "-Werror warn.erl", "-W0 warn.erl", "bad.erl", "ok.erl bad.erl", "-S -o out ok.erl", "-E -o out ok.erl",
        "+debug_info +deterministic -o out ok.erl", "par.yrl", "lex.xrl", "none.erl", "-I nowhere ok.erl", "-v ok.erl", "-M ok.erl", "x.unknown", "+no_such_option ok.erl", "-b beam ok.erl"]],
    io:format("~p~n", [lists:sort(filelib:wildcard("*.*") ++ filelib:wildcard("out/*"))]),
    code:add_patha("out"),
    io:format("~p~n", [ok:f()]),
    {ok, par} = compile:file("par"),
    io:format("~p~n", [par:parse([{'[', 1}, {x, 1}, {x, 1}, {']', 1}])]),
    {ok, lex} = compile:file("lex"),
    io:format("~p~n", [lex:string("ab cd")]).

write(F, T) -> ok = file:write_file(F, T).

run(Args) ->
    Out = os:cmd(filename:join(os:getenv("TB_BIN"), "erlc") ++ " " ++ Args ++ " 2>&1; echo status $?"),
    io:format("erlc ~s~n~ts~n", [Args, [[" | ", L, $\n] || L <- string:lexemes(Out, "\n")]]).
