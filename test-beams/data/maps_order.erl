%% otp: 25
%% Small maps are in term order up to OTP 25, and iterate in it.
-module(maps_order).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    p(order_small, [maps:to_list(#{c => 1, a => 2, b => 3}), maps:keys(#{3 => x, 1.0 => y, a => z, "s" => w, 2 => v})]),
    p(folds, [maps:fold(fun(K2, V3, A) -> [{K2, V3} | A] end, [], #{a => 1, b => 2}), maps:map(fun(_, X) -> X * 2 end, #{a => 1, b => 2}), maps:filter(fun(_, X) -> X > 1 end, #{a => 1, b => 2}), maps:filtermap(fun(a, _) -> false; (_, X) -> {true, X + 1} end, #{a => 1, b => 2})]),
    p(iterate, iterate(maps:iterator(#{a => 1, b => 2, c => 3}))),
    p(print, io_lib:format("~p ~w", [#{a => "str", "b" => <<"bin">>}, #{}])).

iterate(I) -> case maps:next(I) of {K, V, J} -> [{K, V} | iterate(J)]; none -> [] end.
