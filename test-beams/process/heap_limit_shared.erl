%% otp: 27 29
-module(heap_limit_shared).
-export([main/0]).
-import(tb, [p/2, t/2]).

%% Shared binaries count for max_heap_size where that is asked for.
main() ->
    p(default, process_info(self(), max_heap_size)),
    [p({limit, Shared, Size}, grow(Shared, Size)) || Shared <- [true, false], Size <- [50_000, 5_000_000]],
    p(by_flag, in_process(fun() ->
        Old = process_flag(max_heap_size, #{size => 60_000, kill => true, error_logger => false, include_shared_binaries => true}),
        {Old, process_info(self(), max_heap_size)}
    end)),
    p(keeps, in_process(fun() ->
        process_flag(max_heap_size, #{size => 0, include_shared_binaries => true}),
        process_flag(max_heap_size, 60_000),
        process_info(self(), max_heap_size)
    end)),
    p(system, begin
        Old = erlang:system_flag(max_heap_size, #{size => 0, include_shared_binaries => true}),
        R = in_process(fun() -> process_info(self(), max_heap_size) end),
        {Old, erlang:system_flag(max_heap_size, Old), R}
    end),
    t(bad_value, fun() -> process_flag(max_heap_size, #{size => 0, include_shared_binaries => 1}) end),
    t(no_size, fun() -> process_flag(max_heap_size, #{include_shared_binaries => true}) end).

grow(Shared, Size) ->
    Limit = #{size => Size, kill => true, error_logger => false, include_shared_binaries => Shared},
    {P, R} = spawn_opt(fun() ->
        Kept = [binary:copy(<<N>>, 100_000) || N <- lists:seq(1, 50)],
        erlang:garbage_collect(),
        exit({kept, length(Kept)})
    end, [monitor, {max_heap_size, Limit}]),
    receive {'DOWN', R, process, P, Why} -> Why end.

in_process(F) ->
    {P, R} = spawn_monitor(fun() -> exit({value, F()}) end),
    receive {'DOWN', R, process, P, {value, V}} -> V end.
