%% vm: own
%% timeout: 90
%% eunit, cover, xmerl, syntax_tools, xref, the profilers, the debugger's interpreter.
-module(tool_apps).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    file:write_file("subject.erl", "-module(subject).\n-export([f/1, g/1]).\n-include_lib(\"eunit/include/eunit.hrl\").\n%% @doc Says.\nf(0) -> zero;\nf(N) when N > 0 -> pos;\nf(_) -> neg.\ng(X) -> lists:map(fun(Y) -> f(Y) end, X).\nf_test() -> ?assertEqual(zero, f(0)).\ng_test_() -> [?_assert(g([1]) =:= [pos]), ?_assertError(function_clause, hd(g(x)))].\nbad_test() -> ?assertMatch({ok, _}, f(1)).\n"),
    {ok, subject} = compile:file("subject", [debug_info]),
    code:add_patha("."),
    p(eunit, begin Out = os:cmd("true"), R1 = eunit:test(subject, [no_tty]), {Out, R1} end),
    p(cover, begin {ok, subject} = cover:compile_beam("subject.beam"), subject:f(0), subject:g([1, 2, -1]), {ok, L} = cover:analyse(subject, calls, function), {ok, Cl} = cover:analyse(subject, coverage, clause), cover:stop(), {[X || {{subject, F, _}, _} = X <- L, F =:= f orelse F =:= g], [C || {{subject, f, _, _}, C} <- Cl]} end),
    p(xml, begin {Doc, []} = xmerl_scan:string("<a x=\"1\"><b>text</b><c/>tail &amp; more</a>"), {element(2, Doc), lists:flatten(xmerl:export_simple([Doc], xmerl_xml)), [element(2, E) || E <- xmerl_xpath:string("/a/*", Doc)]} end),
    p(sax, begin {ok, S, _} = xmerl_sax_parser:stream(<<"<r><i n='1'/>t</r>">>, [{event_fun, fun(E, _, A) -> [element(1, if is_tuple(E) -> E; true -> {E} end) | A] end}, {event_state, []}]), lists:reverse(S) end),
    p(xref, begin {ok, _} = xref:start(x), {ok, subject} = xref:add_module(x, "subject.beam"), {ok, U} = xref:analyze(x, undefined_function_calls), {ok, Lc} = xref:q(x, "LC"), xref:stop(x), {length(U) > -1, lists:member({{subject, g, 1}, {subject, '-g/1-fun-0-', 1}}, Lc) orelse length(Lc) > 0} end),
    p(syntax, begin {ok, Fs} = epp_dodger:parse_file("subject.erl"), lists:flatten(erl_prettypr:format(lists:nth(4, Fs))) end),
    p(merl, begin T = erl_syntax:revert(erl_syntax:application(erl_syntax:atom(foo), [erl_syntax:integer(1)])), erl_pp:expr(T) =/= "" end),
    p(interpret, begin {module, subject} = int:i("subject.erl"), R5 = subject:g([0, 1, -1]), int:n(subject), R5 end),
    p(eprof, begin eprof:start(), {ok, V} = eprof:profile(fun() -> subject:g(lists:seq(1, 10)) end), eprof:stop(), length(V) end),
    p(fprof, begin fprof:apply(subject, g, [lists:seq(1, 5)]), fprof:profile(), ok = fprof:analyse([{dest, "fprof.out"}]), {ok, [_ | _]} = file:consult("fprof.out"), fprof:stop() end),
    p(edoc, begin ok = edoc:files(["subject.erl"], [{dir, "doc"}]), filelib:is_regular("doc/subject.html") end),
    p(dialyzer_types, dialyzer:format_warning({warn_matching, {"f.erl", 3}, {pattern_match, ["pattern 1", "2"]}}) =/= "").
