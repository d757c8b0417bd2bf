%% Ordered tables with write_concurrency, split into parts by force and by writers that meet: they show the same as
%% one without parts.
-module(parts).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    erts_debug:set_internal_state(available_internal_state, true),
    One = ets:new(one, [ordered_set, public]),
    Many = ets:new(many, [ordered_set, public, {write_concurrency, true}]),
    p(before, [ets:info(One, stats), ets:info(Many, stats)]),
    Force = fun(On) -> erts_debug:set_internal_state(ets_force_split, {Many, On}) end,
    p(force, Force(true)),
    t(no_parts, fun() -> erts_debug:set_internal_state(ets_force_split, {id(One), true}) end),
    both(insert, One, Many, fun(T) -> [ets:insert(T, {K * 7 rem 101, K}) || K <- lists:seq(1, 100)] end),
    {Routes, Bases, _} = ets:info(Many, stats),
    p(split, [Routes > 10, Bases - Routes]),
    both(walk, One, Many, fun(T) -> walk(T, ets:first(T)) end),
    both(back, One, Many, fun(T) -> back(T, ets:last(T)) end),
    both(beside, One, Many, fun(T) -> [{ets:next(T, K), ets:prev(T, K)} || K <- [-1, 0, 1, 50, 50.5, 99, 100, 200, a]] end),
    both(slot, One, Many, fun(T) -> [ets:slot(T, N) || N <- [0, 1, 42, 99, 100]] end),
    both(slot_beyond, One, Many, fun(T) -> element(1, catch ets:slot(T, 101)) end),
    both(lookup, One, Many, fun(T) -> [ets:lookup(T, K) || K <- [0, 1, 1.0, 50, 100, 101]] end),
    both(select, One, Many, fun(T) -> ets:select(T, [{{'$1', '$2'}, [{'>', '$1', 30}, {'<', '$1', 60}], ['$$']}]) end),
    both(reverse, One, Many, fun(T) -> ets:select_reverse(T, [{{'$1', '_'}, [], ['$1']}]) end),
    both(chunks, One, Many, fun(T) -> chunks(ets:select(T, [{{'$1', '_'}, [], ['$1']}], 7)) end),
    both(chunks_back, One, Many, fun(T) -> chunks(ets:select_reverse(T, [{{'$1', '_'}, [], ['$1']}], 9)) end),
    both(count, One, Many, fun(T) -> ets:select_count(T, [{{'_', '$1'}, [{'<', '$1', 40}], [true]}]) end),
    both(replace, One, Many, fun(T) -> {ets:select_replace(T, [{{'$1', '$2'}, [{'>', '$1', 70}], [{{'$1', {{'$2', x}}}}]}]), ets:tab2list(T)} end),
    both(delete, One, Many, fun(T) -> {ets:select_delete(T, [{{'$1', '_'}, [{'<', '$1', 20}], [true]}]), ets:first(T)} end),
    both(one_key, One, Many, fun(T) -> [ets:delete(T, 25), ets:take(T, 26), ets:delete_object(T, {27, x}), ets:member(T, 25), ets:member(T, 27)] end),
    both(update, One, Many, fun(T) -> [ets:update_counter(T, 28, 5), ets:update_element(T, 29, {2, new}), ets:update_counter(T, c, 3, {c, 1}), ets:lookup(T, 29)] end),
    both(all, One, Many, fun(T) -> [ets:insert(T, [{K, again} || K <- lists:seq(1, 90, 4)]), ets:insert_new(T, [{K / 2, half} || K <- lists:seq(1, 9, 2)]), ets:insert_new(T, [{1000, x}, {30, x}]), ets:member(T, 1000)] end),
    both(tuples, One, Many, fun(T) -> [ets:insert(T, {{a, K rem 5, K}, K}) || K <- lists:seq(1, 60)], {ets:match(T, {{a, 3, '$1'}, '_'}), ets:select(T, [{{{a, 2, '$1'}, '_'}, [], ['$1']}]), ets:match(T, {{a, 7, '$1'}, '_'})} end),
    both(size, One, Many, fun(T) -> {ets:info(T, size), erlang:phash2(ets:tab2list(T))} end),
    p(unforce, Force(false)),
    p(random, erts_debug:set_internal_state(ets_debug_random_split_join, {Many, true})),
    both(churn, One, Many, fun(T) -> [begin ets:insert(T, {K * 13 rem 500, K}), ets:delete(T, K * 17 rem 500) end || K <- lists:seq(1, 2000)], {ets:info(T, size), erlang:phash2(ets:tab2list(T))} end),
    p(not_random, erts_debug:set_internal_state(ets_debug_random_split_join, {Many, false})),
    both(clear, One, Many, fun(T) -> [ets:delete_all_objects(T), ets:info(T, size), ets:first(T), ets:last(T), ets:tab2list(T)] end),
    p(one_again, ets:info(Many, stats)),
    p(writers, writers(Many)),
    p(names, [length(Names) || Names <- [erts_debug:set_internal_state(colliding_names, {pioneer, 4})]]),
    p(words, erts_debug:get_internal_state('DbTable_words')),
    p(memory, [ets:info(ets:new(x, [ordered_set, public | O]), memory) || O <- [[], [{write_concurrency, true}], [{write_concurrency, true}, {decentralized_counters, false}], [{write_concurrency, true}, {read_concurrency, true}]]]).

both(Name, One, Many, F) ->
    A = F(One),
    B = F(Many),
    p(Name, {A =:= B, A}).

walk(_, '$end_of_table') -> [];
walk(T, K) -> [K | walk(T, ets:next(T, K))].

back(_, '$end_of_table') -> [];
back(T, K) -> [K | back(T, ets:prev(T, K))].

chunks('$end_of_table') -> [];
chunks({L, C}) -> [L | chunks(ets:select(C))].

%% Processes that write, delete and look at ranges beside each other.
writers(T) ->
    Work = fun(W) ->
        fun() ->
            [begin
                ets:insert(T, {{K rem 300, W}, K}),
                K rem 3 =:= 0 andalso ets:delete(T, {(K + 150) rem 300, W}),
                K rem 50 =:= 0 andalso ets:select_count(T, [{{{'_', W}, '_'}, [], [true]}])
             end || K <- lists:seq(1, 3000)],
            exit({done, lists:sort(ets:select(T, [{{{'$1', W}, '_'}, [], ['$1']}]))})
        end
    end,
    Ps = [spawn_monitor(Work(W)) || W <- lists:seq(1, 6)],
    L = [receive {'DOWN', M, _, P, {done, Keys}} -> {length(Keys), erlang:phash2(Keys)} end || {P, M} <- Ps],
    {L, ets:info(T, size)}.
