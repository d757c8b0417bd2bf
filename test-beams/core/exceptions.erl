-module(exceptions).
-export([main/0, thrower/1]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    p(classes, [try thrower(X) catch C:R -> {C, R} end || X <- [t, e, x, ok, badarith, badarg, undef]]),
    p(catches, [catch thrower(X) || X <- [t, x, ok]]),
    p(catch_error, case catch thrower(e) of {'EXIT', {R0, [_ | _]}} -> {exit, R0} end),
    p(catch_badarith, case catch thrower(badarith) of {'EXIT', {R1, [_ | _]}} -> {exit, R1} end),
    p(of_clause, [of_clause(X) || X <- [1, 2, t, e]]),
    p(nested, [nested(X) || X <- [inner, outer, none, both, after_throw]]),
    p(after_order, after_order()),
    p(after_value, after_value()),
    p(rethrow, try rethrow() catch throw:X2 -> X2 end),
    p(raise, try erlang:raise(exit, why, [{m, f, 2, []}]) catch C3:R3:S3 -> {C3, R3, S3} end),
    p(raise_bad, erlang:raise(id(foo), why, [])),
    p(raise_bad2, erlang:raise(error, why, id([bad]))),
    p(error3, try erlang:error(bad, [x, y]) catch error:R4:S4 -> {R4, element(3, hd(S4))} end),
    p(error_none, try erlang:error(bad, none) catch error:R5:S5 -> {R5, element(3, hd(S5))} end),
    t(throw_top, fun() -> throw({a, "b"}) end),
    t(exit_top, fun() -> exit({shutdown, x}) end),
    p(through_lists, [try lists:map(fun(X) when X > 0 -> X end, L) catch error:R -> R end || L <- [[1, 2], [1, 0]]]),
    p(deep, try deep(10000) catch throw:{deep, D} -> D end),
    p(many, many(1000, 0)),
    p(catch_in_list, [catch id(1) + id(a), catch 2] =/= []),
    p(unused_catch, begin catch throw(lost), kept end),
    p(try_in_expr, 1 + (try id(2) + throw(x) catch throw:x -> 10 end) * 3),
    p(loop, loop_try(5, [])),
    p(big_reason, try error({big, lists:seq(1, 50), 1 bsl 100, <<0:800>>}) catch error:{big, L6, B6, Bin6} -> {length(L6), B6, byte_size(Bin6)} end),
    p(exit_in_process, begin {P, M} = spawn_monitor(fun() -> exit(custom) end), receive {'DOWN', M, _, P, R7} -> R7 end end),
    p(error_in_process, begin
        {P8, M8} = spawn_monitor(fun() -> group_leader(self(), self()), logger:set_process_metadata(#{}), exit({e, 1}) end),
        receive {'DOWN', M8, _, P8, R8} -> R8 end end),
    p(throw_in_process, begin
        logger:set_primary_config(level, none),
        {P9, M9} = spawn_monitor(fun() -> throw(up) end),
        R10 = receive {'DOWN', M9, _, P9, {R9, [_ | _]}} -> R9 end,
        logger:set_primary_config(level, notice),
        R10 end).

thrower(t) -> throw(thrown);
thrower(e) -> error(erred);
thrower(x) -> exit(exited);
thrower(ok) -> fine;
thrower(badarith) -> id(a) + 1;
thrower(badarg) -> atom_to_list(id(1));
thrower(undef) -> (id(no_such_module)):foo(1).

of_clause(X) ->
    try case X of t -> throw(x); e -> error(x); _ -> X end of
        1 -> one;
        N -> {other, N}
    catch
        throw:x -> thrown;
        _:_ -> something
    end.

nested(How) ->
    try
        try
            case How of inner -> throw(a); outer -> throw(b); both -> throw(c); _ -> normal end
        catch
            throw:a -> caught_inner;
            throw:c -> throw(d)
        after
            put(nested, [How | case get(nested) of undefined -> []; L -> L end]),
            How =:= after_throw andalso throw(e)
        end
    of
        V -> {value, V}
    catch
        throw:T -> {outer, T, get(nested)}
    end.

after_order() ->
    put(order, []),
    Note = fun(X) -> put(order, [X | get(order)]) end,
    R = try
        try Note(body), throw(t) after Note(after1) end
    catch
        _:_ -> Note(handler), result
    after
        Note(after2)
    end,
    {R, lists:reverse(get(order))}.

after_value() ->
    try ok after ignored end.

rethrow() ->
    try throw(first)
    catch Class:Reason:Stack ->
        try erlang:raise(Class, {again, Reason}, Stack)
        catch throw:{again, X} -> throw({third, X})
        end
    end.

deep(0) -> throw({deep, done});
deep(N) -> 1 + deep(N - 1).

many(0, Acc) -> Acc;
many(N, Acc) ->
    V = try case N rem 3 of 0 -> throw(1); 1 -> error(2); 2 -> exit(3) end
        catch throw:X -> X; error:X -> X * 10; exit:X -> X * 100 end,
    many(N - 1, Acc + V).

loop_try(0, Acc) -> Acc;
loop_try(N, Acc) ->
    try N rem 2 =:= 0 orelse throw(odd) of
        true -> loop_try(N - 1, [N | Acc])
    catch
        throw:odd -> loop_try(N - 1, [odd | Acc])
    end.
