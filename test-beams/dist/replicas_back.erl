%% vm: own
%% timeout: 60
%% modes: plain
%% Mnesia tables on a node of the emulator under test and one of the reference: each is killed while the other goes on, comes
%% back and has all that was written without it.
-module(replicas_back).
-export([main/0, fill/2, sum/1, all/0, begin_all/1]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    tb_peer:epmd(),
    {ok, Cwd} = file:get_cwd(),
    Args = fun(X) -> ["-sname", X, "-mnesia", "dir", "\"" ++ filename:join(Cwd, X) ++ "\"", "-kernel", "net_setuptime", "3"] end,
    [A, B] = tb_peer:start_all([{own, Args("copies_a")}, {reference, Args("copies_b")}]),
    Ns = [NA, NB] = [tb_peer:node(P) || P <- [A, B]],
    pong = tb_peer:call(A, net_adm, ping, [NB]),
    p(schema, tb_peer:call(A, mnesia, create_schema, [Ns])),
    [p(start, tb_peer:call(P, mnesia, start, [])) || P <- [A, B]],
    [p({table, T}, tb_peer:call(A, mnesia, create_table, [T, [{C, Ns}]])) || {T, C} <- [{disc, disc_copies}, {ram, ram_copies}]],
    p(fill, [tb_peer:call(P, ?MODULE, fill, [L, first]) || {P, L} <- [{A, lists:seq(1, 50)}, {B, lists:seq(51, 100)}]]),
    p(same, same(A, B)),
    A2 = round(1, A, B, {own, Args("copies_a")}, NB),
    B2 = round(2, B, A2, {reference, Args("copies_b")}, NA),
    %% Both are killed: the one that was last has the truth.
    tb_peer:kill(A2),
    p(alone, tb_nodes:until(fun() -> tb_peer:call(B2, mnesia, system_info, [running_db_nodes]) =:= [NB] end)),
    p(fill, tb_peer:call(B2, ?MODULE, fill, [lists:seq(1, 10), last])),
    p(sync, tb_peer:call(B2, mnesia, sync_log, [])),
    tb_peer:kill(B2),
    Ps = tb_peer:start_all([{own, Args("copies_a")}, {reference, Args("copies_b")}]),
    Me = self(),
    [spawn_link(fun() -> Me ! {begun, tb_peer:call(P, ?MODULE, begin_all, [N])} end) || {P, N} <- lists:zip(Ps, [NB, NA])],
    p(begun, [receive {begun, X} -> X end || _ <- Ps]),
    p(same, apply(fun same/2, Ps)),
    tb_peer:stop_all(Ps).

%% The first goes, the second writes, the first comes back.
round(I, Goes, Stays, {W, Args}, N) ->
    tb_peer:kill(Goes),
    p({I, alone}, tb_nodes:until(fun() -> tb_peer:call(Stays, mnesia, system_info, [running_db_nodes]) =:= [tb_peer:node(Stays)] end)),
    p({I, fill}, tb_peer:call(Stays, ?MODULE, fill, [lists:seq(I * 20, I * 60), {round, I}])),
    Back = tb_peer:start(W, Args),
    p({I, begun}, tb_peer:call(Back, ?MODULE, begin_all, [N])),
    p({I, same}, same(Back, Stays)),
    p({I, fill}, tb_peer:call(Back, ?MODULE, fill, [lists:seq(90, 110), {back, I}])),
    p({I, same}, same(Back, Stays)),
    Back.

begin_all(Other) ->
    Start = mnesia:start(),
    net_adm:ping(Other),
    {Start, mnesia:wait_for_tables([disc, ram], 30000)}.

fill(Keys, Value) ->
    lists:usort([element(1, mnesia:sync_transaction(fun() -> [mnesia:write({T, K, Value}) || T <- [disc, ram]] end)) || K <- Keys]).

sum(T) ->
    L = lists:sort(mnesia:dirty_match_object({T, '_', '_'})),
    {T, length(L), erlang:phash2(L)}.

all() -> [sum(T) || T <- [disc, ram]].

same(A, B) ->
    {tb_nodes:until(fun() -> tb_peer:call(A, ?MODULE, all, []) =:= tb_peer:call(B, ?MODULE, all, []) end), tb_peer:call(A, ?MODULE, all, [])}.
