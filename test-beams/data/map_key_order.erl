%% otp: 27 29
%% vm: own
-module(map_key_order).
-export([main/0]).

%% Small maps show atoms in the order in which these came to be.
main() ->
    Names = [map, other, error_logger, kill, size, include_shared_binaries, true, false, ok, error, name, value, type, id,
             level, msg, meta, pid, time, gl, user, node, port, binary, list, tuple, float, integer, key, infinity, undefined,
             normal, timeout, exit, throw],
    Before = fun(A, B) -> hd(maps:keys(#{A => 1, B => 1})) =:= A end,
    io:format("~w~n", [lists:sort(Before, Names)]),
    io:format("~w~n", [erlang:pre_loaded()]).
