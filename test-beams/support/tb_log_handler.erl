%% A logger handler that sends what it would print.
-module(tb_log_handler).
-export([log/2]).

log(#{level := L, msg := M}, #{config := Pid}) -> Pid ! {L, M}.
