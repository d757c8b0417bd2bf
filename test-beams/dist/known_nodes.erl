%% vm: own
%% Which nodes are known, who refers to them, and that they are forgotten when nobody does.
-module(known_nodes).
-export([main/0]).

main() ->
    logger:set_primary_config(level, none),
    erts_debug:set_internal_state(available_internal_state, true),
    erts_debug:set_internal_state(node_tab_delayed_delete, 0),
    io:format("~p~n", [nodes(known)]),
    {Pid, Mon} = spawn_monitor(fun holder/0),
    ask(Pid, {pid, "seen@there"}),
    io:format("~p ~p~n", [known(), types("seen@there", 1)]),
    T = ets:new(t, []),
    ets:insert(T, [{1, pid("table@there")}, {2, [pid("table@there")]}]),
    io:format("~p ~p~n", [known(), types("table@there", 1)]),
    Ref = erlang:start_timer(100000, self(), {pid("timer@there"), pid("table@there")}),
    io:format("~p ~p~n", [types("timer@there", 1), types("table@there", 1)]),
    persistent_term:put(key, pid("persistent@there")),
    io:format("~p~n", [known()]),
    erlang:cancel_timer(Ref),
    gone("timer@there"),
    ets:delete(T),
    gone("table@there"),
    persistent_term:erase(key),
    gone("persistent@there"),
    io:format("~p~n", [known()]),
    exit(Pid, kill),
    receive {'DOWN', Mon, process, Pid, R} -> io:format("~p~n", [R]) end,
    gone("seen@there"),
    io:format("~p~n", [known()]),
    %% Long before now it is known again.
    P = pid("seen@there"),
    io:format("~p ~p~n", [known(), P =:= pid("seen@there")]),
    churn(300),
    garbage_collect(),
    gone("churn300@there"),
    erts_debug:set_internal_state(node_tab_delayed_delete, -1),
    %% Nothing is forgotten early.
    pid("late@there"),
    garbage_collect(),
    io:format("~p~n", [lists:member('late@there', nodes(known))]).

holder() ->
    receive {pid, Name, From} -> put(held, pid(Name)), From ! {self(), done} end,
    holder().

ask(Pid, {pid, Name}) ->
    Pid ! {pid, Name, self()},
    receive {Pid, done} -> ok end.

known() ->
    garbage_collect(),
    lists:sort([N || N <- nodes(known), N =/= node()]).

churn(0) -> ok;
churn(N) -> pid("churn" ++ integer_to_list(N) ++ "@there"), churn(N - 1).

gone(Name) ->
    garbage_collect(),
    case lists:member(list_to_atom(Name), nodes(known)) of
        true -> receive after 10 -> gone(Name) end;
        false -> ok
    end.

%% How, by how many, of entities of what kind.
types(Name, Creation) ->
    {{node_references, Nodes}, {dist_references, Dists}} =
        erts_debug:get_internal_state(node_and_dist_references),
    {_, Count, Referrers} = lists:keyfind({list_to_atom(Name), Creation}, 1, Nodes),
    Sum = lists:sum([N || {_, L} <- Referrers, {_, N} <- L]),
    {_, _, DistReferrers} = lists:keyfind(list_to_atom(Name), 1, Dists),
    %% What this process has on its heap is garbage or not, as it comes.
    Mine = {process, self()},
    {Count =:= Sum,
     lists:sort([{K, How, N} || {{K, Id}, L} <- Referrers, {How, N} <- L, {{K, Id}, How} =/= {Mine, heap}]),
     [L || {{node, {A, _}}, L} <- DistReferrers, A =:= list_to_atom(Name)]}.

pid(Name) ->
    L = length(Name),
    binary_to_term(list_to_binary([131, $X, 100, <<L:16>>, Name, <<7:32, 3:32, 1:32>>])).
