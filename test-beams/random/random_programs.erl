%% timeout: 120
%% modes: plain
%% Random modules are written as abstract forms, compiled, loaded and called with random arguments.
%% What they compute and raise must agree: this finds what hand-written programs do not think of
%% in the compiler's many instruction forms.
-module(random_programs).
-export([main/0]).

main() ->
    logger:set_primary_config(level, none),
    S = lists:foldl(fun(N, S0) -> module(N, S0) end, tb:seed(2024), lists:seq(1, 60)),
    logger:set_primary_config(level, notice),
    tb:p(state, S).

module(N, S0) ->
    Name = list_to_atom("random_module_" ++ integer_to_list(N)),
    {Fs, S1} = functions(6, S0, []),
    Forms = [{attribute, 1, module, Name}, {attribute, 1, export, [{list_to_atom("f" ++ integer_to_list(I)), 3} || I <- lists:seq(1, 6)]} | Fs],
    Options = case N rem 4 of 0 -> [no_type_opt]; 1 -> [inline, {inline_size, 100}]; _ -> [] end,
    case compile:forms(Forms, [binary, return_errors, nowarn_unused_vars, nowarn_bool_comp | Options]) of
        {ok, Name, Bin} ->
            {module, Name} = code:load_binary(Name, "random", Bin),
            {Hash, S2} = calls(40, Name, S1, 0),
            io:format("module ~2b ~8.16.0b~n", [N, Hash]),
            code:delete(Name),
            code:purge(Name),
            S2;
        {error, _, _} ->
            io:format("module ~2b does not compile~n", [N]),
            S1
    end.

calls(0, _, S, H) -> {H, S};
calls(K, M, S0, H) ->
    {F, S1} = tb:int(6, S0),
    {A, S2} = value(2, S1),
    {B, S3} = value(2, S2),
    {C, S4} = value(1, S3),
    Name = list_to_atom("f" ++ integer_to_list(F + 1)),
    R = try {ok, clean(M:Name(A, B, C))}
        catch Class:Reason:Stack -> {Class, reason(Reason), [{Fn, if is_list(Ar) -> length(Ar); true -> Ar end} || {Mo, Fn, Ar, _} <- Stack, Mo =:= M]}
        end,
    os:getenv("TB_TRACE") =:= false orelse tb:p({Name, A, B, C}, R),
    calls(K - 1, M, S4, (H * 31 + tb:h(R)) band 16#ffffffff).

%% Without the stack traces that a catch makes: their last frames are not the module's own.
clean([{M, F, _, _} | _]) when is_atom(M), is_atom(F) -> stack;
clean([H | T]) -> [clean(H) | clean(T)];
clean(T) when is_tuple(T) -> list_to_tuple(clean(tuple_to_list(T)));
clean(M) when is_map(M) -> maps:map(fun(_, V) -> clean(V) end, M);
clean(X) -> X.

reason({badarity, {_, As}}) -> {badarity, length(As)};
reason({badfun, _}) -> badfun;
reason(R) -> clean(R).

functions(0, S, Fs) -> {Fs, S};
functions(I, S0, Fs) ->
    {N, S1} = tb:int(3, S0),
    {Cs, S2} = clauses(N + 1, I, S1, []),
    functions(I - 1, S2, [{function, 1, list_to_atom("f" ++ integer_to_list(I)), 3, Cs} | Fs]).

%% The last clause takes everything.
clauses(0, I, S0, Cs) ->
    Vs = ['A', 'B', 'C'],
    {Body, S} = body(4, Vs, I, S0),
    {lists:reverse([{clause, 10, [{var, 10, V} || V <- Vs], [], Body} | Cs]), S};
clauses(N, I, S0, Cs) ->
    {Ps, Vs, S1} = patterns(3, [], [], S0),
    {G, S2} = guard(Vs, S1),
    {Body, S3} = body(4, Vs, I, S2),
    clauses(N - 1, I, S3, [{clause, 10 + N, Ps, G, Body} | Cs]).

patterns(0, Ps, Vs, S) -> {Ps, Vs, S};
patterns(N, Ps, Vs, S0) ->
    {P, Vs1, S1} = pattern(2, Vs, S0),
    patterns(N - 1, [P | Ps], Vs1, S1).

%% Mostly variables, so that calls get somewhere.
pattern(D, Vs, S0) ->
    {K, S1} = tb:int(if D =:= 0 -> 6; true -> 16 end, S0),
    case K of
        6 -> {P1, V1, S2} = pattern(D - 1, Vs, S1), {P2, V2, S3} = pattern(D - 1, V1, S2), {{tuple, 2, [P1, P2]}, V2, S3};
        7 -> {P1, V1, S2} = pattern(D - 1, Vs, S1), {P2, V2, S3} = pattern(D - 1, V1, S2), {{cons, 2, P1, P2}, V2, S3};
        8 -> {X, S2} = tb:int(4, S1), {{integer, 2, X}, Vs, S2};
        9 -> {X, S2} = tb:int(3, S1), {{atom, 2, element(X + 1, {a, b, ok})}, Vs, S2};
        10 -> {P1, V1, S2} = pattern(0, Vs, S1), {{map, 2, [{map_field_exact, 2, {atom, 2, k}, P1}]}, V1, S2};
        11 when Vs =/= [] -> {X, S2} = tb:int(length(Vs), S1), {{var, 2, lists:nth(X + 1, Vs)}, Vs, S2};
        _ -> V = new_var("P", S1), {{var, 2, V}, [V | Vs], S1}
    end.

%% The generator's state is different at every place, and so is the name made from it.
new_var(Place, S) -> list_to_atom(Place ++ integer_to_list(S, 36)).

guard(Vs, S0) ->
    {K, S1} = tb:int(4, S0),
    case K of
        0 when Vs =/= [] -> {G1, S2} = test(Vs, S1), {[[G1]], S2};
        1 when Vs =/= [] -> {G1, S2} = test(Vs, S1), {G2, S3} = test(Vs, S2), {[[G1, G2]], S3};
        2 when Vs =/= [] -> {G1, S2} = test(Vs, S1), {G2, S3} = test(Vs, S2), {[[G1], [G2]], S3};
        _ -> {[], S1}
    end.

test(Vs, S0) ->
    {K, S1} = tb:int(6, S0),
    {A, S2} = simple(Vs, S1),
    {B, S3} = simple(Vs, S2),
    {X, S4} = tb:int(8, S3),
    case K of
        0 -> {{call, 3, {atom, 3, element(X + 1, {is_integer, is_list, is_tuple, is_atom, is_map, is_binary, is_float, is_number})}, [A]}, S4};
        1 -> {{op, 3, element(X + 1, {'<', '>', '=<', '>=', '==', '/=', '=:=', '=/='}), A, B}, S4};
        2 -> {{op, 3, element(X rem 4 + 1, {'andalso', 'orelse', 'and', 'or'}), {op, 3, '<', A, B}, {call, 3, {atom, 3, is_list}, [B]}}, S4};
        3 -> {{op, 3, '>', {op, 3, element(X rem 5 + 1, {'+', '-', '*', 'div', 'rem'}), A, B}, {integer, 3, X}}, S4};
        4 -> {{op, 3, 'not', {op, 3, '=:=', A, B}}, S4};
        5 -> {{op, 3, '=:=', {call, 3, {atom, 3, element(X rem 4 + 1, {tuple_size, length, map_size, byte_size})}, [A]}, {integer, 3, X div 2}}, S4}
    end.

simple([], S0) -> literal(S0);
simple(Vs, S0) ->
    {K, S1} = tb:int(4, S0),
    case K of
        0 -> literal(S1);
        _ -> {X, S2} = tb:int(length(Vs), S1), {{var, 3, lists:nth(X + 1, Vs)}, S2}
    end.

literal(S0) ->
    {K, S1} = tb:int(9, S0),
    {X, S2} = tb:next(S1),
    {case K of
        0 -> {integer, 4, X rem 5}; 1 -> {integer, 4, X}; 2 -> {atom, 4, element(X rem 4 + 1, {a, b, ok, k})}; 3 -> {nil, 4};
        4 -> {float, 4, (X rem 100) / 4}; 5 -> {integer, 4, X * X * X}; 6 -> {op, 4, '-', {integer, 4, X rem 1000}};
        7 -> {bin, 4, [{bin_element, 4, {string, 4, "bin"}, default, default}]}; 8 -> {string, 4, "str"}
    end, S2}.

%% A body: some matches of new variables, then a value.
body(D, Vs, I, S0) ->
    {N, S1} = tb:int(3, S0),
    body(N, D, Vs, I, S1, []).

body(0, D, Vs, I, S0, Acc) ->
    {E, S} = expr(D, Vs, I, S0),
    {lists:reverse([E | Acc]), S};
body(N, D, Vs, I, S0, Acc) ->
    {E, S1} = expr(D - 1, Vs, I, S0),
    V = new_var("M", S1),
    body(N - 1, D, [V | Vs], I, S1, [{match, 5, {var, 5, V}, E} | Acc]).

expr(0, Vs, _, S) -> simple(Vs, S);
expr(D, Vs, I, S0) ->
    {K, S1} = tb:int(26, S0),
    E = fun(S) -> expr(D - 1, Vs, I, S) end,
    case K of
        0 -> {A, S2} = E(S1), {B, S3} = E(S2), {X, S4} = tb:int(8, S3), {{op, 6, element(X + 1, {'+', '-', '*', '+', 'div', 'rem', 'band', 'bxor'}), A, B}, S4};
        1 -> {A, S2} = E(S1), {B, S3} = E(S2), {{tuple, 6, [A, B]}, S3};
        2 -> {A, S2} = E(S1), {B, S3} = E(S2), {{cons, 6, A, B}, S3};
        3 -> case_(D, Vs, I, S1);
        4 -> {G, S2} = test(Vs, S1), {A, S3} = E(S2), {B, S4} = E(S3), {{'if', 6, [{clause, 6, [], [[G]], [A]}, {clause, 6, [], [[{atom, 6, true}]], [B]}]}, S4};
        5 -> {A, S2} = E(S1), {B, S3} = E(S2), {X, S4} = tb:int(6, S3), {{op, 6, element(X + 1, {'<', '>=', '==', '=:=', '=/=', '++'}), A, B}, S4};
        6 -> {A, S2} = E(S1), {B, S3} = E(S2), {{map, 6, [{map_field_assoc, 6, {atom, 6, k}, A}, {map_field_assoc, 6, {integer, 6, 1}, B}]}, S3};
        7 -> {A, S2} = E(S1), {B, S3} = E(S2), {X, S4} = tb:int(2, S3), {{map, 6, A, [{element(X + 1, {map_field_assoc, map_field_exact}), 6, {atom, 6, k}, B}]}, S4};
        8 -> try_(D, Vs, I, S1);
        9 -> {A, S2} = E(S1), {X, S3} = tb:int(13, S2), {{call, 6, {atom, 6, element(X + 1, {abs, length, hd, tl, tuple_size, is_list, trunc, map_size, byte_size, list_to_tuple, tuple_to_list, float, is_atom})}, [A]}, S3};
        10 -> {A, S2} = E(S1), {B, S3} = E(S2), {{call, 6, {atom, 6, element}, [A, B]}, S3};
        11 when I > 1 -> {F, S2} = tb:int(I - 1, S1), {A, S3} = E(S2), {B, S4} = E(S3), {C, S5} = simple(Vs, S4), {{call, 6, {atom, 6, list_to_atom("f" ++ integer_to_list(F + 1))}, [A, B, C]}, S5};
        12 -> lc(D, Vs, I, S1);
        13 -> fun_(D, Vs, I, S1);
        14 -> {A, S2} = E(S1), {X, S3} = tb:int(40, S2), {Y, S4} = tb:int(3, S3), {{bin, 6, [{bin_element, 6, A, {integer, 6, X}, element(Y + 1, {default, [little], [signed]})}, {bin_element, 6, {integer, 6, 5}, {integer, 6, 3}, default}]}, S4};
        15 -> {A, S2} = E(S1), {{'catch', 6, A}, S2};
        16 -> {A, S2} = E(S1), {B, S3} = E(S2), {X, S4} = tb:int(2, S3), {{op, 6, element(X + 1, {'andalso', 'orelse'}), {op, 6, '=/=', A, {integer, 6, X}}, B}, S4};
        17 -> bin_case(D, Vs, I, S1);
        18 -> {A, S2} = E(S1), {B, S3} = E(S2), {C, S4} = E(S3), {{tuple, 6, [A, B, C, {integer, 6, D}]}, S4};
        19 -> {A, S2} = E(S1), {X, S3} = tb:int(3, S2), {{call, 6, {remote, 6, {atom, 6, lists}, {atom, 6, element(X + 1, {reverse, sort, sum})}}, [A]}, S3};
        20 -> {A, S2} = E(S1), {B, S3} = E(S2), {{block, 6, [{call, 6, {remote, 6, {atom, 6, tb}, {atom, 6, id}}, [A]}, B]}, S3};
        21 -> {A, S2} = E(S1), {X, S3} = tb:int(3, S2), {{call, 6, {atom, 6, element(X + 1, {throw, error, exit})}, [A]}, S3};
        22 -> {A, S2} = E(S1), {X, S3} = tb:int(70, S2), {{op, 6, 'bsl', A, {integer, 6, X}}, S3};
        23 -> {A, S2} = E(S1), {B, S3} = E(S2), {{op, 6, '/', A, B}, S3};
        24 -> {A, S2} = E(S1), {{call, 6, {remote, 6, {atom, 6, tb}, {atom, 6, id}}, [A]}, S2};
        25 -> {A, S2} = E(S1), {B, S3} = E(S2), {C, S4} = simple(Vs, S3), {{call, 6, {atom, 6, setelement}, [C, A, B]}, S4};
        _ -> simple(Vs, S1)
    end.

case_(D, Vs, I, S0) ->
    {A, S1} = expr(D - 1, Vs, I, S0),
    {N, S2} = tb:int(3, S1),
    {Cs, S3} = case_clauses(N + 1, D, Vs, I, S2),
    {{'case', 7, A, Cs}, S3}.

case_clauses(0, D, Vs, I, S0) ->
    {B, S} = expr(D - 1, Vs, I, S0),
    {[{clause, 7, [{var, 7, '_'}], [], [B]}], S};
case_clauses(N, D, Vs, I, S0) ->
    {P, Vs1, S1} = pattern(2, Vs, S0),
    {G, S2} = guard(Vs1, S1),
    {B, S3} = expr(D - 1, Vs1, I, S2),
    {Rest, S4} = case_clauses(N - 1, D, Vs, I, S3),
    {[{clause, 7, [P], G, [B]} | Rest], S4}.

try_(D, Vs, I, S0) ->
    {A, S1} = expr(D - 1, Vs, I, S0),
    {B, S2} = expr(D - 1, Vs, I, S1),
    {C, S3} = expr(D - 1, Vs, I, S2),
    {X, S4} = tb:int(3, S3),
    Class = element(X + 1, {throw, error, exit}),
    R = {var, 8, new_var("R", S4)},
    After = case X of 0 -> [C]; _ -> [] end,
    {{'try', 8, [A], [], [{clause, 8, [{tuple, 8, [{atom, 8, Class}, R, {var, 8, '_'}]}], [], [{tuple, 8, [R, B]}]},
        {clause, 8, [{tuple, 8, [{var, 8, '_'}, {atom, 8, badarith}, {var, 8, '_'}]}], [], [{atom, 8, arithmetic}]}], After}, S4}.

lc(D, Vs, I, S0) ->
    V = new_var("L", S0),
    {L, S1} = expr(D - 1, Vs, I, S0),
    {B, S2} = expr(D - 1, [V | Vs], I, S1),
    {T, S3} = test([V | Vs], S2),
    {{lc, 9, B, [{generate, 9, {var, 9, V}, L}, T]}, S3}.

fun_(D, Vs, I, S0) ->
    V = new_var("F", S0),
    {B, S1} = expr(D - 1, [V | Vs], I, S0),
    {A, S2} = expr(D - 1, Vs, I, S1),
    {{call, 9, {'fun', 9, {clauses, [{clause, 9, [{var, 9, V}], [], [B]}]}}, [A]}, S2}.

bin_case(D, Vs, I, S0) ->
    {A, S1} = expr(D - 1, Vs, I, S0),
    {X, S2} = tb:int(17, S1),
    {Y, S3} = tb:int(4, S2),
    V = new_var("B", S0),
    W = list_to_atom("W" ++ atom_to_list(V)),
    {B, S4} = expr(D - 1, [V, W | Vs], I, S3),
    {C, S5} = expr(D - 1, Vs, I, S4),
    Segment = {bin_element, 9, {var, 9, V}, {integer, 9, X}, element(Y + 1, {default, [little], [signed], [bitstring]})},
    Tail = {bin_element, 9, {var, 9, W}, default, [bitstring]},
    {{'case', 9, A, [{clause, 9, [{bin, 9, [Segment, Tail]}], [], [B]}, {clause, 9, [{var, 9, '_'}], [], [C]}]}, S5}.

value(D, S0) ->
    {K, S1} = tb:int(if D =:= 0 -> 6; true -> 12 end, S0),
    {X, S2} = tb:next(S1),
    case K of
        0 -> {X rem 4, S2};
        1 -> {-(X rem 1000), S2};
        2 -> {X * X, S2};
        3 -> {element(X rem 4 + 1, {a, b, ok, k}), S2};
        4 -> {(X rem 1000) / 8, S2};
        5 -> {[], S2};
        6 -> {A, S3} = value(D - 1, S2), {B, S4} = value(D - 1, S3), {{A, B}, S4};
        7 -> {A, S3} = value(D - 1, S2), {B, S4} = value(D - 1, S3), {[A, B], S4};
        8 -> {A, S3} = value(D - 1, S2), {#{k => A, 1 => X rem 10}, S3};
        9 -> {<<X:(X rem 40)>>, S2};
        10 -> {lists:seq(1, X rem 6), S2};
        11 -> {A, S3} = value(D - 1, S2), {{ok, A, X rem 3}, S3}
    end.
