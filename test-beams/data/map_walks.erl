%% otp: 27 29
-module(map_walks).
-export([main/0]).
-import(tb, [p/2]).

%% In which of the ways through a map associations come in the same order.
main() ->
    [p({size, N}, agree(maps:from_list([{I, I * I} || I <- lists:seq(1, N)]))) || N <- [0, 1, 32, 33, 40, 1000, 20000]],
    p(mixed, agree(maps:from_list([{{I}, a} || I <- lists:seq(1, 50)] ++ [{<<I>>, b} || I <- lists:seq(1, 50)]))).

agree(M) ->
    List = maps:to_list(M),
    Walk = walk(maps:iterator(M)),
    {[K || {K, _} <- List] =:= maps:keys(M), [V || {_, V} <- List] =:= maps:values(M), List =:= Walk,
     lists:reverse(List) =:= Walk, maps:to_list(maps:iterator(M)) =:= Walk, [{K, V} || K := V <- M] =:= Walk,
     lists:reverse(maps:fold(fun(K, V, A) -> [{K, V} | A] end, [], M)) =:= Walk, lists:sort(List) =:= lists:sort(Walk)}.

walk(I) ->
    case maps:next(I) of
        none -> [];
        {K, V, Next} -> [{K, V} | walk(Next)]
    end.
