%% vm: own
%% timeout: 60
%% modes: plain
%% A receive trace tells from which node a message came.
-module(receives).
-export([main/0, there/1]).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(receives),
    [begin
        N = tb_nodes:start(Which, atom_to_list(Which)),
        traced(N),
        tb_nodes:stop(N)
    end || Which <- tb_nodes:others()],
    tb_nodes:halt_all([]).

traced(N) ->
    There = spawn(N, ?MODULE, there, [self()]),
    register(me, self()),
    Me = self(),
    A = alias(),
    T = spawn(fun() -> tracer(There, N) end),
    erlang:trace_pattern('receive', [{['$1', '$2', '_'], [], [{message, {{'$1', '$2'}}}]}], []),
    erlang:trace(Me, true, ['receive', {tracer, T}]),
    [begin There ! {To, M}, receive X when X =:= M -> ok end end
     || To <- [Me, {me, node()}, A], M <- [small, lists:seq(1, 1000), binary_to_list(<<0:(70000 * 8)>>)]],
    monitor(process, There),
    link(There),
    process_flag(trap_exit, true),
    There ! {stop, why},
    receive {'EXIT', There, _} -> ok end,
    receive {'DOWN', _, _, There, _} -> ok end,
    erlang:trace(Me, false, ['receive']),
    erlang:trace_pattern('receive', true, []),
    T ! {done, Me},
    receive done -> ok end,
    unregister(me).

there(P) ->
    receive
        {stop, Why} -> exit(Why);
        {To, M} -> To ! M, there(P)
    end.

tracer(There, N) ->
    receive
        {trace, _, 'receive', M, {Node, Pid}} ->
            io:format("~p~n", [{what(M), case Node of N -> there; _ when Node =:= node() -> here; _ -> Node end, case Pid of There -> there; _ -> Pid end}]),
            tracer(There, N);
        {done, P} -> P ! done
    end.

what(L) when is_list(L) -> length(L);
what(T) when is_tuple(T) -> element(1, T);
what(X) -> X.
