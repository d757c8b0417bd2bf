-module(supervisors).
-behaviour(supervisor).
-export([main/0, init/1]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    [strategy(S) || S <- [one_for_one, one_for_all, rest_for_one]],
    restart_types(),
    simple(),
    intensity(),
    management(),
    failures(),
    logger:set_primary_config(level, notice).

init({Flags, Specs}) -> {ok, {Flags, Specs}};
init(ignore) -> ignore.

spec(Name) -> spec(Name, permanent).
spec(Name, Restart) -> #{id => Name, start => {tb_child, start, [Name, self()]}, restart => Restart, shutdown => 1000}.

start(Flags, Specs) -> {ok, S} = supervisor:start_link(?MODULE, {Flags, Specs}), S.

stop(S) -> unlink(S), exit(S, shutdown), tb:wait(S).

strategy(Strategy) ->
    S = start(#{strategy => Strategy, intensity => 10, period => 10}, [spec(a), spec(b), spec(c)]),
    p({Strategy, start}, events(3)),
    p({Strategy, children}, [{I, is_pid(P), T, M} || {I, P, T, M} <- supervisor:which_children(S)]),
    p({Strategy, count}, lists:sort(supervisor:count_children(S))),
    b ! {exit, boom},
    p({Strategy, restart}, events(case Strategy of one_for_one -> 1; one_for_all -> 5; rest_for_one -> 3 end)),
    stop(S),
    p({Strategy, stop}, events(3)).

restart_types() ->
    S = start(#{strategy => one_for_one, intensity => 10, period => 10}, [spec(p1, permanent), spec(t1, transient), spec(m1, temporary)]),
    events(3),
    [begin N ! {exit, normal} end || N <- [p1, t1, m1]],
    p(normal, lists:sort(events(1))),
    p(children, [{I, is_pid(P) orelse P} || {I, P, _, _} <- supervisor:which_children(S)]),
    supervisor:restart_child(S, t1),
    events(1),
    t1 ! {exit, abnormal},
    p(transient, events(1)),
    p1 ! {exit, shutdown},
    p(permanent_shutdown, events(1)),
    stop(S),
    p(stop, lists:sort(events(2))).

simple() ->
    S = start(#{strategy => simple_one_for_one}, [#{id => x, start => {tb_child, start, []}, restart => temporary}]),
    L = [begin {ok, P} = supervisor:start_child(S, [N, self()]), P end || N <- [s1, s2, s3]],
    p(simple_start, events(3)),
    p(simple_count, lists:sort(supervisor:count_children(S))),
    p(terminate, [supervisor:terminate_child(S, hd(L)), events(1)]),
    p(ids, [{I, T} || {I, _, T, _} <- supervisor:which_children(S)]),
    p(bad, [supervisor:restart_child(S, x), supervisor:delete_child(S, x), supervisor:terminate_child(S, x)]),
    stop(S),
    p(simple_stop, lists:sort(events(2))).

intensity() ->
    S = start(#{strategy => one_for_one, intensity => 2, period => 5}, [spec(i1)]),
    events(1),
    [begin i1 ! {exit, again}, events(1) end || _ <- [1, 2]],
    i1 ! {exit, last},
    p(intensity, receive {'EXIT', S, R} -> R after 2000 -> none end).

management() ->
    S = start(#{}, []),
    p(add, [element(1, supervisor:start_child(S, spec(m2))), element(1, supervisor:start_child(S, spec(m2))), events(1)]),
    p(delete_running, supervisor:delete_child(S, m2)),
    p(terminate_child, [supervisor:terminate_child(S, m2), events(1), supervisor:which_children(S)]),
    p(restart, [element(1, supervisor:restart_child(S, m2)), events(1)]),
    p(restart_running, supervisor:restart_child(S, m2)),
    p(delete, [supervisor:terminate_child(S, m2), supervisor:delete_child(S, m2), supervisor:delete_child(S, m2), supervisor:get_childspec(S, m2)]),
    p(fail, supervisor:start_child(S, #{id => f, start => {tb_child, start_fail, [why]}})),
    p(undef, element(1, supervisor:start_child(S, #{id => f, start => {nomod, f, []}}))),
    p(check, [supervisor:check_childspecs(X) || X <- [[spec(a)], [#{id => a}], [spec(a), spec(a)], [bad]]] -- []),
    stop(S), events(1).

failures() ->
    p(ignore, supervisor:start_link(?MODULE, ignore)),
    p(bad_flags, supervisor:start_link(?MODULE, {#{strategy => foo}, []})),
    p(child_fails, begin {error, {shutdown, {failed_to_start_child, C, R}}} = supervisor:start_link(?MODULE, {#{}, [#{id => f, start => {tb_child, start_fail, [why]}}]}), {C, R} end),
    p(nested, begin S = start(#{}, [#{id => sub, start => {supervisor, start_link, [?MODULE, {#{}, [spec(n1), spec(n2)]}]}, type => supervisor}]), E1 = events(2), [{sub, _, T, _}] = supervisor:which_children(S), stop(S), {E1, T, events(2)} end),
    receive after 20 -> tb:flush() end.

events(0) -> [];
events(N) ->
    receive
        {started, Name} -> [{started, Name} | events(N - 1)];
        {stopped, Name, R} -> [{stopped, Name, R} | events(N - 1)]
    after 1000 -> [timeout]
    end.
