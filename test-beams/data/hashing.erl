-module(hashing).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    Terms = [0, 1, -1, 255, 256, 1 bsl 27, 1 bsl 28, 1 bsl 31, 1 bsl 32, -(1 bsl 32), 1 bsl 59, 1 bsl 60, -(1 bsl 60), 1 bsl 64, 1 bsl 100, -(1 bsl 200),
             0.0, -0.0, 1.0, -1.5, 1.0e100, a, b, '', 'a b', 'å', 'α', true, undefined, [], [1], [a], "abc", "a longer string than fifteen", [1, 2 | 3], [[1], [2]], [a | b],
             {}, {1}, {a, b}, {{}, {[]}}, {1, 2, 3, 4, 5}, <<>>, <<"abc">>, <<"a longer binary than fits in sixteen">>, <<1:3>>, <<255, 1:1>>,
             #{}, #{a => 1}, #{1 => 2, b => c}, fun lists:map/2, fun lists:foldl/3],
    p(phash2, [erlang:phash2(T) || T <- Terms]),
    p(phash2_range, [erlang:phash2(T, 1000) || T <- Terms]),
    p(phash2_full, [erlang:phash2(T, 1 bsl 32) || T <- Terms]),
    p(phash, [erlang:phash(T, 1 bsl 32) || T <- lists:sublist(Terms, 47)]),
    p(large_map, erlang:phash2(maps:from_list([{I, I} || I <- lists:seq(1, 100)]))),
    p(long_list, erlang:phash2(lists:seq(1, 10000))),
    p(long_string, erlang:phash2(lists:duplicate(1000, $x))),
    p(mixed_list, erlang:phash2([1, 2, a, 3, 300, 4, "abc", 5 | tail])),
    p(big_binary, erlang:phash2(binary:copy(<<"abc">>, 5000))),
    p(sub_binary, begin <<_:3, B:80/bits, _/bits>> = <<16#123456789abcdef0123456789abcdef:128>>, erlang:phash2(B) end),
    p(nested, erlang:phash2(nest(2000, x))),
    p(equal_numbers, [erlang:phash2(1) =:= erlang:phash2(1.0), erlang:phash2(0.0) =:= erlang:phash2(-0.0)]),
    t(range0, fun() -> erlang:phash2(a, id(0)) end),
    t(range_big, fun() -> erlang:phash2(a, id((1 bsl 32) + 1)) end),
    t(range_atom, fun() -> erlang:phash2(a, id(x)) end),
    p(spread, spread(lists:seq(1, 10000))),
    tb:block(random, {1000, tb:seed(41)}, fun(S0) ->
        {X, S1} = tb:next(S0), {Y, S2} = tb:next(S1),
        T = case X rem 6 of 0 -> X; 1 -> X * Y; 2 -> {X, Y}; 3 -> [X rem 256, Y rem 256]; 4 -> integer_to_binary(X); 5 -> X / (Y + 1) end,
        {{erlang:phash2(T), erlang:phash2({T, [T]}, 65536)}, S2} end).

nest(0, T) -> T;
nest(N, T) -> nest(N - 1, {N, [T]}).

spread(L) ->
    Counts = lists:foldl(fun(X, M) -> maps:update_with(erlang:phash2(X, 16), fun(C) -> C + 1 end, 1, M) end, #{}, L),
    lists:sort(maps:to_list(Counts)).
