%% Aliases that went out as text or bytes are aliases when they come back.
-module(aliases_written).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    A = erlang:alias(),
    B = term_to_binary(A),
    A2 = binary_to_term(B),
    A3 = list_to_ref(ref_to_list(A)),
    p(numbers, length(string:tokens(ref_to_list(A), "."))),
    p(same, {A =:= A2, A =:= A3, erlang:phash2(A) =:= erlang:phash2(A2)}),
    p(bytes, got(A2)),
    p(text, got(A3)),
    M = erlang:monitor(process, spawn(fun() -> receive a -> ok end end), [{alias, explicit_unalias}]),
    M2 = binary_to_term(term_to_binary(M)),
    p(monitor, got(M2)),
    p(demonitor, erlang:demonitor(list_to_ref(ref_to_list(M)), [info])),
    p(after_demonitor, got(M2)),
    p(unalias, [unalias(A3), unalias(A2), unalias(A)]),
    p(after_unalias, [got(A), got(A2), got(A3), got(binary_to_term(B))]),
    One = erlang:alias([reply]),
    One2 = binary_to_term(term_to_binary(One)),
    p(reply, [got(One2), got(One2), got(One)]),
    %% Of another process, and of one that has ended.
    Me = self(),
    P = spawn(fun() -> Me ! {alias, term_to_binary(erlang:alias())}, receive X -> Me ! {got, X} end end),
    receive {alias, Bin} -> binary_to_term(Bin) ! hello end,
    p(other, receive {got, X} -> X after 1000 -> none end),
    R = erlang:monitor(process, P),
    receive {'DOWN', R, _, _, _} -> ok end,
    p(ended, is_reference(binary_to_term(Bin))),
    binary_to_term(Bin) ! hello,
    p(nothing, receive Y -> Y after 20 -> none end).

got(A) ->
    A ! {hello, A},
    receive {hello, A} -> yes after 20 -> no end.
