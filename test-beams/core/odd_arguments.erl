%% Natives that are given what hardly anyone gives them: numbers beyond the reference's small integers, long patterns.
-module(odd_arguments).
-export([main/0]).

main() ->
    Show = fun(Name, F) -> io:format("~p: ~0p~n", [Name, try F() catch C:R -> {C, R} end]) end,
    Show(raise_class, fun() -> erlang:raise("1.5e3", x, []) end),
    Show(raise_trace, fun() -> erlang:raise(error, x, [{m, f, -7, []}]) end),
    [Show({bump, Bits}, fun() -> erlang:bump_reductions((1 bsl Bits) - 1) end) || Bits <- [20, 60, 64]],
    Show(monitor_node, fun() -> monitor_node('a@b', maybe_true) end),
    [Show({Flag, Bits}, fun() -> process_flag(Flag, 1 bsl Bits) end)
        || Flag <- [min_heap_size, min_bin_vheap_size, max_heap_size], Bits <- [59, 60, 64]],
    Show(spawn_opt, fun() -> spawn_opt(fun() -> ok end, [{min_heap_size, 1 bsl 60}]) end),
    long_patterns().

%% Each in a fraction of a second.
long_patterns() ->
    Zeros = <<0:800000>>,
    Subject = <<(binary:copy(<<"ab">>, 1000))/binary, Zeros/binary, "xyz">>,
    Pattern = binary:compile_pattern([<<"xy">>, Zeros]),
    io:format("~p ~p~n", [binary:match(Subject, Pattern), binary:matches(Subject, [<<"yz">>, Zeros])]),
    Parts = binary:split(Subject, [<<"x">>, binary:part(Zeros, 0, 50000)], [global]),
    io:format("~p~n", [[byte_size(P) || P <- Parts]]).
