-module(match_specs).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).
-include_lib("stdlib/include/ms_transform.hrl").

main() ->
    [body(Type) || Type <- [set, ordered_set, bag]],
    test_ms(),
    continuation(),
    partial().

fill(Type) ->
    T = ets:new(t, [Type]),
    ets:insert(T, [{K, K rem 3, {x, K * 2}, lists:seq(1, K rem 4)} || K <- lists:seq(1, 12)] ++ [{a, atom}, {"s", string, 1}, {b, #{k => v}}, {c, <<"bin">>, 1.5}]),
    T.

body(Type) ->
    T = fill(Type),
    S = fun(L) -> lists:sort(L) end,
    P = fun(L, X) -> p({Type, L}, X) end,
    P(match, [S(ets:match(T, M)) || M <- [{'$1', 0, '_', '_'}, {'$1', '$1', '_', '_'}, {'_', '_', {x, '$1'}, '$2'}, {a, '$1'}, {'$2', string, '$1'}, '$1', '_', {5, '$3', '$1', '$2'}, {'$1', '_', '_', []}]]),
    P(match_object, [S(ets:match_object(T, M)) || M <- [{'_', 1, '_', '_'}, {a, '_'}, {'_', '_', {x, 8}, '_'}, {nope}, {'$1', '$1', '_', '_'}]]),
    P(select, S(ets:select(T, ets:fun2ms(fun({K, 0, {x, V}, _}) when K > 3 -> {V, K} end)))),
    P(select_guards, [S(ets:select(T, [{{'$1', '$2', '_', '_'}, G, ['$1']}])) || G <- [
        [{'>', '$1', 6}, {'=:=', '$2', 1}], [{'orelse', {'<', '$1', 3}, {'==', '$1', 12.0}}], [{'andalso', {is_integer, '$1'}, {'>', '$1', 10}}],
        [{'not', {'=<', '$1', 10}}], [{'xor', {'>', '$1', 6}, {'>', '$1', 9}}], [{'=:=', {'rem', '$1', 5}, 0}], [{'>', {'+', '$1', '$2'}, 13}],
        [{'and', {'>', '$1', 2}, {'<', '$1', 5}}], [{'or', {'=:=', '$1', 2}, {'=:=', '$1', 5}}], [{const, true}], [false], [{is_atom, '$1'}], [{'>', '$1', {const, 11}}], [{'>', bad, 1}], [{element, 9, '$1'}]]]),
    P(select_bodies, [try S(ets:select(T, [{{'$1', '$2', {x, '$3'}, '$4'}, [{'<', '$1', 4}], [B]}])) catch error:E -> {E, B} end || B <- [
        '$_', '$$', {{'$1', '$3'}}, ['$1', '$2'], {'+', '$1', '$3'}, {length, '$4'}, {{{element, 1, {{'$1', b}}}}}, {const, {x, '$1'}}, {hd, '$4'}, {size, '$_'}, {abs, {'-', '$1'}},
        {'*', '$1', 1.5}, {'div', '$3', 2}, {'bsl', 1, '$1'}, #{k => '$1'}, {map_size, #{}}, {tuple_size, '$_'}, {{}}, [], {max, '$1', 2}, {round, 2.6}, {is_list, '$4'}]]),
    P(select_maps, S(ets:select(T, [{{'$1', '$2'}, [{is_map, '$2'}], [{map_get, k, '$2'}]}]))),
    P(select_many, S(ets:select(T, [{{'$1', atom}, [], ['$1']}, {{'$1', '$2', '_', '_'}, [{'=:=', '$1', 5}], ['$2']}, {{'$1', '_', '_'}, [], [{{found, '$1'}}]}]))),
    P(count, [ets:select_count(T, [{{'$1', '$2', '_', '_'}, [{'=:=', '$2', N}], [true]}]) || N <- [0, 1, 2, 3]]),
    P(key_bound, [ets:select(T, [{{5, '$1', '_', '_'}, [], ['$1']}]), S(ets:select(T, [{{a, '$1'}, [], ['$1']}, {{b, '_'}, [], [b]}]))]),
    P(delete, [ets:select_delete(T, [{{'$1', '$2', '_', '_'}, [{'=:=', '$2', 1}], [true]}]), ets:info(T, size)]),
    Type =:= bag orelse P(replace, [ets:select_replace(T, [{{'$1', 2, '$2', '$3'}, [], [{{'$1', two, '$2', '$3'}}]}]), S(ets:match(T, {'$1', two, '_', '_'}))]),
    P(match_delete, [ets:match_delete(T, {'_', 0, '_', '_'}), S(ets:tab2list(T))]),
    [t({Type, L}, fun() -> ets:select(T, M) end) || {L, M} <- [{not_list, foo}, {bad_tuple, [{a, b}]}, {bad_guard, [{{'$1'}, [{foo, 1}], ['$1']}]}, {unbound, [{{'$1'}, [], ['$2']}]}, {no_body, [{{'$1'}, [], []}]}, {bad_body, [{{'$1'}, [], [{nofun, '$1'}]}]}]],
    ets:delete(T).

test_ms() ->
    T = fun(Term, Ms) -> case ets:test_ms(Term, Ms) of {ok, R} -> R; {error, L} -> {error, length(L)} end end,
    p(test_ms, [T({1, 2}, [{{'$1', '$2'}, [], [{'+', '$1', '$2'}]}]), T({1}, [{{'$1', '$2'}, [], ['$_']}]), T({a}, [{{'$1'}, [{foo}], ['$1']}])]),
    C = ets:match_spec_compile([{{'$1', '$2'}, [{'>', '$1', 1}], [{{'$2', '$1'}}]}]),
    p(compiled, ets:match_spec_run([{1, a}, {2, b}, {3, c}, x, {4}], C)),
    p(is_compiled, [ets:is_compiled_ms(C), ets:is_compiled_ms(foo)]),
    p(run_list, ets:match_spec_run([[1, 2], [3]], ets:match_spec_compile([{['$1' | '$2'], [], [{{'$2', '$1'}}]}]))),
    p(big_vars, ets:match_spec_run([{a, b, c}], ets:match_spec_compile([{{'$100', '$3', '$7'}, [], ['$$']}]))),
    p(nested, ets:match_spec_run([{{1, [2, {3}]}, #{a => 4}}], ets:match_spec_compile([{{{'$1', ['$2', {'$3'}]}, #{a => '$4'}}, [], ['$$']}]))),
    p(fun2ms, ets:fun2ms(fun({A, B}) when A > 1, is_list(B) -> [A | B]; (X) -> X end)),
    p(trace_ms, erlang:match_spec_test([a, 1], [{['$1', '$2'], [{is_atom, '$1'}], [{message, '$2'}]}], trace)).

continuation() ->
    T = ets:new(t, [ordered_set]),
    ets:insert(T, [{K, K rem 2} || K <- lists:seq(1, 25)]),
    p(chunks, chunks(ets:select(T, [{{'$1', 1}, [], ['$1']}], 4))),
    p(match_chunks, chunks_m(ets:match(T, {'$1', 0}, 5))),
    p(reverse, chunks_r(ets:select_reverse(T, [{{'$1', 1}, [], ['$1']}], 6))),
    p(select_reverse, ets:select_reverse(T, [{{'$1', 0}, [{'>', '$1', 15}], ['$1']}])),
    p(object_chunks, begin {L, _} = ets:match_object(T, {'_', 1}, 3), L end),
    H = ets:new(h, [set]),
    ets:insert(H, [{K, K rem 2} || K <- lists:seq(1, 500)]),
    p(set_chunks, tb:h(lists:sort(lists:append(chunks(ets:select(H, [{{'$1', 1}, [], ['$1']}], 7)))))),
    p(none, ets:select(H, [{{'$1', 7}, [], ['$1']}], 7)).

chunks('$end_of_table') -> [];
chunks({L, C}) -> [L | chunks(ets:select(C))].
chunks_m('$end_of_table') -> [];
chunks_m({L, C}) -> [L | chunks_m(ets:match(C))].
chunks_r('$end_of_table') -> [];
chunks_r({L, C}) -> [L | chunks_r(ets:select_reverse(C))].

%% Ordered sets use a bound prefix of the key.
partial() ->
    T = ets:new(t, [ordered_set]),
    ets:insert(T, [{{A, B}, A * B} || A <- lists:seq(1, 20), B <- [x, y, z, 1, 2], is_integer(B)] ++ [{{A, B}, B} || A <- [1, 2, q], B <- [x, y]]),
    p(partial, [ets:select(T, [{{{7, '$1'}, '$2'}, [], [{{'$1', '$2'}}]}]), ets:match(T, {{q, '$1'}, '_'}), ets:select_count(T, [{{{2, '_'}, '_'}, [], [true]}])]).
