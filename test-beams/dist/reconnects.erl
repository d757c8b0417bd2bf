%% vm: own
%% timeout: 60
%% modes: plain
%% A node is reached again at once after a disconnection, whatever was queued; comings and goings are told in order.
-module(reconnects).
-export([main/0]).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(reconnects),
    [with(tb_nodes:start(Which, atom_to_list(Which), ["-connect_all", "false", "-kernel", "prevent_overlapping_partitions", "false"]))
     || Which <- tb_nodes:others()],
    tb_nodes:halt_all([]).

with(N) ->
    Me = self(),
    W = spawn_link(fun() -> net_kernel:monitor_nodes(true), Me ! ready, watch([]) end),
    receive ready -> ok end,
    Big = binary:copy(<<"x">>, 1000000),
    Pongs = [begin
        Sink = spawn(N, timer, sleep, [infinity]),
        Senders = [spawn(fun() -> [Sink ! {I, Big} || I <- lists:seq(1, 5)] end) || _ <- lists:seq(1, 3)],
        [S || S <- Senders, is_process_alive(S)] =/= [] andalso erlang:yield(),
        M = monitor(process, Sink),
        true = erlang:disconnect_node(N),
        Pong = case I rem 3 of
            0 -> net_adm:ping(N);
            1 -> {rex, N} ! x, net_adm:ping(N);
            2 -> case rpc:call(N, erlang, node, []) of N -> pong; E -> E end
        end,
        receive {'DOWN', M, process, Sink, Why} -> {Pong, Why} end
    end || I <- lists:seq(1, 30)],
    io:format("~p~n", [lists:usort(Pongs)]),
    io:format("~p~n", [lists:member(N, nodes())]),
    %% What is told later than the rest.
    Last = tb_nodes:until(fun() -> W ! {tell, self()}, receive {told, L} -> length(L) >= 60 andalso L end end),
    io:format("~p~n", [order(Last, down)]),
    unlink(W), exit(W, kill),
    tb_nodes:stop(N).

order([], _) -> in_order;
order([{nodedown, _} | T], down) -> order(T, up);
order([{nodeup, _} | T], up) -> order(T, down);
order([X | _], _) -> {out_of_order, X}.

watch(L) ->
    receive
        {tell, P} -> P ! {told, lists:reverse(L)}, watch(L);
        X -> watch([X | L])
    end.
