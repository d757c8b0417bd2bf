%% modes: plain
%% What has so much live data that collecting at every chance would take forever.
-module(large_data).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    Me = self(),
    p(long_equal, begin A = lists:seq(1, 100000), B = lists:seq(1, 100000), {A =:= B, A == B, A < B, [0 | A] < [1 | B], A ++ [x] > B} end),
    p(deep_equal, begin C = nest(50000), D = nest(50000), {C =:= D, {C, 1} < {D, 2}} end),
    p(long, length([X || X <- lists:seq(1, 100000), X band 1 =:= 0])),
    p(long_bin, erlang:crc32(<< <<X:24>> || X <- lists:seq(1, 50000) >>)),
    p(reverse_long, lists:sum(lists:sublist(lists:reverse(lists:seq(1, 300000)), 10))),
    p(subtract_big, begin E = lists:seq(1, 5000) -- lists:seq(1, 5000, 2), {length(E), lists:sum(E)} end),
    p(sort_random, tb:h(lists:sort(rand(5000, tb:seed(3))))),
    p(sort_terms, tb:h(lists:sort([case X rem 5 of 0 -> X; 1 -> X / 3; 2 -> {X}; 3 -> [X]; 4 -> integer_to_list(X) end || X <- rand(3000, tb:seed(4))]))),
    p(external_string, [binary:part(term_to_binary(lists:duplicate(N, $a)), 0, 5) || N <- [1, 255, 65535, 65536]]),
    p(external_long, begin L3 = lists:seq(1, 100000), erlang:crc32(term_to_binary(L3)) end),
    p(external_deep, begin T1 = nest(20000, []), binary_to_term(term_to_binary(T1)) =:= T1 end),
    p(big_message, begin X5 = lists:seq(1, 200000), C5 = copy(X5), {length(C5), lists:sum(C5)} end),
    p(many, length(lists:usort([list_to_atom("many_" ++ integer_to_list(N)) || N <- lists:seq(1, 20000)]))),
    p(long_queue, begin [self() ! {q, N} || N <- lists:seq(1, 20000)], self() ! target, T = receive target -> found end, {T, length(tb:flush())} end),
    p(ref_trick, begin [self() ! {junk, N} || N <- lists:seq(1, 5000)], R2 = make_ref(), spawn(fun() -> Me ! {R2, hi} end), V2 = receive {R2, Z} -> Z end, length(tb:flush()), V2 end).

nest(0) -> leaf;
nest(N) -> [{N, nest(N - 1)}].

nest(0, T) -> T;
nest(N, T) -> nest(N - 1, case N rem 3 of 0 -> [T]; 1 -> {T}; 2 -> #{k => T} end).

rand(0, _) -> [];
rand(N, S0) -> {X, S} = tb:int(100000, S0), [X | rand(N - 1, S)].

copy(T) ->
    Me = self(),
    spawn(fun() -> receive X -> Me ! {back, X} end end) ! T,
    receive {back, Y} -> Y end.
