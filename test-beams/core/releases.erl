-module(releases).
-export([main/0, size_left/1]).
-import(tb, [p/2, t/2, id/1]).

%% What differs between releases of OTP: natives that come and go, signed zero, items, match contexts as terms.
main() ->
    [code:ensure_loaded(M) || {M, _, _} <- natives()],
    p(exported, [{M, F, A, erlang:function_exported(M, F, A)} || {M, F, A} <- natives()]),
    p(builtin, [{M, F, A, erlang:is_builtin(M, F, A)} || {M, F, A} <- natives()]),
    p(zero, [id(0.0) =:= id(-0.0), id(0.0) == id(-0.0), id([0.0]) =:= id([-0.0]), maps:size(#{id(0.0) => 1, id(-0.0) => 2})]),
    p(abs, [abs(id(-0.0)) =:= 0.0, abs(id(-1.5)), abs(id(2.5))]),
    p(sizes, [size_left(<<"abc">>), size_left(<<"xabcd">>), size_left(<<"x">>), size_left(<<"xab", 1:3>>)]),
    t(flag, fun() -> [process_flag(id(async_dist), true), process_flag(id(async_dist), false)] end),
    t(spawn_option, fun() -> is_pid(spawn_opt(fun() -> ok end, [{id(async_dist), true}])) end),
    t(label, fun() -> process_info(self(), id(label)) end),
    t(dictionary, fun() -> put(k, v), process_info(self(), {dictionary, id(k)}) end),
    t(lookup_element, fun() -> T = ets:new(t, []), apply(ets, lookup_element, [T, k, 2, none]) end),
    t(update_element, fun() -> T = ets:new(t, []), {apply(ets, update_element, [T, k, {2, b}, {k, a}]), ets:tab2list(T)} end),
    t(first_lookup, fun() -> T = ets:new(t, [ordered_set]), ets:insert(T, [{a, 1}, {b, 2}]), {apply(ets, first_lookup, [T]), apply(ets, next_lookup, [T, a])} end),
    t(ordered_iterator, fun() -> maps:to_list(apply(maps, iterator, [maps:from_keys(lists:seq(40, 1, -1), x), ordered])) end),
    t(json, fun() -> iolist_to_binary(apply(json, encode, [[1, 2.5, null, true, <<"x\n">>]])) end),
    t(coverage, fun() -> apply(code, get_coverage_mode, []) end),
    t(max_integer, fun() -> I = erlang:system_info(id(max_integer)), {I > 1 bsl 64, I band 255} end),
    t(max_integer_and_more, fun() -> erlang:system_info(id(max_integer)) + 1, ok end),
    t(iterator, fun() -> lists:sort(pids(apply(erlang, processes_iterator, []))) =:= lists:sort(processes()) end),
    t(between, fun() -> [apply(erlang, is_integer, [X, 1, 3]) || X <- [0, 1, 3, 4, 2.0, a]] end),
    t(between_bad, fun() -> apply(erlang, is_integer, [1, a, 3]) end),
    t(native_record, fun() -> [apply(erlang, is_record, [X]) || X <- [{r, 1}, r, #{}]] end).

natives() ->
    [{erlang, display_string, 1}, {erlang, display_string, 2}, {erlang, list_to_integer, 1}, {erlang, min, 2},
     {erlang, is_integer, 3}, {erts_internal, list_to_integer, 2}, {erts_internal, processes_next, 1},
     {ets, lookup_element, 4}, {ets, update_element, 4}, {ets, next_lookup, 2}, {persistent_term, put_new, 2},
     {string, list_to_integer, 1}, {erts_debug, display, 1}, {code, coverage_support, 0}, {erlang, nosuch, 0}].

%% From OTP 26 on compilers ask the match context for what is left.
size_left(<<"x", Rest/bits>>) when byte_size(Rest) > 2 -> {long, byte_size(Rest), bit_size(Rest)};
size_left(<<"abc", _/bits>> = All) -> {abc, byte_size(All)};
size_left(B) when bit_size(B) > 8 -> {other, bit_size(B)};
size_left(_) -> short.

pids(Iterator) ->
    case apply(erlang, processes_next, [Iterator]) of
        none -> [];
        {Pid, Next} -> [Pid | pids(Next)]
    end.
