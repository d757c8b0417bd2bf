-module(clocks).
-export([main/0]).

% Calendar conversions, units of time, clocks that agree.
main() -> times().
d(X) -> tb:p(d, X).
c(F) -> try F() of X -> tb:p(c, X) catch C:R -> tb:p(c, {C, R}) end.
times() ->
  d([erlang:universaltime_to_posixtime(X) || X <- [{{1970,1,1},{0,0,0}}, {{1600,1,1},{0,0,0}}, {{2024,2,29},{12,34,56}}, {{100000,12,31},{23,59,59}}]]),
  [c(fun() -> erlang:universaltime_to_posixtime(X) end) || X <- [{{1599,1,1},{0,0,0}}, {{2023,2,29},{0,0,0}}, {{2023,2,1},{24,0,0}}, {{2023,2,1},{23,60,0}},{{2023,13,1},{2,0,0}}, x, {{2023,a,1},{2,0,0}}, {{2147483647,1,1},{0,0,0}}, {{2147483646,1,1},{0,0,0}}]],
  [c(fun() -> erlang:posixtime_to_universaltime(X) end) || X <- [0, -1, 1 bsl 40, -(1 bsl 40), 1 bsl 58, x, 1 bsl 64]],
  [c(fun() -> erlang:localtime_to_universaltime(X, U) end) || X <- [{{1970,1,1},{0,0,0}}, {{1901,1,1},{0,0,0}}, {{1902,1,1},{0,0,0}}, {{1969,12,31},{23,59,59}}, {{2024,7,1},{12,0,0}}, {{9999,2,29},{0,0,0}}], U <- [true,false,undefined,x]],
  [c(fun() -> erlang:universaltime_to_localtime(X) end) || X <- [{{1970,1,1},{0,0,0}}, {{1901,1,1},{0,0,0}}, {{1902,1,1},{0,0,0}}, {{2024,7,1},{12,0,0}}, {{2024,2,30},{12,0,0}}, x]],
  d(erlang:monotonic_time() > -576460752000000000), d(erlang:monotonic_time(second) < -576460000),
  [begin A = erlang:system_time(U), B = os:system_time(U), d({U, abs(A-B) * 10 =< A}) end || U <- [second, seconds, millisecond, milli_seconds, microsecond, micro_seconds, nanosecond, nano_seconds, native, perf_counter, 1, 1000, 7, 1000000000000]],
  [c(fun() -> erlang:system_time(U) end) || U <- [foo, 0, -1, 1.0]],
  d(erlang:monotonic_time(second) + erlang:time_offset(second) - erlang:system_time(second) >= -1),
  {A1,B1,C1} = erlang:now(), d({A1,B1,C1} < erlang:now()), d(erlang:timestamp() > {1000,0,0}), d(os:timestamp() > {1000,0,0}), 
  d(tuple_size(erlang:localtime())), d(tuple_size(erlang:date())), d(tuple_size(erlang:time())), d(erts_internal:time_unit()), d(is_integer(os:perf_counter())).
