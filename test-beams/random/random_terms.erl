%% Random terms through order, hashing, copying, tables, the external format and the printer.
-module(random_terms).
-export([main/0]).

main() ->
    S1 = tb:block(sort, {150, tb:seed(61)}, fun sort/1),
    S2 = tb:block(pairs, {3000, S1}, fun pair/1),
    S3 = tb:block(copies, {150, S2}, fun copy/1),
    S4 = tb:block(print, {400, S3}, fun print/1),
    S5 = tb:block(lists, {600, S4}, fun lists_ops/1),
    S6 = tb:block(ets, {40, S5}, fun ets_model/1),
    S7 = tb:block(match, {400, S6}, fun match/1),
    S8 = tb:block(text, {300, S7}, fun text/1),
    tb:p(state, S8).

term(D, S0) ->
    {K, S1} = tb:int(if D =:= 0 -> 11; true -> 17 end, S0),
    {X, S2} = tb:next(S1),
    case K of
        0 -> {X rem 3, S2};
        1 -> {X rem 3 * 1.0, S2};
        2 -> {(X - 16#80000000) * X, S2};
        3 -> {X / 3, S2};
        4 -> {element(X rem 5 + 1, {a, b, aa, 'B', abcdefghij}), S2};
        5 -> {[], S2};
        6 -> {integer_to_binary(X rem 1000), S2};
        7 -> {<<X:(X rem 20)>>, S2};
        8 -> {integer_to_list(X rem 100), S2};
        9 -> {X bsl 60, S2};
        10 -> {element(X rem 2 + 1, {fun lists:map/2, fun erlang:abs/1}), S2};
        11 -> {A, S3} = term(D - 1, S2), {{A}, S3};
        12 -> {A, S3} = term(D - 1, S2), {B, S4} = term(D - 1, S3), {{A, B}, S4};
        13 -> {A, S3} = term(D - 1, S2), {B, S4} = term(D - 1, S3), {[A, B], S4};
        14 -> {A, S3} = term(D - 1, S2), {B, S4} = term(D - 1, S3), {[A | B], S4};
        15 -> {A, S3} = term(D - 1, S2), {B, S4} = term(D - 1, S3), {#{A => B}, S4};
        16 -> {L, S3} = some(X rem 40, D - 1, S2), {maps:from_list([{T, I} || {I, T} <- lists:zip(lists:seq(1, length(L)), L)]), S3}
    end.

some(0, _, S) -> {[], S};
some(N, D, S0) -> {T, S1} = term(D, S0), {Ts, S2} = some(N - 1, D, S1), {[T | Ts], S2}.

%% Which of 1 and 1.0 is the key of a map, and how maps of more than one key compare, is not what
%% is asked here.
sort(S0) ->
    {L, S} = some(20, 1, S0),
    Simple = [T || T <- L, not is_map(T)],
    {[lists:sort(Simple), lists:usort(Simple), lists:max(Simple), lists:min(Simple), lists:reverse(lists:sort(fun(A, B) -> A >= B end, Simple))], S}.

pair(S0) ->
    {A, S1} = term(3, S0),
    {B, S2} = term(3, S1),
    true = (A =:= B) =:= not (A =/= B),
    true = (A < B) =:= not (A >= B),
    true = (A == B) orelse (A < B) =/= (B < A),
    {{A =:= B, A == B, erlang:phash2(A), erlang:phash2({A, B}, 1000), erts_debug:flat_size(B) > -1}, S2}.

copy(S0) ->
    {L, S} = some(10, 3, S0),
    Me = self(),
    P = spawn(fun() -> receive X -> put(x, X), garbage_collect(), Me ! {copied, get(x)} end end),
    P ! L,
    receive {copied, L1} -> ok end,
    true = L1 =:= L,
    true = binary_to_term(term_to_binary(L)) =:= L,
    true = binary_to_term(term_to_binary(L, [compressed])) =:= L,
    T = ets:new(t, []),
    ets:insert(T, {k, L}),
    true = ets:lookup_element(T, k, 2) =:= L,
    ets:delete(T),
    {erlang:phash2(L1), S}.

print(S0) ->
    {T, S1} = term(2, S0),
    {W, S} = tb:int(60, S1),
    case has_map(T) of
        true -> {map, S};
        false ->
            {[unicode:characters_to_list(io_lib:format(F, A)) || {F, A} <- [{"~w", [T]}, {"~p", [T]}, {"~tp", [T]}, {"~0p", [T]}, {"~P", [T, 5]}, {"~W", [T, 4]}, {"~*p", [W + 5, T]}]], S}
    end.

has_map(T) when is_map(T) -> map_size(T) > 1 orelse has_map(maps:to_list(T));
has_map([H | T]) -> has_map(H) orelse has_map(T);
has_map(T) when is_tuple(T) -> has_map(tuple_to_list(T));
has_map(_) -> false.

lists_ops(S0) ->
    {N, S1} = tb:int(15, S0),
    {A, S2} = ints(N, S1),
    {M, S3} = tb:int(15, S2),
    {B, S4} = ints(M, S3),
    K = [{X rem 4, X} || X <- A],
    {[A -- B, A ++ B, lists:reverse(A, B), lists:member(hd(B ++ [0]), A), lists:keyfind(2, 1, K), lists:keydelete(1, 1, K), lists:keysort(1, K), lists:ukeysort(1, K), lists:usort(A ++ B),
      lists:umerge(lists:usort(A), lists:usort(B)), lists:subtract(B, A), lists:splitwith(fun(X) -> X > 3 end, A), lists:zip(lists:sublist(A, min(N, M)), lists:sublist(B, min(N, M))), lists:foldl(fun(X, Y) -> X - Y end, 0, A),
      ordsets:intersection(ordsets:from_list(A), ordsets:from_list(B)), gb_sets:to_list(gb_sets:difference(gb_sets:from_list(A), gb_sets:from_list(B))), lists:sort(sets:to_list(sets:union(sets:from_list(A), sets:from_list(B)))),
      lists:join(x, A), lists:partition(fun(X) -> X rem 2 =:= 0 end, B), lists:nthtail(N div 2, A), lists:uniq(A ++ B)], S4}.

ints(0, S) -> {[], S};
ints(N, S0) -> {X, S1} = tb:int(10, S0), {Xs, S2} = ints(N - 1, S1), {[X | Xs], S2}.

%% The same operations on all four kinds of table and on lists.
ets_model(S0) ->
    Ts = [ets:new(t, [K]) || K <- [set, ordered_set, bag, duplicate_bag]],
    {R, S} = ets_ops(150, Ts, S0, []),
    All = [lists:sort(ets:tab2list(T)) || T <- Ts],
    [ets:delete(T) || T <- Ts],
    {{R, All}, S}.

ets_ops(0, _, S, Acc) -> {Acc, S};
ets_ops(N, Ts, S0, Acc) ->
    {Op, S1} = tb:int(9, S0),
    {K0, S2} = tb:int(12, S1),
    {V, S3} = tb:int(4, S2),
    K = case K0 rem 3 of 0 -> K0; 1 -> {K0}; 2 -> integer_to_binary(K0) end,
    R = [case Op of
        0 -> ets:delete(T, K);
        1 -> lists:sort(ets:lookup(T, K));
        2 -> ets:insert_new(T, {K, V});
        3 -> ets:delete_object(T, {K, V});
        4 -> lists:sort(ets:match(T, {'$1', V}));
        5 -> ets:member(T, K);
        6 -> try ets:update_counter(T, K, V) catch error:badarg -> badarg end;
        _ -> ets:insert(T, {K, V})
    end || T <- Ts],
    ets_ops(N - 1, Ts, S3, [tb:h(R) | Acc]).

%% Random match specifications on random tuples.
match(S0) ->
    {A, S1} = term(1, S0),
    {B, S2} = term(1, S1),
    {G, S3} = guard(2, S2),
    {O, S4} = expression(2, S3),
    R = try ets:match_spec_compile([{{'$1', '$2'}, [G], [O]}, {'_', [], [else_]}]) of
        C -> ets:match_spec_run([{A, B}, {B, A}, {A, A}, x], C)
    catch
        error:badarg -> badarg
    end,
    {R, S4}.

guard(D, S0) ->
    {K, S1} = tb:int(7, S0),
    {A, S2} = expression(D, S1),
    {B, S3} = expression(D, S2),
    {case K of
        0 -> {'<', A, B}; 1 -> {'=:=', A, B}; 2 -> {'==', A, B}; 3 -> {'orelse', {is_integer, A}, {is_list, B}};
        4 -> {'not', {'>=', A, B}}; 5 -> {is_tuple, A}; 6 -> {'andalso', {is_number, A}, {'>', A, 0}}
    end, S3}.

expression(0, S0) ->
    {K, S1} = tb:int(6, S0),
    {element(K + 1, {'$1', '$2', '$_', 3, {const, {a, b}}, a}), S1};
expression(D, S0) ->
    {K, S1} = tb:int(10, S0),
    {A, S2} = expression(D - 1, S1),
    {B, S3} = expression(D - 1, S2),
    {case K of
        0 -> {'+', A, B}; 1 -> {'-', A, B}; 2 -> {{A, B}}; 3 -> [A, B]; 4 -> {hd, A}; 5 -> {element, 1, A}; 6 -> {size, A}; 7 -> {abs, A}; 8 -> {'*', A, B}; 9 -> {'div', A, B}
    end, S3}.

text(S0) ->
    {N, S1} = tb:int(20, S0),
    {L0, S2} = ints(N, S1),
    {M, S3} = tb:int(3, S2),
    L = [element(X + 1, {$a, $b, $\s, $B, $,, $1, 229, 955, $-, $.}) || X <- L0],
    Sep = element(M + 1, {" ", ",", "a"}),
    B = unicode:characters_to_binary(L),
    {[string:split(L, Sep, all), string:lexemes(L, Sep ++ "-"), string:uppercase(L), string:trim(L), string:find(L, Sep), string:pad(L, 12), string:slice(L, N div 3, 4), string:length(B), string:replace(B, Sep, "+", all),
      string:reverse(L), string:to_integer(L), binary:split(B, unicode:characters_to_binary(Sep), [global]), re:run(B, "([a-z]+)(\\d)?", [global, unicode, {capture, all, list}]), re:replace(B, "[ ,]", "<&>", [global, unicode, {return, list}]),
      re:split(B, "[-.]", [unicode])], S3}.
