%% vm: own
%% timeout: 60
%% modes: plain
%% Batch programs of OTP's applications, and what they ask of the emulator.
-module(batch).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    %% EUnit runs tests in this order.
    p(exports, begin ok = file:write_file("ex.erl", "-module(ex).\n-export([b_ex/0, a_ex/1, c_ex/2]).\nb_ex() -> 1.\na_ex(X) -> X.\nc_ex(X, Y) -> {X, Y}.\n"), {ok, ex, B} = compile:file("ex.erl", [binary]), {module, ex} = code:load_binary(ex, "ex.erl", B), ex:module_info(exports) end),
    p(is_builtin, [erlang:is_builtin(M, F, A) || {M, F, A} <- [{erlang, '+', 2}, {erlang, apply, 2}, {lists, map, 2}, {'$M', '$F', -1}, {erlang, self, 256}]]),
    p(is_builtin_bad, [try erlang:is_builtin(a, F, A) catch error:R -> R end || {F, A} <- [{b, x}, {b, 1 bsl 70}, {"b", 1}]]),
    p(leex, begin ok = file:write_file("lx.xrl", "Definitions.\nD=[0-9]\nRules.\n{D}+ : {token, {int, TokenLine, list_to_integer(TokenChars)}}.\n[+*()] : {token, {list_to_atom(TokenChars), TokenLine}}.\n\\s+ : skip_token.\nErlang code.\n"), {ok, _} = leex:file("lx.xrl", [{verbose, false}]), load(lx), lx:string("1 + 2*(3+44)") end),
    p(yecc, begin ok = file:write_file("yy.yrl", "Nonterminals e.\nTerminals int '+' '*' '(' ')'.\nRootsymbol e.\nLeft 100 '+'.\nLeft 200 '*'.\ne -> e '+' e : '$1' + '$3'.\ne -> e '*' e : '$1' * '$3'.\ne -> '(' e ')' : '$2'.\ne -> int : element(3, '$1').\n"), {ok, _} = yecc:file("yy.yrl"), load(yy), {ok, T, _} = lx:string("1 + 2*(3+44)"), yy:parse(T) end),
    p(asn1, begin ok = file:write_file("T1.asn1", "T1 DEFINITIONS AUTOMATIC TAGS ::= BEGIN\nP ::= SEQUENCE { a INTEGER (0..255), b OCTET STRING OPTIONAL, c ENUMERATED {x, y, z}, d SEQUENCE OF UTF8String }\nEND\n"), [asn1(R) || R <- [per, uper]] end),
    p(xmerl, begin {D, _} = xmerl_scan:string("<a x='1'><b>t&amp;</b><!-- c --><c/></a>"), lists:flatten(xmerl:export_simple([D], xmerl_xml)) end),
    p(sax, begin {ok, L, _} = xmerl_sax_parser:stream(<<"<a><b>hé</b></a>"/utf8>>, [{event_fun, fun(E, _, S) -> [E | S] end}, {event_state, []}]), L end),
    p(cover, begin {ok, ex} = cover:compile("ex.erl"), ex:a_ex(1), ex:a_ex(2), cover:analyse(ex, calls, function) end),
    p(xref, begin {ok, _} = xref:start(x), {ok, _} = xref:add_application(x, code:lib_dir(parsetools), [{warnings, false}]), R1 = xref:q(x, "(Mod) parsetools : App"), R2 = xref:q(x, "E || leex : Mod"), xref:stop(x), {R1, length(element(2, R2)) > 10} end),
    p(merl, merl:print(merl:quote("f(X) -> X + 1."))),
    p(zip, begin {ok, {_, Z}} = zip:create("z.zip", [{"a", <<"hello">>}, {"b", binary:copy(<<"xyz">>, 10000)}], [memory]), {ok, L2} = zip:unzip(Z, [memory]), [{N, erlang:md5(D2)} || {N, D2} <- L2] end),
    p(qlc, qlc:e(qlc:string_to_handle("[{X, Y} || X <- lists:seq(1, 5), Y <- lists:seq(1, 5), X + Y =:= 6]."))),
    p(eunit, begin ok = file:write_file("eu.erl", "-module(eu).\n-include_lib(\"eunit/include/eunit.hrl\").\na_test() -> ok.\nb_test_() -> [?_assertEqual(2, 1 + 1), ?_assertError(badarg, atom_to_list(1))].\n"), {ok, eu} = compile:file("eu.erl"), load(eu), eunit:test(eu, [no_tty]) end).

load(M) ->
    {ok, M, B} = compile:file(M, [binary]),
    code:load_binary(M, atom_to_list(M) ++ ".erl", B).

asn1(Rules) ->
    ok = asn1ct:compile("T1.asn1", [Rules]),
    code:purge('T1'),
    {module, _} = code:load_abs("T1"),
    V = {'P', 7, <<1, 2>>, y, [<<"a">>, <<"bc">>]},
    {ok, B} = 'T1':encode('P', V),
    {Rules, B, 'T1':decode('P', B) =:= {ok, V}}.
