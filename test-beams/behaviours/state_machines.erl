-module(state_machines).
-behaviour(gen_statem).
-export([main/0, init/1, callback_mode/0, locked/3, open/3, terminate/3]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    {ok, S} = gen_statem:start(?MODULE, {"1234", self()}, []),
    p(wrong, [gen_statem:call(S, {button, C}) || C <- "12"]),
    p(state, gen_statem:call(S, get)),
    p(right, [gen_statem:call(S, {button, C}) || C <- "34"]),
    p(opened, gen_statem:call(S, get)),
    p(postponed, begin gen_statem:cast(S, {button_later, $9}), timer:sleep(5), gen_statem:call(S, lock), timer:sleep(5), gen_statem:call(S, get) end),
    p(timeout, begin gen_statem:call(S, clear), [gen_statem:call(S, {button, C}) || C <- "1234"], A = element(1, gen_statem:call(S, get)), gen_statem:call(S, {auto_lock, 10}), timer:sleep(40), {A, element(1, gen_statem:call(S, get))} end),
    p(events, lists:sublist(tb:flush(), 20)),
    p(internal, begin gen_statem:cast(S, internal), receive {internal, X} -> X after 1000 -> none end end),
    p(generic_timeout, begin gen_statem:cast(S, {named, 5}), receive {named, Y} -> Y after 1000 -> none end end),
    p(info, begin S ! hello, receive {info, Z} -> Z after 1000 -> none end end),
    p(request, gen_statem:wait_response(gen_statem:send_request(S, get), 1000)),
    p(sys, element(1, sys:get_state(S))),
    p(call_timeout, try gen_statem:call(S, never, 10) catch exit:{R, _} -> R end),
    p(stop, [gen_statem:stop(S), receive {terminated, W} -> W after 1000 -> none end]),
    p(crash, begin {ok, C} = gen_statem:start(?MODULE, {"1", self()}, []), try gen_statem:call(C, crash) catch exit:{{R2, _}, _} -> R2 end end),
    p(init_stop, gen_statem:start(?MODULE, stop, [])),
    logger:set_primary_config(level, notice).

callback_mode() -> [state_functions, state_enter].

init(stop) -> {stop, nope};
init({Code, Pid}) -> {ok, locked, #{code => Code, pid => Pid, got => []}}.

locked(enter, Old, #{pid := P} = D) -> P ! {enter, locked, Old}, {keep_state, D#{got := []}};
locked({call, From}, {button, C}, #{code := Code, got := G} = D) ->
    G1 = G ++ [C],
    if
        G1 =:= Code -> {next_state, open, D, [{reply, From, open}]};
        true -> {keep_state, D#{got := G1}, [{reply, From, {more, length(Code) - length(G1)}}]}
    end;
locked(cast, {button_later, C}, #{got := G} = D) -> {keep_state, D#{got := G ++ [C]}};
locked(Type, Event, D) -> any(Type, Event, locked, D).

open(enter, Old, #{pid := P}) -> P ! {enter, open, Old}, keep_state_and_data;
open({call, From}, lock, D) -> {next_state, locked, D, {reply, From, ok}};
open(cast, {button_later, _}, _) -> {keep_state_and_data, postpone};
open({call, From}, {auto_lock, T}, _) -> {keep_state_and_data, [{reply, From, ok}, {state_timeout, T, lock}]};
open(state_timeout, lock, D) -> {next_state, locked, D};
open(Type, Event, D) -> any(Type, Event, open, D).

any({call, From}, get, State, #{got := G}) -> {keep_state_and_data, [{reply, From, {State, G}}]};
any({call, From}, clear, _, D) -> {keep_state, D#{got := []}, [{reply, From, ok}]};
any({call, _}, never, _, _) -> keep_state_and_data;
any({call, _}, crash, _, _) -> error(crashed);
any(cast, internal, _, _) -> {keep_state_and_data, [{next_event, internal, hi}]};
any(internal, X, _, #{pid := P}) -> P ! {internal, X}, keep_state_and_data;
any(cast, {named, T}, _, _) -> {keep_state_and_data, [{{timeout, mine}, T, fired}]};
any({timeout, mine}, X, _, #{pid := P}) -> P ! {named, X}, keep_state_and_data;
any(info, X, _, #{pid := P}) -> P ! {info, X}, keep_state_and_data.

terminate(R, _, #{pid := P}) -> P ! {terminated, R}.
