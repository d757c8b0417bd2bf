%% In what order large maps list numbers, texts and what is made of them: by a hash of 32 bits, from OTP 27 on of 64.
%% Also how large maps are printed, and which small maps share their keys.
%% otp: 25 27 29
-module(large_map_order).
-export([main/0]).

main() ->
    [shown(Name, [Make(I) || I <- lists:seq(1, 50)]) || {Name, Make} <- kinds()],
    Deep = maps:from_list([{{I}, I} || I <- lists:seq(1, 3000)]),
    tb:p(deep, {erlang:phash2(maps:keys(Deep)), erlang:phash2(next(maps:next(maps:iterator(Deep))))}),
    printed(),
    merged().

kinds() ->
    [{small, fun(I) -> I end},
     {negative, fun(I) -> -I * 1000003 end},
     {edge, fun(I) -> I bsl 58 end},
     {word, fun(I) -> I bsl 60 end},
     {negative_word, fun(I) -> -(I bsl 60) end},
     {big, fun(I) -> I bsl 100 end},
     {negative_big, fun(I) -> -(I bsl 129) end},
     {float, fun(I) -> float(I) end},
     {string, fun(I) -> integer_to_list(I * 7919) end},
     {long_string, fun(I) -> lists:duplicate(I, $x) end},
     {list, fun(I) -> [I, {I}, I | I] end},
     {lists, fun(I) -> [[I], "x", 3.0 * I] end},
     {pair, fun(I) -> [I | -I] end},
     {binary, fun(I) -> integer_to_binary(I * I * I * I * I * I * I) end},
     {long_binary, fun(I) -> binary:copy(<<I>>, I) end},
     {bits, fun(I) -> <<I:77>> end},
     {shifted, fun(I) -> <<_:3, Rest/bits>> = <<I:77, I:8>>, Rest end},
     {tuple, fun(I) -> {I, I + 1, "a"} end},
     {nested, fun(I) -> {[], I, {{}, -I}, {[1]}} end},
     {map, fun(I) -> #{I => I, 0 => {}, "k" => 1.5} end},
     {maps, fun(I) -> maps:from_list([{J, I} || J <- lists:seq(1, 40)]) end},
     {large_maps, fun(I) -> maps:from_list([{{J}, [J]} || J <- lists:seq(1, 500 + I)]) end}].

%% Made at once and one by one: the same, and every key is found.
shown(Name, Keys) ->
    Pairs = lists:zip(Keys, lists:seq(1, length(Keys))),
    Map = maps:from_list(Pairs),
    Map = lists:foldl(fun({K, V}, M) -> M#{K => V} end, #{}, Pairs),
    [V = map_get(K, Map) || {K, V} <- Pairs],
    Half = lists:foldl(fun(K, M) -> maps:remove(K, M) end, Map, lists:sublist(Keys, 10)),
    tb:p(Name, maps:values(Map)),
    tb:p(Name, maps:values(Half)),
    true = maps:merge(Half, Map) =:= Map.

next(none) -> [];
next({K, _, I}) -> [K | next(maps:next(I))].

printed() ->
    case erlang:system_info(otp_release) of
        "25" -> ok;
        _ ->
            Inner = maps:from_list([{I, {I}} || I <- lists:seq(1, 34)]),
            io:format("~ts~n", [erts_internal:term_to_string(Inner#{Inner => "x"})]),
            io:format("~ts~n", [erts_internal:term_to_string([Inner], 100)])
    end.

merged() ->
    Keys = fun(M) -> erts_internal:map_to_tuple_keys(M) end,
    A = tb:id(#{1 => a, 2 => b, 3 => c}),
    B = tb:id(#{2 => new}),
    C = tb:id(#{2 => new, 4 => d}),
    tb:p(values, [maps:merge(A, B), maps:merge(B, A), maps:merge(A, C), maps:merge(C, A), maps:merge(B, C), maps:merge(C, B)]),
    tb:p(keys, erts_debug:same(Keys(maps:merge(A, B)), Keys(A))),
    tb:p(whole, erts_debug:same(maps:merge(B, A), A)),
    tb:p(neither, erts_debug:same(Keys(maps:merge(A, C)), Keys(A))).
