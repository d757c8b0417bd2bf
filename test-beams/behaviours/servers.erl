-module(servers).
-behaviour(gen_server).
-export([main/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, handle_continue/2, terminate/2, code_change/3, format_status/2]).
-import(tb, [p/2, t/2]).

main() ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    {ok, S} = gen_server:start_link(?MODULE, 10, []),
    p(call, [gen_server:call(S, get), gen_server:call(S, {add, 5}), gen_server:call(S, get)]),
    p(cast, [gen_server:cast(S, {add, 1}), gen_server:call(S, get)]),
    p(info, begin S ! {add, 2}, gen_server:call(S, get) end),
    p(noreply, gen_server:call(S, later)),
    p(timeout, try gen_server:call(S, never, 20) catch exit:{R, {M, F, _}} -> {R, M, F} end),
    p(continue, gen_server:call(S, continue)),
    p(continued, gen_server:call(S, get)),
    p(timeout_msg, begin gen_server:call(S, {timeout, 5}), timer:sleep(20), gen_server:call(S, get) end),
    p(hibernate, [gen_server:call(S, hibernate), gen_server:call(S, get)]),
    gen_server:call(S, continue),
    p(request, begin Id = gen_server:send_request(S, get), gen_server:wait_response(Id, 1000) end),
    p(receive_response, gen_server:receive_response(gen_server:send_request(S, {add, 0}), 1000)),
    p(reqids, begin C0 = gen_server:reqids_new(), C1 = gen_server:send_request(S, get, l1, C0), C2 = gen_server:send_request(S, {add, 0}, l2, C1), {{A1, L1}, C3} = rr(C2), {{A2, L2}, C4} = rr(C3), {lists:sort([{A1, L1}, {A2, L2}]), gen_server:reqids_size(C4)} end),
    p(stop_reply, gen_server:call(S, {stop, bye})),
    p(exit, receive {'EXIT', S, R1} -> R1 after 1000 -> none end),
    p(noproc, try gen_server:call(S, get) catch exit:{R2, _} -> R2 end),
    p(named, begin {ok, N} = gen_server:start({local, srv}, ?MODULE, 1, []), R3 = [gen_server:call(srv, get), gen_server:start({local, srv}, ?MODULE, 1, []) =:= {error, {already_started, N}}, gen_server:stop(srv), whereis(srv)], R3 end),
    p(init_results, [gen_server:start(?MODULE, A, []) || A <- [ignore, {stop, why}, {error, e}, crash]] -- []),
    p(init_timeout, gen_server:start(?MODULE, {sleep, 200}, [{timeout, 20}])),
    flush(),
    p(crash, begin {ok, C} = gen_server:start_link(?MODULE, 1, []), X = try gen_server:call(C, crash) catch exit:{{R4, [_ | _]}, _} -> R4 end, {X, receive {'EXIT', C, {R5, [_ | _]}} -> R5 end} end),
    p(bad_return, begin {ok, C5} = gen_server:start_link(?MODULE, 1, []), try gen_server:call(C5, bad) catch exit:{R6, _} -> R6 end end),
    flush(),
    p(exit_parent, begin {ok, C6} = gen_server:start_link(?MODULE, {trap, self()}, []), exit(C6, shutdown), A6 = receive {terminated, W} -> W after 1000 -> none end, {A6, receive {'EXIT', C6, R7} -> R7 after 1000 -> none end} end),
    p(multi, begin Ss = [element(2, gen_server:start(?MODULE, I, [])) || I <- lists:seq(1, 20)], Rs = [gen_server:call(X7, get) || X7 <- Ss], [gen_server:stop(X8) || X8 <- Ss], lists:sum(Rs) end),
    p(sys, begin {ok, C9} = gen_server:start(?MODULE, 5, []), R9 = [sys:get_state(C9), sys:replace_state(C9, fun(X9) -> X9 * 2 end), gen_server:call(C9, get), sys:suspend(C9), sys:resume(C9), element(1, sys:get_status(C9)), sys:statistics(C9, true), gen_server:call(C9, get), is_list(element(2, sys:statistics(C9, get)))], gen_server:stop(C9), R9 end),
    p(code_change, begin {ok, C10} = gen_server:start(?MODULE, 5, []), sys:suspend(C10), R10 = sys:change_code(C10, ?MODULE, old, extra), sys:resume(C10), A10 = gen_server:call(C10, get), gen_server:stop(C10), {R10, A10} end),
    p(log, begin {ok, C11} = gen_server:start(?MODULE, 1, [{debug, [log]}]), gen_server:call(C11, get), {ok, L11} = sys:log(C11, get), gen_server:stop(C11), [element(1, element(1, E)) || E <- [hd(L11)], is_tuple(element(1, E))] end),
    p(throughput, begin {ok, C12} = gen_server:start(?MODULE, 0, []), [gen_server:call(C12, {add, 1}) || _ <- lists:seq(1, 2000)], R12 = gen_server:call(C12, get), gen_server:stop(C12), R12 end),
    p(multi_call, gen_server:multi_call([node()], no_such_server, x)),
    p(abcast, gen_server:abcast([node()], no_such_server, x)),
    p(gen_event, events()),
    logger:set_primary_config(level, notice).

rr(C) -> {Resp, Label, C1} = gen_server:receive_response(C, 1000, true), {reply, R} = Resp, {{R, Label}, C1}.

init(ignore) -> ignore;
init({stop, R}) -> {stop, R};
init({error, E}) -> {error, E};
init(crash) -> exit(crashed);
init({sleep, T}) -> timer:sleep(T), {ok, 0};
init({trap, Pid}) -> process_flag(trap_exit, true), {ok, Pid};
init(N) -> {ok, N}.

handle_call(get, _, N) -> {reply, N, N};
handle_call({add, X}, _, N) -> {reply, {added, X}, N + X};
handle_call(later, From, N) -> gen_server:reply(From, replied_later), {noreply, N};
handle_call(never, _, N) -> {noreply, N};
handle_call(continue, _, N) -> {reply, ok, N, {continue, {set, 100}}};
handle_call({timeout, T}, _, N) -> {reply, ok, N, T};
handle_call(hibernate, _, N) -> {reply, zz, N, hibernate};
handle_call({stop, R}, _, N) -> {stop, R, stopping, N};
handle_call(crash, _, _) -> error(crashed);
handle_call(bad, _, _) -> nonsense.

handle_cast({add, X}, N) -> {noreply, N + X}.

handle_info({add, X}, N) -> {noreply, N + X};
handle_info(timeout, _) -> {noreply, timed_out};
handle_info(_, N) -> {noreply, N}.

handle_continue({set, X}, _) -> {noreply, X}.

terminate(Reason, Pid) when is_pid(Pid) -> Pid ! {terminated, Reason};
terminate(_, _) -> ok.

code_change(Old, N, Extra) -> {ok, {Old, N, Extra}}.
format_status(_, [_, S]) -> S.

flush() -> receive _ -> flush() after 0 -> ok end.

events() ->
    {ok, E} = gen_event:start(),
    ok = gen_event:add_handler(E, tb_event_handler, self()),
    gen_event:notify(E, {note, 1}),
    gen_event:sync_notify(E, {note, 2}),
    A = gen_event:call(E, tb_event_handler, count),
    B = gen_event:which_handlers(E),
    C = gen_event:delete_handler(E, tb_event_handler, bye),
    D = gen_event:call(E, tb_event_handler, count),
    gen_event:stop(E),
    {A, B, C, D, tb:flush()}.
