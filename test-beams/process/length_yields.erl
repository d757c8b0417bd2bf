%% modes: plain
%% length/1 of a long list gives way, in bodies, in guards and in guards of a receive, and by apply.
-module(length_yields).
-export([main/0, body/5, guard/5, improper/2, fails/1]).

main() ->
    N = 400000,
    L = lists:seq(1, N),
    [tell(Name, F, L) || {Name, F} <- ways()],
    Bad = L ++ [a | b],
    show(element(1, element(2, catch improper(Bad, x)))),
    show(guard(Bad, 1, 2, 3, 4)),
    show(by_apply_fails(Bad)),
    try fails(Bad) of
        _ -> ok
    catch
        error:badarg:S ->
            [{erlang, length, [A], _}, {?MODULE, fails, 1, _} | _] = S,
            show(A =:= Bad)
    end,
    show([short([]), short([1]), short([1, 2 | 3]), short(x)]),
    churn(L, 20).

ways() ->
    [{body, fun(L) -> body(L, 1, 2, 3, 4) end},
     {guard, fun(L) -> guard(L, 1, 2, 3, 4) end},
     {'receive', fun(L) -> self() ! {list, L}, self() ! other, in_receive() end},
     {apply, fun(L) -> M = erlang, F = list_to_atom("length"), M:F(L) end},
     {'fun', fun(L) -> lists:map(fun erlang:length/1, [L, []]) end}].

%% Who waits behind it runs meanwhile.
tell(Name, F, L) ->
    Me = self(),
    {P, R} = spawn_monitor(fun() -> receive go -> exit({ok, F(L)}) end end),
    erlang:trace(P, true, [running]),
    P ! go,
    receive {'DOWN', R, _, _, {ok, What}} -> show({Name, What}); {'DOWN', R, _, _, E} -> show(E) end,
    Ref = erlang:trace_delivered(P),
    receive {trace_delivered, P, Ref} -> ok end,
    show({Name, outs(P, 0) > 3, Me =:= self()}).

outs(P, N) ->
    receive {trace, P, out, _} -> outs(P, N + 1); {trace, P, _, _} -> outs(P, N) after 0 -> N end.

%% Registers that live across it keep their values.
body(L, A, B, C, D) ->
    N = length(L),
    {N, A, B, C, D, hd(L)}.

guard(L, A, B, C, D) when length(L) > 10, A < B -> {long, A, B, C, D, hd(L)};
guard(L, A, B, C, D) -> {no, A, B, C, D, hd(L)}.

in_receive() ->
    receive
        {list, L} when length(L) < 5 -> short;
        other -> got_other;
        {list, L} when length(L) > 5 -> {long, hd(L)}
    end.

improper(L, X) -> {length(L), X}.

fails(L) -> 1 + length(L).

by_apply_fails(L) ->
    try apply(erlang, length, [L]) catch error:badarg:S -> [{erlang, length, [A], _} | _] = S, A =:= L end.

short(L) when length(L) < 2 -> length(L);
short(_) -> no.

%% With collections in between.
churn(_, 0) -> ok;
churn(L, N) ->
    Copies = [spawn_monitor(fun() -> exit(length([x | L]) + length(tl(L))) end) || _ <- [1, 2]],
    [receive {'DOWN', R, _, _, 799999 + 1} -> ok; {'DOWN', R, _, _, W} -> show(W) end || {_, R} <- Copies],
    churn(L, N - 5).

show(X) -> io:format("~p~n", [X]).
