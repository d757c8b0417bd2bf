%% An event handler that forwards and counts.
-module(tb_event_handler).
-behaviour(gen_event).
-export([init/1, handle_event/2, handle_call/2, handle_info/2, terminate/2]).

init(Pid) -> {ok, {Pid, 0}}.
handle_event(E, {Pid, N}) -> Pid ! {event, E}, {ok, {Pid, N + 1}}.
handle_call(count, {Pid, N}) -> {ok, N, {Pid, N}}.
handle_info(_, S) -> {ok, S}.
terminate(Why, {_, N}) -> {gone, Why, N}.
