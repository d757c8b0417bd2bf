%% otp: 29
-module(defaults).
-export([main/0]).
-import(tb, [p/2, t/2]).

%% Default objects that have no place for the key, and binary:copy/2 of bits.
main() ->
    T = ets:new(t, [{keypos, 2}]),
    ets:insert(T, {0, key, 1}),
    [begin
         p({K, D, element}, cause(fun() -> ets:update_element(T, K, {3, x}, D) end)),
         p({K, D, counter}, cause(fun() -> ets:update_counter(T, K, {3, 1}, D) end)),
         p({K, D, nothing}, cause(fun() -> ets:update_counter(T, K, [], D) end)),
         ets:insert(T, {0, key, 1}), ets:delete(T, other)
     end || K <- [key, other], D <- [{1}, {}, foo, [], {1, 2}, {1, 2, 3}]],
    p(bag, cause(fun() -> ets:update_element(ets:new(b, [bag, {keypos, 2}]), k, {1, x}, {1}) end)),
    p(left, ets:tab2list(T)),
    t(copy_bits, fun() -> binary:copy(<<1:1>>, 0) end),
    p(copy_none, binary:copy(<<1>>, 0)).

cause(F) ->
    try F()
    catch error:R:S -> {_, N, A, I} = hd(S), {R, N, length(A), maps:get(cause, proplists:get_value(error_info, I, #{}), none)}
    end.
