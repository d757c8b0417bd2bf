%% Compressed tables: they take less memory, as much as on the reference, and all else is as in other tables.
-module(compressed_tables).
-compile({no_auto_import, [size/1]}).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    [whole(Type) || Type <- [set, ordered_set, bag, duplicate_bag]],
    [memory(Type, K) || Type <- [set, ordered_set, bag, duplicate_bag], K <- [1, 2]],
    elements(),
    equal_in_bags(),
    select(),
    kept_apart(),
    many().

%% Collecting at every chance takes too long with large ones.
size(N) -> case os:getenv("OXBEAM_GC_ZEAL") of false -> N; _ -> N div 100 end.

values() ->
    Long = lists:duplicate(size(70000), $x),
    [a, [], {}, #{}, 0, -1, 255, 256, 1 bsl 31, -(1 bsl 31) - 1, 1 bsl 59, -(1 bsl 59), 1 bsl 60, 1 bsl 64, -(1 bsl 64), 1 bsl 3000, -(1 bsl 3000),
     0.0, -0.0, 1.5, 1.0e300, "abc", [0, 255, 256], [1 | 2], [[], [[a]], "x" | "y"], Long, Long ++ [a], lists:seq(1, size(3000)), [$a, $b | c],
     <<>>, <<1, 2, 3>>, <<5:3>>, <<1, 5:3>>, list_to_binary(lists:seq(1, 64)), list_to_binary(lists:seq(1, 200)), [<<"abc">>, list_to_binary(Long)],
     {a, {b, "c"}, [1.5]}, list_to_tuple(lists:seq(1, 300)), #{a => 1, "b" => [2], {c} => #{d => e}}, maps:from_list([{I, [I]} || I <- lists:seq(1, 100)]),
     self(), [self()], fun erlang:length/1, [fun lists:map/2], 'an atom', [true, 'späm', '漢字'], make_ref(), [make_ref()],
     [c:pid(0, 1, 0), {x, self()}], hd(erlang:ports()), [hd(erlang:ports())], deep(size(10000), x), wide(5)].

deep(0, A) -> A;
deep(N, A) -> deep(N - 1, case N rem 3 of 0 -> [A]; 1 -> {A}; _ -> #{A => N} end).

wide(0) -> leaf;
wide(N) -> {wide(N - 1), [wide(N - 1)]}.

whole(Type) ->
    T = ets:new(t, [Type, compressed]),
    Values = values(),
    Keyed = lists:zip(lists:seq(1, length(Values)), Values),
    [true = ets:insert(T, {K, V, [V], V}) || {K, V} <- Keyed],
    true = ets:insert(T, [{{key, K}, [K | V]} || {K, V} <- Keyed]),
    true = lists:all(fun({K, V}) -> ets:lookup(T, K) =:= [{K, V, [V], V}] andalso ets:lookup(T, {key, K}) =:= [{{key, K}, [K | V]}] end, Keyed),
    Elements = [case Type of
                    set -> ets:lookup_element(T, K, 3) =:= [V];
                    ordered_set -> ets:lookup_element(T, K, 3) =:= [V];
                    _ -> ets:lookup_element(T, K, 3) =:= [[V]]
                end || {K, V} <- Keyed],
    p({Type, elements}, lists:usort(Elements)),
    p({Type, list}, lists:sort(ets:tab2list(T)) =:= lists:sort([{K, V, [V], V} || {K, V} <- Keyed] ++ [{{key, K}, [K | V]} || {K, V} <- Keyed])),
    p({Type, matched}, lists:usort([ets:match_object(T, {'_', V, '_', V}) =/= [] || {_, V} <- Keyed, not is_map(V), not is_tuple(V)])),
    p({Type, taken}, lists:usort([ets:take(T, K) =:= [{K, V, [V], V}] || {K, V} <- Keyed])),
    [true = ets:delete_object(T, {{key, K}, [K | V]}) || {K, V} <- Keyed],
    p({Type, left}, ets:info(T, size)),
    p({Type, info}, ets:info(T, compressed)),
    ets:delete(T).

memory(Type, K) ->
    Empty = ets:new(t, [Type, compressed, {keypos, K}]),
    T = ets:new(t, [Type, compressed, {keypos, K}]),
    Base = ets:info(Empty, memory),
    Bytes = [begin
                 true = ets:insert(T, O),
                 M = ets:info(T, memory) - Base,
                 ets:delete_all_objects(T),
                 M
             end || O <- objects()],
    p({Type, K, words}, Bytes),
    [ets:insert(T, {I, integer_to_list(I), I}) || I <- lists:seq(1, 100)],
    p({Type, K, hundred}, ets:info(T, memory) - Base),
    ets:match_delete(T, {'_', "7", '_'}),
    [ets:delete(T, element(K, {I, integer_to_list(I)})) || I <- lists:seq(1, 50)],
    p({Type, K, fifty}, ets:info(T, memory) - Base),
    ets:delete(Empty),
    ets:delete(T).

objects() ->
    [{1, a}, {1, 2, "a"}, {1, "abcdefgh", 2}, {"key", "value"}, {{a, b}, {c, d}, {e, f, [1, 2, 3]}}, {k, 1 bsl 70}, {k, 1.5, 2.5}, {k, lists:seq(1, 300)},
     {k, <<"a binary">>, [a, list, 'of', atoms]}, {1, {1, 2, {3, {4}}}, -5000, 100000}, {[1, 2], [300, 400 | 5]}].

elements() ->
    T = ets:new(t, [compressed]),
    true = ets:insert(T, {k, 1, "text", 1 bsl 80}),
    p(counted, [ets:update_counter(T, k, {4, 1}), ets:update_counter(T, k, [{2, 1 bsl 70}, {2, -(1 bsl 70)}])]),
    p(not_counted, [element(1, element(2, catch ets:update_counter(T, k, {3, 1}))), ets:lookup(T, k)]),
    p(updated, [ets:update_element(T, k, {3, {new, "value"}}), ets:update_element(T, k, [{2, [1, 2, 300]}, {3, 7}, {4, <<1:9>>}]), ets:lookup(T, k)]),
    p(again, [ets:update_element(T, k, [{2, 1}, {3, "x"}, {2, 2.5}]), ets:lookup(T, k), ets:lookup_element(T, k, 2)]),
    p(made, [ets:update_counter(T, new, {2, 3}, {x, 4, "default"}), ets:lookup(T, new)]),
    p(insert_new, [ets:insert_new(T, {new, "other"}), ets:insert_new(T, [{a, "1"}, {b, {2}}]), lists:sort(ets:tab2list(T))]).

equal_in_bags() ->
    T = ets:new(t, [bag, compressed]),
    [ets:insert(T, {k, V, n}) || V <- [1, 1.0, {a, "b"}, {a, "b"}, #{b => 1, a => [2]}, #{a => [2], b => 1}, [x | y], [x | y]]],
    p(bag, [length(ets:lookup(T, k)), ets:lookup_element(T, k, 2)]),
    ets:delete_object(T, {k, {a, "b"}, n}),
    p(bag, ets:lookup(T, k)).

select() ->
    T = ets:new(t, [ordered_set, compressed]),
    [ets:insert(T, {I, {I rem 3, integer_to_list(I)}, [I, I]}) || I <- lists:seq(1, 30)],
    p(select, ets:select(T, [{{'$1', {1, '$2'}, '_'}, [{'>', '$1', 20}], [{{'$2', '$1'}}]}])),
    p(count, ets:select_count(T, [{{'_', {2, '_'}, '_'}, [], [true]}])),
    p(replace, ets:select_replace(T, [{{'$1', {2, '$2'}, '_'}, [], [{{'$1', replaced, '$2'}}]}])),
    p(delete, ets:select_delete(T, [{{'_', {0, '_'}, '_'}, [], [true]}])),
    p(whole, ets:tab2list(T)),
    p(objects, ets:match_object(T, {'_', replaced, "5"})),
    p(folded, ets:foldl(fun({K, _, _}, Sum) -> K + Sum end, 0, T)),
    C = ets:new(c, [compressed, {keypos, 2}]),
    ets:insert(C, ets:match_object(T, {'_', '_', "8"})),
    p(moved, ets:tab2list(C)).

%% What was read stays when the object goes.
kept_apart() ->
    T = ets:new(t, [compressed, public]),
    Big = list_to_binary(lists:duplicate(1000, 1)),
    ets:insert(T, {k, [Big, "text"], {Big}, "a"}),
    [O] = ets:lookup(T, k),
    ets:delete_all_objects(T),
    garbage_collect(),
    p(kept, erlang:phash2(O)),
    p(table_in_table, begin ets:insert(T, {t, [T]}), [{_, [X]}] = ets:lookup(T, t), ets:info(X, size) end).

many() ->
    T = ets:new(t, [compressed, public, {write_concurrency, true}]),
    Ws = [spawn_monitor(fun() ->
              [begin ets:insert(T, {{W, I rem 50}, [W, I | "text"], {I}}), [{_, [W, I | _], {I}}] = ets:lookup(T, {W, I rem 50}) end || I <- lists:seq(1, size(5000))]
          end) || W <- lists:seq(1, 4)],
    p(many, [receive {'DOWN', R, _, _, Why} -> Why end || {_, R} <- Ws]),
    p(size, ets:info(T, size)).
