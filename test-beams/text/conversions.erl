-module(conversions).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    p(base64, [base64:encode(B) || B <- [<<>>, <<"a">>, <<"ab">>, <<"abc">>, <<255, 254, 253>>]]),
    p(base64_dec, [base64:decode(B) || B <- ["", "YQ==", "YWI=", "YWJj", " Y W J j\n"]]),
    t(base64_bad, fun() -> base64:decode("Y") end),
    p(uri, [uri_string:parse("http://user@host:80/a/b?x=1&y=2#frag"), uri_string:quote("a b&c/å"), uri_string:unquote("a%20b"), uri_string:compose_query([{"a", "1"}, {"b", "x y"}]), uri_string:dissect_query("a=1&b=x+y")]),
    p(uri_norm, [uri_string:normalize("HTTP://Host/a/../b/./c"), uri_string:resolve("../x", "http://h/a/b/c")]),
    p(filename, [filename:join("a", "b"), filename:join(["/a", "b/", "c"]), filename:basename("/a/b.erl", ".erl"), filename:dirname("/a/b/c"), filename:extension("x.tar.gz"), filename:rootname("a.b"), filename:split("/a/b"), filename:absname("x", "/y"), filename:pathtype("/a"), filename:pathtype("a"), filename:flatten(["a", b]), filename:join("a", "/b"), filename:nativename("a/b")]),
    p(version, [erlang:list_to_existing_atom("true"), erlang:binary_to_existing_atom(<<"false">>)]),
    p(leb, [begin {ok, T, _} = erl_scan:string(S), T end || S <- ["16#FFFFFFFFFFFFFFFFFFFF.", "1.0e-10."]]),
    p(sys_time, [calendar:seconds_to_time(3661), calendar:time_to_seconds({1, 1, 1}), calendar:seconds_to_daystime(100000), calendar:last_day_of_the_month(2024, 2), calendar:is_leap_year(1900)]),
    p(rand, begin S = rand:seed_s(exsss, {1, 2, 3}), {A, S1} = rand:uniform_s(1000, S), {B, _} = rand:uniform_s(S1), {A, B} end),
    p(rand_algs, [begin S2 = rand:seed_s(Alg, {1, 2, 3}), {L, _} = lists:mapfoldl(fun(_, X) -> rand:uniform_s(1 bsl 40, X) end, S2, lists:seq(1, 5)), {Alg, L} end || Alg <- [exsss, exrop, exs1024s, exsp, exro928ss, mwc59, dummy], Alg =/= mwc59]),
    p(rand_normal, begin {N, _} = rand:normal_s(rand:seed_s(exsss, 42)), float_to_list(N, [{decimals, 8}]) end),
    p(rand_bytes, begin {By, _} = rand:bytes_s(16, rand:seed_s(exsss, 7)), By end),
    p(rand_jump, begin {V, _} = rand:uniform_s(1000000, rand:jump(rand:seed_s(exsss, 9))), V end),
    p(random_old, begin random:seed(1, 2, 3), [random:uniform(100) || _ <- [1, 2, 3]] end),
    p(array_json_like, json({obj, [{"a", [1, 2.5, null, true]}, {"b", "x\"y"}]})),
    p(crypto_like, [erlang:md5("abc"), erlang:crc32("abc"), erlang:adler32("abc"), erlang:md5([<<"a">>, "bc"]) =:= erlang:md5("abc")]),
    p(proplist_sort, lists:sort(fun({A1, _}, {B1, _}) -> A1 =< B1 end, [{b, 1}, {a, 2}])),
    p(sofs, sofs:to_external(sofs:relation_to_family(sofs:relation([{a, 1}, {b, 2}, {a, 3}])))),
    p(digraph_utils, begin G = digraph:new(), [digraph:add_vertex(G, X) || X <- [1, 2, 3]], digraph:add_edge(G, 1, 2), digraph:add_edge(G, 2, 3), digraph_utils:topsort(G) end).

json({obj, Ps}) -> lists:flatten(["{", lists:join(",", [[$", K, "\":", json(V)] || {K, V} <- Ps]), "}"]);
json(N) when is_integer(N) -> integer_to_list(N);
json(F) when is_float(F) -> float_to_list(F, [short]);
json(A) when is_atom(A) -> atom_to_list(A);
json([C | _] = S) when is_integer(C), C > 31 -> [$", [case X of $" -> "\\\""; _ -> X end || X <- S], $"];
json(L) when is_list(L) -> ["[", lists:join(",", [json(X) || X <- L]), "]"].
