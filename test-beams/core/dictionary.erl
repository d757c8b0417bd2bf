-module(dictionary).
-export([main/0]).
-import(tb, [p/2, id/1]).

main() ->
    [erase(K) || K <- get_keys()],
    p(empty, get()),
    p(put_new, put(a, 1)),
    p(put_old, put(a, 2)),
    p(get, {get(a), get(b)}),
    p(erase, {erase(a), erase(a), get(a)}),
    p(odd_keys, [put(K, V) || {V, K} <- lists:zip(lists:seq(1, 6), [1, 1.0, "str", {t}, <<"b">>, #{m => 1}])]),
    p(odd_get, [get(K) || K <- [1, 1.0, "str", {t}, <<"b">>, #{m => 1}, 2]]),
    p(all, tb:sort(get())),
    p(keys, tb:sort(get_keys())),
    p(keys_of, lists:sort(get_keys(3))),
    p(erase_all, {length(erase()), get()}),
    [put(K, K * K) || K <- lists:seq(1, 5000)],
    p(many, {length(get()), get(1), get(2500), get(5000), get(5001), lists:sum([get(K) || K <- lists:seq(1, 5000)])}),
    [erase(K) || K <- lists:seq(1, 5000), K rem 3 =/= 0],
    p(fewer, {length(get()), get(3), get(4), tb:h(tb:sort(get()))}),
    [put({key, K}, lists:duplicate(K rem 7, K)) || K <- lists:seq(1, 300)],
    garbage_collect(),
    p(after_gc, tb:h([get({key, K}) || K <- lists:seq(1, 300)])),
    p(info, length(element(2, erlang:process_info(self(), dictionary)))),
    erase(),
    p(separate, begin
        put(x, mine), Me = self(),
        spawn(fun() -> put(x, yours), Me ! {get(x), get()} end),
        {receive M -> M end, get(x)} end),
    p(value_undefined, begin put(u, undefined), {get(u), tb:sort(get())} end),
    p(loop, count(id(100000))).

count(0) -> erase(counter);
count(N) ->
    put(counter, case get(counter) of undefined -> 1; C -> C + 1 end),
    count(N - 1).
