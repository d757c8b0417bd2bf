-module(external_terms).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    Terms = terms(),
    [p({enc, T}, term_to_binary(T)) || T <- Terms],
    p(roundtrip, [binary_to_term(term_to_binary(T)) =:= T || T <- Terms]),
    p(minor0, [term_to_binary(T, [{minor_version, 0}]) || T <- [1.5, abc]]),
    p(minor1, [term_to_binary(T, [{minor_version, 1}]) || T <- [1.5, abc, 'å', 'α']]),
    p(minor2, [term_to_binary(T, [{minor_version, 2}]) || T <- [1.5, abc, 'å']]),
    p(compressed, begin L = lists:duplicate(1000, abc), C = term_to_binary(L, [compressed]), {byte_size(C) < 200, binary_to_term(C) =:= L, binary:at(C, 1)} end),
    p(compressed_levels, begin L2 = lists:seq(1, 2000), [binary_to_term(term_to_binary(L2, [{compressed, N}])) =:= L2 || N <- lists:seq(0, 9)] end),
    p(not_worth, term_to_binary(a, [compressed])),
    p(size, [erlang:external_size(T) || T <- Terms]),
    p(iovec, [iolist_to_binary(term_to_iovec(T)) =:= term_to_binary(T) || T <- [a, Terms]]),
    p(used, binary_to_term(<<131, 97, 5, 1, 2, 3>>, [used])),
    t(trailing, fun() -> binary_to_term(id(<<131, 97, 5, 1, 2, 3>>)) end),
    p(old_forms, [binary_to_term(B) || B <- old_forms()]),
    [t({bad, B}, fun() -> binary_to_term(id(B)) end) || B <- bad()],
    t(safe_atom, fun() -> binary_to_term(id(<<131, 119, 17, "never_before_seen">>), [safe]) end),
    p(safe_known, binary_to_term(<<131, 119, 2, "ok">>, [safe])),
    t(safe_fun, fun() -> binary_to_term(id(<<131, 113, 119, 5, "nomod", 119, 5, "nofun", 97, 1>>), [safe]) end),
    t(not_binary, fun() -> binary_to_term(id(x)) end),
    p(pid_round, begin P = self(), binary_to_term(term_to_binary(P)) =:= P end),
    p(ref_round, begin R = make_ref(), binary_to_term(term_to_binary(R)) =:= R end),
    p(port_round, begin [Po | _] = erlang:ports(), binary_to_term(term_to_binary(Po)) =:= Po end),
    p(foreign, begin Pid = binary_to_term(<<131, 88, 119, 3, "a@b", 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 9>>), {node(Pid), is_pid(Pid), Pid =:= Pid, term_to_binary(Pid)} end),
    p(foreign_ref, begin Ref = binary_to_term(<<131, 90, 0, 2, 119, 3, "a@b", 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 8>>), {node(Ref), is_reference(Ref), term_to_binary(Ref)} end),
    p(foreign_order, begin A = binary_to_term(<<131, 88, 119, 3, "a@b", 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 9>>), B = binary_to_term(<<131, 88, 119, 3, "a@c", 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 9>>), {A < B, A == B} end),
    p(fun_round, begin X = id(10), F = fun(Y) -> X + Y end, (binary_to_term(term_to_binary(F)))(5) end),
    p(big_bin, begin B4 = binary:copy(<<"xyz">>, 50000), binary_to_term(term_to_binary({B4, B4})) =:= {B4, B4} end),
    p(sub_bin, begin <<_:3, Sb:50/bits, _/bits>> = <<0:64>>, term_to_binary(Sb) end),
    p(large_bignum, [begin N5 = 1 bsl S, {binary_to_term(term_to_binary(N5)) =:= N5, byte_size(term_to_binary(-N5))} end || S <- [2039, 2040, 2048, 5000]]),
    p(large_tuple, [byte_size(term_to_binary(erlang:make_tuple(N6, a))) || N6 <- [255, 256]]),
    p(large_map, binary_to_term(term_to_binary(maps:from_list([{I, I} || I <- lists:seq(1, 100)]))) =:= maps:from_list([{I, I} || I <- lists:seq(1, 100)])),
    p(dup_key_map, try binary_to_term(<<131, 116, 0, 0, 0, 2, 97, 1, 97, 2, 97, 1, 97, 3>>) catch error:badarg -> badarg end),
    tb:block(random, {800, tb:seed(31)}, fun random/1),
    tb:block(mutated, {3000, tb:seed(32)}, fun mutated/1).

terms() ->
    [0, 1, 255, 256, -1, 2147483647, -2147483648, 2147483648, -2147483649, 1 bsl 63, 1 bsl 64, -(1 bsl 64), 1 bsl 100, 1.5, 0.0, -1.0e100,
     a, '', 'å', 'α', [], [1], "abc", [1, 2, 300], [a | b], [[], [a]], {}, {a, 1}, #{}, #{a => 1}, <<>>, <<"bin">>, <<1:3>>, <<255, 1:1>>,
     fun lists:map/2, {a, {b, {c}}}, [256], true].

old_forms() ->
    [<<131, 99, "1.50000000000000000000e+00", 0, 0, 0, 0, 0>>, <<131, 100, 0, 1, "a">>, <<131, 115, 1, "b">>, <<131, 107, 0, 2, 1, 2>>,
     <<131, 108, 0, 0, 0, 0, 106>>, <<131, 110, 1, 0, 5>>, <<131, 110, 3, 1, 1, 0, 0>>, <<131, 110, 0, 0>>, <<131, 111, 0, 0, 0, 2, 0, 0, 1>>,
     <<131, 118, 0, 2, 195, 165>>, <<131, 105, 0, 0, 0, 1, 97, 1>>, <<131, 77, 0, 0, 0, 1, 3, 160>>, <<131, 77, 0, 0, 0, 1, 8, 7>>,
     <<131, 80, 0, 0, 0, 2, (zlib:compress(<<97, 7>>))/binary>>].

bad() ->
    [<<>>, <<131>>, <<130, 97, 1>>, <<131, 97>>, <<131, 98, 1, 2>>, <<131, 255, 1>>, <<131, 108, 0, 0, 0, 2, 97, 1, 106>>, <<131, 108, 255, 255, 255, 255, 97, 1>>,
     <<131, 104, 3, 97, 1>>, <<131, 109, 0, 0, 0, 9, 1>>, <<131, 109, 255, 255, 255, 255>>, <<131, 119, 3, "ab">>, <<131, 119, 2, 255, 254>>, <<131, 110, 5, 0, 1>>,
     <<131, 110, 1, 2, 1>>, <<131, 70, 127, 240, 0, 0, 0, 0, 0, 0>>, <<131, 116, 0, 0, 0, 1, 97, 1>>, <<131, 77, 0, 0, 0, 1, 9, 7>>, <<131, 77, 0, 0, 0, 0, 3>>,
     <<131, 80, 0, 0, 0, 9, 1, 2, 3>>, <<131, 99, "nonsense">>, <<131, 113, 97, 1, 97, 1, 97, 1>>, <<131, 88, 97, 1, 0:96>>, <<131, 105, 255, 255, 255, 255>>,
     <<131, 100, 255, 255, "a">>, <<131, 107, 0, 9, 1>>, <<131, 90, 0, 9, 119, 1, "a", 0:32>>, <<131, 111, 255, 255, 255, 255, 0, 1>>].

random(S0) ->
    {T, S} = term(4, S0),
    B = term_to_binary(T),
    T = binary_to_term(B),
    true = erlang:external_size(T) >= byte_size(B),
    {{T, byte_size(B)}, S}.

term(0, S0) -> leaf(S0);
term(D, S0) ->
    {K, S1} = tb:int(6, S0),
    case K of
        0 -> leaf(S1);
        1 -> {L, S} = some(D, S1), {list_to_tuple(L), S};
        2 -> some(D, S1);
        3 -> {L, S2} = some(D, S1), {T, S} = leaf(S2), {L ++ T, S};
        4 -> {L, S} = some(D, S1), {maps:from_list([{I, V} || {I, V} <- lists:zip(lists:seq(1, length(L)), L)]), S};
        5 -> {A, S2} = leaf(S1), {B, S} = term(D - 1, S2), {#{A => B}, S}
    end.

some(D, S0) -> {N, S} = tb:int(5, S0), some(N, D, S, []).
some(0, _, S, Acc) -> {Acc, S};
some(N, D, S0, Acc) -> {T, S} = term(D - 1, S0), some(N - 1, D, S, [T | Acc]).

leaf(S0) ->
    {K, S1} = tb:int(10, S0),
    {X, S} = tb:next(S1),
    {case K of
        0 -> X rem 256; 1 -> X - 16#7fffffff; 2 -> X * X * X * X; 3 -> -(X * X); 4 -> X / 7;
        5 -> element(X rem 5 + 1, {a, 'B', ok, 'x y', 'é'}); 6 -> integer_to_binary(X); 7 -> <<X:(X rem 33)>>;
        8 -> integer_to_list(X rem 100000); 9 -> []
    end, S}.

%% Damaged input is badarg or a term, never anything else.
mutated(S0) ->
    {T, S1} = term(3, S0),
    B = term_to_binary(T),
    {At, S2} = tb:int(byte_size(B), S1),
    {V0, S3} = tb:int(256, S2),
    %% The reference takes numbers in its own atom table from anybody (docs/differences.md).
    V = case V0 of $I -> 0; $K -> 0; _ -> V0 end,
    {Cut, S} = tb:int(10, S3),
    <<H:At/binary, _, R/binary>> = B,
    M0 = <<H/binary, V, R/binary>>,
    M = if Cut =:= 0 -> binary:part(M0, 0, byte_size(M0) div 2); true -> M0 end,
    {try binary_to_term(M, [used]) of {X, U} -> {shape(X), U} catch error:badarg -> badarg end, S}.

%% Not the values: an atom or a float may come out as something that cannot be printed alike.
shape(T) when is_tuple(T) -> {tuple, tuple_size(T)};
shape([_ | _]) -> list;
shape(T) when is_map(T) -> {map, map_size(T)};
shape(T) when is_binary(T) -> {binary, byte_size(T)};
shape(T) when is_number(T) -> T;
shape(T) when is_atom(T) -> atom;
shape(_) -> other.
