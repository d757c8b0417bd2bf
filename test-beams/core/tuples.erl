-module(tuples).
-export([main/0]).

main() ->
    tb:p(size, tuple_size({a, b, c})),
    tb:t(element0, fun() -> element(id(0), {a, b}) end),
    tb:t(element3, fun() -> element(id(3), {a, b}) end),
    tb:t(element_atom, fun() -> element(id(x), {a, b}) end),
    tb:t(element_list, fun() -> element(1, id([a])) end),
    tb:p(setelement, setelement(id(2), {a, b, c}, z)),
    tb:t(setelement_bad, fun() -> setelement(id(4), {a, b, c}, z) end),
    tb:p(append, erlang:append_element({a, b}, c)),
    tb:p(delete, erlang:delete_element(2, {a, b, c})),
    tb:t(delete_bad, fun() -> erlang:delete_element(id(4), {a, b, c}) end),
    tb:p(insert, erlang:insert_element(2, {a, b, c}, x)),
    tb:p(insert_end, erlang:insert_element(4, {a, b, c}, x)),
    tb:t(insert_bad, fun() -> erlang:insert_element(id(5), {a, b, c}, x) end),
    tb:p(make, erlang:make_tuple(3, [])),
    tb:p(make_init, erlang:make_tuple(5, zz, [{2, ignored}, {5, a}, {2, b}])),
    tb:t(make_bad, fun() -> erlang:make_tuple(id(-1), x) end),
    tb:t(make_init_bad, fun() -> erlang:make_tuple(2, x, [{3, y}]) end),
    tb:p(to_list, tuple_to_list(list_to_tuple(lists:seq(1, 20)))),
    tb:t(to_tuple_bad, fun() -> list_to_tuple(id([a | b])) end),
    Big = list_to_tuple(lists:seq(1, 5000)),
    tb:p(big, {tuple_size(Big), element(1, Big), element(2500, Big), element(5000, Big)}),
    Big2 = setelement(2500, Big, here),
    tb:p(big_set, {element(2499, Big2), element(2500, Big2), element(2500, Big)}),
    %% Updates that the compiler merges.
    T0 = {1, 2, 3, 4, 5, 6},
    T1 = setelement(6, setelement(4, setelement(2, id(T0), b), d), f),
    tb:p(merged, T1),
    tb:p(fold, lists:foldl(fun(I, T) -> setelement(I, T, I * I) end, erlang:make_tuple(50, 0), lists:seq(1, 50))),
    tb:p(match, [match(T) || T <- [{}, {a}, {a, 1}, {b, 1}, {b, 2, c}, {ok, {ok, {ok, 3}}}, x, [{a}]]]),
    tb:p(compare, [{} < {a}, {z} < {a, a}, {a, b} < {a, c}, {1, 2.0} =:= {1, 2}, {1, 2.0} == {1, 2}]).

match({}) -> zero;
match({a}) -> one_a;
match({a, N}) -> {two_a, N};
match({b, 1}) -> two_b_one;
match({b, _, C}) -> {three, C};
match({ok, {ok, {ok, N}}}) -> {nested, N};
match(T) when is_tuple(T) -> other_tuple;
match(_) -> no.

id(X) -> X.
