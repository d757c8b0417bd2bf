%% What process_info tells of others that wait, are suspended, stand in a queue or run, in signal order.
-module(info_of_others).
-export([main/0]).

main() ->
    waiting(),
    counted(),
    changed(),
    suspended(),
    busy(),
    gone(),
    crowd().

wait() -> receive stop -> ok end.

waiting() ->
    P = spawn(fun wait/0),
    until(P, waiting),
    show(process_info(P, [status, priority, registered_name, message_queue_len, trap_exit])),
    show(process_info(P, [])),
    show(process_info(P, registered_name)),
    register(somebody, P),
    show(process_info(P, [registered_name, error_handler, message_queue_data, last_calls])),
    {_, [{reductions, R0}, {group_leader, G}]} = {ok, process_info(P, [reductions, group_leader])},
    {reductions, R1} = process_info(P, reductions),
    show({R0 =:= R1, G =:= group_leader()}),
    show([element(1, element(2, catch process_info(P, L))) || L <- [[status, nonsense], [status | x]]]),
    P ! stop.

%% Messages that were sent before count.
counted() ->
    P = spawn(fun wait/0),
    Seen = [begin P ! {n, N}, {message_queue_len, L} = process_info(P, message_queue_len), L end || N <- lists:seq(1, 200)],
    show(Seen =:= lists:seq(1, 200)),
    Lists = [begin P ! {n, N}, [_, {message_queue_len, L}] = process_info(P, [status, message_queue_len]), L end
             || N <- lists:seq(201, 400)],
    show(Lists =:= lists:seq(201, 400)),
    P ! stop.

%% What the process was told before has happened.
changed() ->
    Leaders = [spawn(fun wait/0) || _ <- [1, 2]],
    P = spawn(fun wait/0),
    Ok = [begin
              group_leader(L, P),
              process_info(P, group_leader) =:= {group_leader, L}
          end || _ <- lists:seq(1, 50), L <- Leaders],
    show(lists:all(fun(B) -> B end, Ok)),
    Q = spawn(fun() -> process_flag(trap_exit, true), put(a, b), process_flag(priority, high), wait() end),
    until(Q, waiting),
    show(process_info(Q, [trap_exit, priority, dictionary, status])),
    exit(Q, reason),
    show(process_info(Q, [message_queue_len, trap_exit])),
    [X ! stop || X <- [P, Q | Leaders]].

suspended() ->
    P = spawn(fun wait/0),
    erlang:suspend_process(P),
    P ! a,
    P ! b,
    show(process_info(P, [message_queue_len, status])),
    show(process_info(P, status)),
    erlang:resume_process(P),
    P ! stop,
    R = monitor(process, P),
    receive {'DOWN', R, _, _, Why} -> show(Why) end.

%% A process that does not stop running.
busy() ->
    P = spawn(fun spin/0),
    Good = [begin
                [{status, S}, {priority, normal}, {reductions, N}] = process_info(P, [status, priority, reductions]),
                true = lists:member(S, [runnable, running, garbage_collecting]),
                N
            end || _ <- lists:seq(1, 300)],
    show(Good =:= lists:sort(Good)),
    exit(P, kill),
    show(process_info(P, [status, reductions])).

spin() -> lists:seq(1, 100), spin().

gone() ->
    {P, R} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', R, _, _, _} -> ok end,
    show([process_info(P, I) || I <- [status, [status], [status, reductions], memory]]).

%% Many look at many that talk, collect, hibernate, suspend each other and end.
crowd() ->
    Me = self(),
    Workers = [spawn(fun() -> work(N, Me) end) || N <- lists:seq(1, 12)],
    Lookers = [spawn_monitor(fun() -> look(Workers, 400) end) || _ <- lists:seq(1, 4)],
    [W ! {go, Workers} || W <- Workers],
    show([receive {'DOWN', R, _, P, Why} -> Why end || {P, R} <- Lookers]),
    show(length([receive {worked, W} -> W end || W <- Workers])).

work(N, Me) ->
    receive {go, Others} -> work(N, 600, list_to_tuple(Others)) end,
    Me ! {worked, self()}.

work(_, 0, _) -> ok;
work(N, Left, Others) ->
    element(Left rem tuple_size(Others) + 1, Others) ! {self(), lists:seq(1, N)},
    case Left rem 7 of
        0 -> garbage_collect();
        3 -> catch erlang:suspend_process(element(N, Others)), catch erlang:resume_process(element(N, Others));
        5 -> erlang:yield();
        _ -> receive {_, L} when is_list(L) -> length(L) after 0 -> ok end
    end,
    work(N, Left - 1, Others).

look(_, 0) -> exit(done);
look(Workers, N) ->
    [case process_info(W, [status, message_queue_len, memory, reductions, total_heap_size]) of
         undefined -> ok;
         [{status, _}, {message_queue_len, L}, {memory, M}, {reductions, R}, {total_heap_size, H}]
           when L >= 0, M > H, R >= 0, H > 0 -> ok
     end || W <- Workers],
    look(Workers, N - 1).

until(P, Status) ->
    case process_info(P, status) of
        {status, Status} -> ok;
        _ -> erlang:yield(), until(P, Status)
    end.

show(X) -> io:format("~p~n", [X]).
