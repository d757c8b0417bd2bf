%% A supervision tree whose processes are killed at random keeps its invariants: after the killing
%% stops every child is back, registered names are unique and alive, and nothing is left over.
%% Usage: killing:main([Seconds]).
-module(killing).
-behaviour(supervisor).
-export([main/1, init/1, worker/1, start_worker/1]).

-define(BRANCHES, 8).
-define(LEAVES, 25).

main([SecondsArg]) ->
    Seconds = list_to_integer(SecondsArg),
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    Before = erlang:system_info(process_count),
    {ok, Top} = supervisor:start_link({local, top}, ?MODULE, top),
    whole(Top),
    End = erlang:monotonic_time(millisecond) + Seconds * 1000,
    Kills = kill(Top, End, 0),
    whole(Top),
    unlink(Top),
    Ref = monitor(process, Top),
    exit(Top, shutdown),
    receive {'DOWN', Ref, _, _, _} -> ok after 10000 -> exit(top_lives) end,
    settle(Before, 100),
    io:format("killing: ~p kills, tree whole, no process left~n", [Kills]).

init(top) ->
    Flags = #{strategy => one_for_one, intensity => 1000000, period => 1},
    {ok, {Flags, [#{id => N, start => {supervisor, start_link, [?MODULE, {branch, N}]}, type => supervisor}
                  || N <- lists:seq(1, ?BRANCHES)]}};
init({branch, N}) ->
    Strategy = element(1 + N rem 3, {one_for_one, one_for_all, rest_for_one}),
    Flags = #{strategy => Strategy, intensity => 1000000, period => 1},
    {ok, {Flags, [#{id => M, start => {?MODULE, start_worker, [name(N, M)]}, shutdown => 1000}
                  || M <- lists:seq(1, ?LEAVES)]}}.

start_worker(Name) -> proc_lib:start_link(?MODULE, worker, [Name]).

worker(Name) ->
    register(Name, self()),
    proc_lib:init_ack({ok, self()}),
    loop(Name).

loop(Name) ->
    receive
        {ping, From, Ref} -> From ! {Ref, Name}, loop(Name);
        stop -> ok
    end.

name(N, M) -> list_to_atom("leaf_" ++ integer_to_list(N) ++ "_" ++ integer_to_list(M)).

kill(Top, End, Kills) ->
    case erlang:monotonic_time(millisecond) >= End of
        true -> Kills;
        false ->
            _ = case rand:uniform(20) of
                1 -> kill_branch(Top);
                2 -> catch whereis(random_name()) ! stop;
                3 -> kill_random(shutdown);
                _ -> kill_random(kill)
            end,
            Kills rem 50 =:= 0 andalso timer:sleep(1),
            kill(Top, End, Kills + 1)
    end.

random_name() -> name(rand:uniform(?BRANCHES), rand:uniform(?LEAVES)).

kill_random(Reason) ->
    case whereis(random_name()) of
        undefined -> ok;
        Pid -> exit(Pid, Reason)
    end.

kill_branch(Top) ->
    Branches = [P || {_, P, _, _} <- supervisor:which_children(Top), is_pid(P)],
    Branches =/= [] andalso exit(lists:nth(rand:uniform(length(Branches)), Branches), kill).

%% Every leaf answers under its name, and the supervisors agree.
whole(Top) -> whole(Top, 200).

whole(Top, Tries) ->
    Alive = [ok || N <- lists:seq(1, ?BRANCHES), M <- lists:seq(1, ?LEAVES), answers(name(N, M))],
    Counts = [proplists:get_value(active, supervisor:count_children(P))
              || {_, P, supervisor, _} <- supervisor:which_children(Top), is_pid(P)],
    case {length(Alive), lists:sum(Counts)} of
        {?BRANCHES * ?LEAVES, ?BRANCHES * ?LEAVES} -> ok;
        Other when Tries =:= 0 -> exit({broken_tree, Other});
        _ -> timer:sleep(50), whole(Top, Tries - 1)
    end.

answers(Name) ->
    Ref = make_ref(),
    try Name ! {ping, self(), Ref} of
        _ -> receive {Ref, Name} -> true after 1000 -> false end
    catch
        error:badarg -> false
    end.

settle(Before, 0) -> exit({left_over, erlang:system_info(process_count) - Before});
settle(Before, Tries) ->
    case erlang:system_info(process_count) of
        Before -> ok;
        _ -> timer:sleep(50), settle(Before, Tries - 1)
    end.
