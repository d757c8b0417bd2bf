%% Runs one suite under common_test proper and writes down what happens as conf_driver does: a
%% hook of common_test, and the program that starts it. main([SpecFile]) as conf_driver's; cases
%% that are to be left out are skipped by the hook.
-module(conf_hook).
-export([main/1]).
-export([id/1, init/2, pre_init_per_group/4, post_end_per_group/5, pre_init_per_testcase/4,
         post_end_per_testcase/5, on_tc_skip/4, terminate/1]).

-record(hook, {results, groups = [], done, begun = 0, skipping = false}).

main([SpecFile]) ->
    {ok, Spec} = file:consult(SpecFile),
    Get = fun(Key) -> proplists:get_value(Key, Spec) end,
    Priv = Get(priv),
    Result = ct:run_test([
        {suite, Get(module)}, {dir, filename:dirname(string:trim(Get(data), trailing, "/"))},
        {logdir, Priv}, {auto_compile, false}, {ct_hooks, [{?MODULE, {Get(results), Get(done)}}]},
        {abort_if_missing_suites, true}, {multiply_timetraps, 4}
    ]),
    {ok, Fd} = file:open(Get(results), [raw, append, binary]),
    case Result of
        {_, _, _} -> ok;
        _ -> file:write(Fd, io_lib:format("@fatal ct ~0tp~n", [Result]))
    end,
    file:write(Fd, <<"@done\n">>),
    halt(0).

id(_) -> ?MODULE.

init(_, {Results, Done}) ->
    {ok, #hook{results = Results, done = sets:from_list([list_to_binary(P) || P <- Done])}}.

pre_init_per_group(_Suite, Group, Config, State) ->
    {Config, State#hook{groups = [Group | State#hook.groups]}}.

post_end_per_group(_Suite, _Group, _Config, Return, State) ->
    {Return, State#hook{groups = tl(State#hook.groups)}}.

pre_init_per_testcase(_Suite, Case, Config, State) ->
    Path = path(Case, State),
    line(State, [<<"@all ">>, Path]),
    case sets:is_element(Path, State#hook.done) of
        true ->
            {{skip, "done before"}, State#hook{skipping = true}};
        false ->
            line(State, [<<"@begin ">>, Path]),
            {Config, State#hook{begun = erlang:monotonic_time(millisecond), skipping = false}}
    end.

post_end_per_testcase(_Suite, Case, _Config, Return, State) ->
    {Result, Reason} = case Return of
        {skip, Why} -> {skipped, Why};
        {skipped, Why} -> {skipped, Why};
        {timetrap_timeout, _} = Why -> {timeout, Why};
        {failed, Why} -> {failed, Why};
        {fail, Why} -> {failed, Why};
        {error, Why} -> {failed, Why};
        {'EXIT', {timetrap_timeout, _} = Why} -> {timeout, Why};
        {'EXIT', Why} -> {failed, Why};
        _ -> {ok, ""}
    end,
    State#hook.skipping orelse finish(path(Case, State), Result, Reason, State),
    {Return, State}.

on_tc_skip(_Suite, {Case, Group}, Reason, State) ->
    skip(Case, Reason, State#hook{groups = case State#hook.groups of [] -> [Group]; Groups -> Groups end}),
    State;
on_tc_skip(_Suite, Case, Reason, State) ->
    skip(Case, Reason, State),
    State.

skip(Case, _, _) when Case =:= init_per_suite; Case =:= end_per_suite; Case =:= init_per_group; Case =:= end_per_group -> ok;
skip(_, _, #hook{skipping = true}) -> ok;
skip(Case, Reason, State) ->
    line(State, [<<"@all ">>, path(Case, State)]),
    finish(path(Case, State), skipped, Reason, State#hook{begun = erlang:monotonic_time(millisecond)}).

terminate(_) -> ok.

finish(Path, Result, Reason, State) ->
    Seconds = (erlang:monotonic_time(millisecond) - State#hook.begun) / 1000,
    Text = case Reason of
        "" -> "";
        _ -> io_lib:format("~0tp", [Reason], [{chars_limit, 700}])
    end,
    line(State, [<<"@end ">>, Path, $\t, atom_to_binary(Result), $\t, io_lib:format("~.3f", [Seconds]), $\t,
                 binary:replace(unicode:characters_to_binary(Text), [<<"\n">>, <<"\t">>], <<" ">>, [global])]).

path(Case, #hook{groups = Groups}) ->
    unicode:characters_to_binary(lists:join($/, [atom_to_list(N) || N <- lists:reverse([Case | Groups])])).

line(#hook{results = Results}, Text) ->
    ok = file:write_file(Results, [Text, $\n], [append]).
