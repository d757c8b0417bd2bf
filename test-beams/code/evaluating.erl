%% erl_eval, erl_scan, erl_parse, erl_pp, compile.
-module(evaluating).
-export([main/0]).
-import(tb, [p/2, t/2]).

main() ->
    p(eval, [eval(S) || S <- ["1 + 2 * 3.", "[X || X <- [1,2,3], X > 1].", "case {a, 1} of {a, N} -> N + 1 end.", "F = fun(0) -> 1; (N) -> N end, F(0) + F(5).",
        "lists:map(fun(X) -> X * X end, [1,2,3]).", "<<X:4, Y:4>> = <<16#ab>>, {X, Y}.", "#{a := V} = #{a => 1, b => 2}, V.", "try throw(x) catch T -> {caught, T} end.",
        "begin A = 1, B = A + 1, {A, B} end.", "if 1 > 2 -> a; true -> b end.", "<< <<X>> || X <- \"abc\" >>.", "(fun Fact(0) -> 1; Fact(N) -> N * Fact(N - 1) end)(10).",
        "receive x -> 1 after 0 -> none end.", "catch exit(foo).", "\"a\" ++ \"b\" -- \"a\".", "not true orelse 1 =:= 1.0."]]),
    [t({eval, S}, fun() -> eval(S) end) || S <- ["1 + a.", "X.", "{a} = b.", "foo:bar().", "case 1 of 2 -> 3 end.", "fun(1) -> 2 end(3)."]],
    p(scan, [erl_scan:string(S) || S <- ["foo(Bar, 1.5e3) -> \"str\", 'q a', $x, 16#ff, <<1>>.", "% comment\nx.", "1_000 2#101 a@b"]]),
    p(scan_bad, [erl_scan:string(S) || S <- ["'abc", "\"abc", "16#", "$"]]),
    p(parse_bad, [begin {ok, T, _} = erl_scan:string(S), erl_parse:parse_exprs(T) end || S <- ["1 + .", "case x.", "foo(."]]),
    p(pp, [lists:flatten(erl_pp:expr(hd(exprs(S)))) || S <- ["A+B*(C-D).", "fun(X) when X>1->X;(_)->ok end.", "[X||X<-L,X>1].", "#r{a=1}.", "try f() catch error:E:S->{E,S} after g() end.", "<<A:8/little,B/binary>>.", "#{a=>1,b:=2}."]]),
    p(term, [begin {ok, T, _} = erl_scan:string(S), erl_parse:parse_term(T) end || S <- ["{a, [1, 2.5, \"s\"], <<\"b\">>, #{x => -1}}."]]),
    p(abstract, erl_parse:abstract({a, [1, "s"], 2.5, <<"x">>})),
    p(normalise, erl_parse:normalise(erl_parse:abstract({a, [1, "s"], 2.5, <<"x">>}))),
    p(compile, begin {ok, evm, B} = compile:forms(forms("-module(evm). -export([f/1]). f(X) -> g(X) + 1. g(X) -> X * 2."), [binary]), code:load_binary(evm, "x", B), evm:f(5) end),
    p(compile_errors, begin {error, [{_, Es}], _} = compile:forms(forms("-module(evn). -export([f/0]). f() -> X + g()."), [binary, return]), [lists:flatten(M:format_error(D)) || {_, M, D} <- Es] end),
    p(compile_warnings, begin {ok, _, _, [{_, Ws}]} = compile:forms(forms("-module(evo). -export([f/1]). f(X) -> Y = 1, 2. h() -> ok."), [binary, return]), [lists:flatten(M:format_error(D)) || {_, M, D} <- Ws] end),
    p(transform, begin {ok, _, B2} = compile:forms(forms("-module(evp). -export([f/1]). f({ok, X}) when is_list(X) -> length(X); f(#{k := V}) -> V; f(<<A:16, R/binary>>) -> {A, R}; f(_) -> none."), [binary, deterministic]), code:load_binary(evp, "x", B2), [evp:f(X) || X <- [{ok, [1, 2]}, #{k => v}, <<1, 2, 3>>, z]] end),
    p(core, begin {ok, _, C} = compile:forms(forms("-module(evq). -export([f/1]). f(X) -> X + 1."), [to_core, binary, deterministic]), is_tuple(C) end),
    p(asm, begin {ok, _, Asm} = compile:forms(forms("-module(evr). -export([f/1]). f(X) -> X + 1."), ['S', binary, deterministic]), element(2, Asm) end),
    p(debug_info, begin {ok, _, B3} = compile:forms(forms("-module(evs). -export([f/1]). f(X) -> X."), [binary, debug_info]), {ok, {evs, [{abstract_code, {V, Fs}}]}} = beam_lib:chunks(B3, [abstract_code]), {V, length(Fs)} end),
    p(chunks, begin {ok, _, B4} = compile:forms(forms("-module(evt). -export([f/1]). f(X) -> X."), [binary]), {ok, evt, L} = beam_lib:all_chunks(B4), lists:sort([K || {K, _} <- L]) end),
    p(inline, begin {ok, _, B5} = compile:forms(forms("-module(evu). -export([f/1]). f(X) -> lists:sum([g(Y) || Y <- lists:seq(1, X)]). g(Y) -> Y * Y."), [binary, inline]), code:load_binary(evu, "x", B5), evu:f(100) end).

exprs(S) -> {ok, T, _} = erl_scan:string(S), {ok, E} = erl_parse:parse_exprs(T), E.
eval(S) -> {value, V, _} = erl_eval:exprs(exprs(S), erl_eval:new_bindings()), V.
forms(S) -> {ok, T, _} = erl_scan:string(S), split(T, []).
split([], []) -> [];
split([{dot, _} = D | R], Acc) -> {ok, F} = erl_parse:parse_form(lists:reverse([D | Acc])), [F | split(R, [])];
split([T | R], Acc) -> split(R, [T | Acc]).
