%% otp: 29
-module(native_records).
-export([main/0]).

%% Native records: made, updated, matched, compared, hashed, sent, kept, written and read; those of a
%% module that is loaded for them, and what becomes of them when it goes.

-record #point{x=1, y=2}.
-record #backwards{zzzz=0, aaaa=1}.
-record #empty{}.
-record #bare{a, b=[1,2,3], c=1 bsl 70}.
-export_record([shown]).
-record #shown{left, right=none}.

main() ->
    T = fun(Name, F) -> show(Name, try F() catch C:R -> {C, R} end) end,
    P = id(#point{}),
    T(make, fun() -> [P, #point{y=7}, #empty{}, #bare{a=P}, #backwards{}, #shown{left=l}] end),
    T(update, fun() -> [P#point{x=9}, P#_{y=8}, P#point{}, (id(#shown{left=1}))#native_records:shown{right=2}] end),
    T(update_other, fun() -> (id(#empty{}))#point{x=1} end),
    T(field, fun() -> {P#point.x, P#_.y, (id(#shown{left=4}))#native_records:shown.left} end),
    T(bad_record, fun() -> (id({point, 1, 2}))#point.x end),
    T(hidden, fun() -> P#native_records:point.x end),
    T(match, fun() -> [kind(X) || X <- [P, #point{x=3}, #empty{}, #shown{left=a}, #shown{left=b}, {point, 1, 2}, x]] end),
    T(tests, fun() -> [{is_record(X), is_record(X, point), is_record(X, native_records, point), is_tuple(X), is_map(X)}
                       || X <- [P, #empty{}, {point, 1}, {native_records, 2}]] end),
    T(order, fun() -> lists:sort([#{}, P, {}, [], <<>>, 1, a, #empty{}, #point{x=0}, #point{x=1.0}, #backwards{}, #shown{left=1}]) end),
    T(equal, fun() -> {P =:= id(#point{}), P == id(#point{x=1.0}), P =:= id(#point{x=1.0}), P < id(#point{y=3})} end),
    T(hash, fun() -> [erlang:phash2(X) || X <- [P, #empty{}, #backwards{}, #shown{left=P}, [P | P], #{P => 1}]] end),
    T(display, fun() -> [erts_internal:term_to_string(X, undefined) || X <- [P, #empty{}, #backwards{}, #shown{left={P}}]] end),
    T(external, fun() -> [{term_to_binary(X), binary_to_term(term_to_binary(X)) =:= X} || X <- [P, #empty{}, #shown{left=[P]}]] end),
    T(foreign, fun() -> binary_to_term(<<131,67,1:32,1,119,1,"m",119,1,"r",119,1,"f",97,5>>) end),
    [T(malformed, fun() -> catch_only(fun() -> binary_to_term(B) end) end)
     || B <- [<<131,67,1:32,2,119,1,"m",119,1,"r",119,1,"f",97,5>>, <<131,67,2:32,0,119,1,"m",119,1,"r",119,1,"f",119,1,"f",97,5,97,6>>,
              <<131,67,1:32,0,97,1,119,1,"r",119,1,"f",97,5>>, <<131,67,9999999:32,0,119,1,"m",119,1,"r">>, <<131,67,1:32,0,119,1,"m",119,1,"r",119,1,"f">>]],
    T(sizes, fun() -> [erts_debug:flat_size(X) || X <- [P, #empty{}, {P, P}, #bare{a="abc"}]] end),
    T(map_keys, fun() -> M = #{#point{x=I} => I || I <- lists:seq(1, 100)}, [maps:get(#point{x=I}, M) || I <- [1, 50, 100]] end),
    T(ets, fun() ->
               E = ets:new(e, [ordered_set]),
               ets:insert(E, [{#point{x=I}, #shown{left=I}} || I <- [3, 1, 2]]),
               {ets:tab2list(E), ets:lookup(E, #point{x=2}), ets:match(E, {'$1', #shown{left=1}})}
           end),
    T(message, fun() -> S = self(), spawn(fun() -> receive X -> S ! {back, X} end end) ! #shown{left=P, right=lists:seq(1, 5)}, receive {back, X} -> X end end),
    T(persistent, fun() -> persistent_term:put(native, P), R = persistent_term:get(native), persistent_term:erase(native), R end),
    T(collect, fun() -> #point{x=L, y=N} = grow(2000, #point{x=[], y=0}), erlang:garbage_collect(), {length(L), N} end),
    T(format, fun() -> [lists:flatten(io_lib:format(F, [P])) || F <- ["~p", "~w", "~0p"]] end),
    module(T, P),
    other(T).

show(Name, Value) -> io:format("~s: ~0p~n", [Name, Value]).
id(X) -> X.
catch_only(F) -> try F() catch C:R -> {C, R} end.

kind(#point{x=1, y=Y}) -> {one, Y};
kind(#point{}) -> point;
kind(#empty{}) -> empty;
kind(#native_records:shown{left=a}) -> left_a;
kind(#_{left=L}) -> {some, L};
kind(X) when is_record(X) -> record;
kind(_) -> none.

grow(0, R) -> R;
grow(N, #point{x=L, y=Y} = R) -> grow(N - 1, R#point{x=[#shown{left=N} | L], y=Y + 1}).

module(T, P) ->
    T(create, fun() -> [records:create(native_records, point, [{x, 1}, {y, 2}], #{is_exported => false}) =:= P, records:create(m, n, [], #{is_exported => true})] end),
    [T(create_bad, fun() -> records:create(M, N, F, O) end)
     || {M, N, F, O} <- [{1, n, [], #{}}, {m, 1, [], #{}}, {m, n, [], []}, {m, n, [{a, 1}, {a, 2}], #{is_exported => true}}, {m, n, [{1, 1}], #{is_exported => true}},
                         {m, n, [a], #{is_exported => true}}, {m, n, [], #{is_exported => 1}}, {m, n, [], #{}}, {m, n, [{a, 1} | b], #{is_exported => true}}]],
    T(get, fun() -> [records:get(y, P), records:get_module(P), records:get_name(P), records:get_field_names(#backwards{}), records:is_exported(P), records:is_exported(#shown{left=1})] end),
    [T(get_bad, fun() -> catch_only(F) end) || F <- [fun() -> records:get(z, P) end, fun() -> records:get(x, 1) end, fun() -> records:get_module(#{}) end,
                                                      fun() -> records:get_name(1) end, fun() -> records:get_field_names(1) end, fun() -> records:is_exported({}) end]],
    T(change, fun() -> [records:update(P, native_records, point, #{x => 5}), records:update(P, any, '_', #{y => 6, x => 7}), records:update(P, native_records, point, #{})] end),
    [T(change_bad, fun() -> records:update(R, M, N, F) end) || {R, M, N, F} <- [{1, native_records, point, #{}}, {P, m, point, #{}}, {P, native_records, n, #{}}, {P, native_records, point, []}, {P, native_records, point, #{z => 1}}]],
    T(definition, fun() -> [records:get_definition(native_records, N) || N <- [point, backwards, empty, bare, shown]] end),
    T(definition_bad, fun() -> records:get_definition(native_records, nothing) end).

%% Records of another module.
other(T) ->
    build("-export_record([pair]). -record #pair{one=1, two=#{}}. -export_record([none]). -record #none{must}. -record #own{z=1}. -export([own/0]). own() -> #own{}."),
    code:add_patha("."),
    T(unloaded, fun() -> catch_only(fun() -> #nr_other:pair{} end) end),
    T(load, fun() -> code:ensure_loaded(nr_other) end),
    F = fun(A, B, C) -> {A, B, #nr_other:pair{one=C}, A} end,
    T(loaded, fun() -> F(id(a), id(b), id([c])) end),
    T(remote, fun() -> [#nr_other:pair{}, #nr_other:pair{two=2, one=1}] end),
    [T(remote_bad, fun() -> catch_only(G) end) || G <- [fun() -> #nr_other:pair{three=3} end, fun() -> #nr_other:none{} end, fun() -> #nr_other:own{} end, fun() -> #nr_other:nothing{} end, fun() -> #nr_no_such:r{} end]],
    Own = nr_other:own(),
    T(accessible, fun() -> {catch_only(fun() -> Own#nr_other:own.z end), catch_only(fun() -> Own#nr_other:own{z=3} end), case Own of #nr_other:own{z=_} -> yes; #nr_other:own{} -> named; _ -> no end} end),
    Old = #nr_other:pair{two=old},
    build("-export_record([pair]). -record #pair{two=2, three=3}. -export([own/0]). own() -> #pair{}."),
    T(reload, fun() -> code:purge(nr_other), {module, M} = code:load_file(nr_other), M end),
    T(both, fun() -> [Old, nr_other:own(), Old < nr_other:own(), Old#nr_other:pair{two=new}] end),
    T(gone, fun() -> code:purge(nr_other), code:delete(nr_other), code:purge(nr_other), erlang:garbage_collect(), [Old, catch_only(fun() -> records:get_definition(nr_other, pair) end), Old#nr_other:pair{one=0}] end).

build(Text) ->
    {ok, Tokens, _} = erl_scan:string("-module(nr_other). " ++ Text),
    Forms = [begin {ok, F} = erl_parse:parse_form(Form), F end || Form <- split(Tokens, [])],
    {ok, M, Beam} = compile:forms(Forms, []),
    ok = file:write_file(atom_to_list(M) ++ ".beam", Beam).

split([], _) -> [];
split([{dot, _} = D | R], Acc) -> [lists:reverse([D | Acc]) | split(R, [])];
split([X | R], Acc) -> split(R, [X | Acc]).
