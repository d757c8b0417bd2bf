%% Runs the cases of one suite as common_test would, but each in a process of its own and with
%% nothing of common_test's servers: a suite must not need the whole system healthy.
%%
%% main([SpecFile]); the file's terms: {module, M}, {data, Dir}, {priv, Dir}, {results, File},
%% {log, File}, {limit, Milliseconds}, {limits, [{Path, Milliseconds}]}, {done, [Path]}, {only, [Path] | all}. A path is
%% "group/…/case". The result file gets, as it happens,
%%     @all PATH              every case, before anything runs
%%     @begin PATH            also for init_per_suite, init_per_group and end_per_…
%%     @end PATH<TAB>RESULT<TAB>SECONDS<TAB>REASON
%%     @done
%% Paths in `done` are left out, so a fresh emulator goes on where another one died. After a case
%% that had to be killed the emulator ends: what the case left behind must not disturb the rest.
-module(conf_driver).
-export([main/1]).

-record(run, {module, limit, limits, fd, done, only, config}).

main([SpecFile]) ->
    process_flag(trap_exit, true),
    {ok, Spec} = file:consult(SpecFile),
    Get = fun(Key) -> proplists:get_value(Key, Spec) end,
    {ok, Fd} = file:open(Get(results), [raw, append, binary]),
    Module = Get(module),
    Leader = conf_leader:start(Get(log), Get(priv)),
    conf_leader:stand_ins(),
    group_leader(Leader, self()),
    Run = #run{
        module = Module,
        limit = Get(limit),
        limits = maps:from_list([{list_to_binary(P), Most} || {P, Most} <- Get(limits)]),
        fd = Fd,
        done = sets:from_list([list_to_binary(P) || P <- Get(done)]),
        only = case Get(only) of
            all -> all;
            Paths -> sets:from_list([list_to_binary(P) || P <- Paths])
        end,
        config = [{data_dir, Get(data)}, {priv_dir, Get(priv)}, {suite, Module}]
    },
    %% Cases race with processes of their own; loading what writes the log must not take part.
    ct:log("~s~n", [Module]),
    suite(Run),
    line(Run, <<"@done">>),
    halt(0).

suite(#run{module = Module} = Run) ->
    %% As under common_test: cases call it where no code can be loaded.
    _ = code:ensure_loaded(timer),
    case code:ensure_loaded(Module) of
        {module, _} -> ok;
        Error -> stop(Run, <<"load">>, Error)
    end,
    case expand(Module) of
        {skip, Reason} ->
            line(Run, [<<"@all *">>]),
            line(Run, [<<"@end *\tskipped\t0.000\t">>, text(Reason)]);
        Tree ->
            Paths = paths(Tree, []),
            [line(Run, [<<"@all ">>, Path]) || Path <- Paths],
            case [P || P <- Paths, wanted(Run, P)] of
                [] -> ok;
                _ -> conf(Run, Tree, [], init_per_suite, end_per_suite, [], Run#run.config)
            end
    end.

stop(Run, What, Error) ->
    line(Run, [<<"@fatal ">>, What, $\s, text(Error)]),
    halt(0).

%% The tree of a suite: {'case', Name} and {group, Name, Properties, Tree}.

expand(Module) ->
    case Module:all() of
        {skip, Reason} ->
            {skip, Reason};
        All ->
            Groups = case erlang:function_exported(Module, groups, 0) of
                true -> Module:groups();
                false -> []
            end,
            [item(I, Groups) || I <- lists:flatten(All), not is_left_out(I)]
    end.

%% Repetitions, and cases of other modules, {Module, Case}.
is_left_out({repeat, _, _}) -> true;
is_left_out({Module, Case}) -> Module =/= group andalso is_atom(Case);
is_left_out(_) -> false.

item(Case, _) when is_atom(Case) -> {'case', Case};
item({testcase, Case, _}, _) -> {'case', Case};
item({group, Name}, Groups) -> group(Name, [], Groups);
item({group, Name, default}, Groups) -> group(Name, [], Groups);
item({group, Name, Properties}, Groups) -> group(Name, Properties, Groups);
item({group, Name, Properties, _}, Groups) -> group(Name, Properties, Groups);
item({Name, Items}, Groups) when is_atom(Name), is_list(Items) -> item({Name, [], Items}, Groups);
item({Name, Properties, Items}, Groups) when is_atom(Name), is_list(Items) ->
    {group, Name, Properties, [item(I, Groups) || I <- lists:flatten(Items), not is_left_out(I)]}.

group(Name, More, Groups) ->
    case find_group(Name, Groups) of
        {Name, Properties, Items} ->
            {group, Name, case More of [] -> Properties; _ when is_list(More) -> More; _ -> Properties end,
             [item(I, Groups) || I <- lists:flatten(Items), not is_left_out(I)]};
        false ->
            {group, Name, [], [{'case', no_such_group}]}
    end.

find_group(Name, Groups) ->
    case lists:keyfind(Name, 1, Groups) of
        {Name, Items} -> {Name, [], Items};
        Found -> Found
    end.

paths(Tree, Above) ->
    lists:usort(lists:append([
        case Item of
            {'case', Case} -> [path(Above, Case)];
            {group, Name, _, Items} -> paths(Items, [Name | Above])
        end
     || Item <- Tree
    ])).

path(Above, Last) ->
    unicode:characters_to_binary(lists:join($/, [atom_to_list(N) || N <- lists:reverse([Last | Above])])).

wanted(#run{done = Done, only = Only}, Path) ->
    not sets:is_element(Path, Done) andalso (Only =:= all orelse sets:is_element(Path, Only)).

%% A suite or a group: its init function, what is in it, its end function.

conf(Run, Tree, Above, Init, End, Arguments, Config) ->
    Module = Run#run.module,
    case call_conf(Run, Above, Init, Arguments ++ [Config], Config) of
        {ok, Config1} ->
            Config2 = items(Run, Tree, Above, Config1),
            call_conf(Run, Above, End, Arguments ++ [Config2], Config),
            ok;
        {Result, Reason} ->
            [finish(Run, Path, Result, 0, {Init, Module, Reason}) || Path <- paths(Tree, Above), wanted(Run, Path)],
            ok
    end.

call_conf(#run{module = Module} = Run, Above, Function, Arguments, Config) ->
    case erlang:function_exported(Module, Function, length(Arguments)) of
        false ->
            {ok, Config};
        true ->
            line(Run, [<<"@begin ">>, path(Above, Function)]),
            Outcome = isolated(Run, 3 * Run#run.limit, fun() -> apply(Module, Function, Arguments) end),
            line(Run, [<<"@conf ">>, path(Above, Function)]),
            case Outcome of
                {value, {skip, Reason}} -> {skipped, Reason};
                {value, {skipped, Reason}} -> {skipped, Reason};
                {value, {skip_and_save, Reason, _}} -> {skipped, Reason};
                {value, {fail, Reason}} -> {failed, Reason};
                {value, {save_config, _}} -> {ok, Config};
                {value, New} when is_list(New) -> {ok, New};
                {value, _} -> {ok, Config};
                {timeout, Where} -> {timeout, Where};
                {raised, Reason} -> {failed, Reason}
            end
    end.

items(Run, Tree, Above, Config) ->
    lists:foldl(fun(Item, Acc) -> run_item(Run, Item, Above, Acc) end, Config, Tree).

run_item(Run, {group, Name, Properties, Items}, Above, Config) ->
    case [P || P <- paths(Items, [Name | Above]), wanted(Run, P)] of
        [] ->
            Config;
        _ ->
            Path = proplists:get_value(tc_group_path, Config, []),
            Outer = case proplists:get_value(tc_group_properties, Config) of
                undefined -> Path;
                Known -> [Known | Path]
            end,
            Inner = [{tc_group_properties, [{name, Name} | Properties]}, {tc_group_path, Outer}
                     | proplists:delete(tc_group_path, proplists:delete(tc_group_properties, Config))],
            conf(Run, Items, [Name | Above], init_per_group, end_per_group, [Name], Inner),
            Config
    end;
run_item(Run, {'case', Case}, Above, Config) ->
    Path = path(Above, Case),
    case wanted(Run, Path) of
        false -> Config;
        true -> run_case(Run, Case, Path, Config)
    end.

run_case(#run{module = Module} = Run, Case, Path, Config) ->
    line(Run, [<<"@begin ">>, Path]),
    Begun = erlang:monotonic_time(millisecond),
    {ok, Cwd} = file:get_cwd(),
    Init = erlang:function_exported(Module, init_per_testcase, 2),
    End = erlang:function_exported(Module, end_per_testcase, 2),
    Limit = maps:get(Path, Run#run.limits, Run#run.limit),
    Outcome = isolated(Run, Limit, fun() -> body(Module, Case, Init, End, [{tc_logfile, "log"} | Config]) end),
    _ = file:set_cwd(Cwd),
    is_alive() andalso test_server_ctrl:kill_slavenodes(),
    {Result, Reason, Saved} = judge(Outcome),
    End andalso element(1, Outcome) =/= value andalso
        isolated(Run, min(10000, Run#run.limit), fun() ->
            Module:end_per_testcase(Case, [{tc_status, {failed, Reason}} | Config])
        end),
    finish(Run, Path, Result, erlang:monotonic_time(millisecond) - Begun, Reason),
    Result =:= timeout andalso halt(0),
    case Saved of
        none -> proplists:delete(saved_config, Config);
        _ -> [{saved_config, {Case, Saved}} | proplists:delete(saved_config, Config)]
    end.

%% In the case's own process.
body(Module, Case, Init, End, Config0) ->
    case initialise(Module, Case, Init, Config0) of
        {ok, Config} ->
            Outcome = try {value, Module:Case(Config)}
                      catch Class:Reason:Stack -> {raised, {Class, Reason, Stack}}
                      end,
            Status = case Outcome of
                {raised, Why} -> {failed, Why};
                {value, {Skip, Why}} when Skip =:= skip; Skip =:= skipped -> {skipped, Why};
                _ -> ok
            end,
            After = try End andalso Module:end_per_testcase(Case, [{tc_status, Status} | Config])
                    catch Class1:Reason1:Stack1 -> {end_raised, {Class1, Reason1, Stack1}}
                    end,
            {Outcome, After};
        Other ->
            {Other, ok}
    end.

initialise(_, _, false, Config) ->
    {ok, Config};
initialise(Module, Case, true, Config) ->
    try Module:init_per_testcase(Case, Config) of
        New when is_list(New) -> {ok, New};
        {skip, _} = Skip -> {value, Skip};
        {skipped, Reason} -> {value, {skip, Reason}};
        {fail, Reason} -> {raised, {init_per_testcase, Reason}};
        Other -> {raised, {init_per_testcase, Other}}
    catch
        Class:Reason:Stack -> {raised, {init_per_testcase, Class, Reason, Stack}}
    end.

judge({timeout, Where}) -> {timeout, Where, none};
judge({raised, Reason}) -> {failed, Reason, none};
judge({value, {{raised, Reason}, _}}) -> {failed, Reason, none};
judge({value, {_, {fail, Reason}}}) -> {failed, {end_per_testcase, Reason}, none};
judge({value, {{value, Value}, _}}) ->
    case Value of
        {skip, Reason} -> {skipped, Reason, none};
        {skipped, Reason} -> {skipped, Reason, none};
        {skip_and_save, Reason, Saved} -> {skipped, Reason, Saved};
        {save_config, Saved} -> {ok, "", Saved};
        {failed, Reason} -> {failed, Reason, none};
        {'EXIT', Reason} -> {failed, Reason, none};
        _ -> {ok, "", none}
    end.

%% Runs Fun in a process of its own: {value, V}, {raised, Why} or {timeout, Stack}.
isolated(Run, Limit, Fun) ->
    Before = processes(),
    Names = registered(),
    %% Linked as under common_test: some cases look at who watches them.
    Pid = spawn_link(fun() ->
        %% test_server's own time traps count tenfold: the limit here is what ends a case.
        put(test_server_multiply_timetraps, {10, false}),
        exit({'$conf', Fun()})
    end),
    receive
        {'EXIT', Pid, {'$conf', Value}} ->
            gone([monitor(process, Name) || Name <- registered() -- Names, is_pid(whereis(Name))]),
            {value, Value};
        {'EXIT', Pid, Reason} -> {raised, {died, Reason}}
    after Limit ->
        Where = case process_info(Pid, current_stacktrace) of
            {_, Stack} -> Stack;
            Other -> Other
        end,
        line(Run, <<"@timeout">>),
        exit(Pid, kill),
        receive {'EXIT', Pid, _} -> ok end,
        [exit(P, kill) || P <- processes() -- Before],
        {timeout, Where}
    end.

%% Servers of a case are often still ending when it has ended: the next case wants their names.
gone([]) ->
    ok;
gone([Monitor | Rest]) ->
    receive
        {'DOWN', Monitor, _, _, _} -> gone(Rest)
    after 500 ->
        [demonitor(M, [flush]) || M <- [Monitor | Rest]],
        ok
    end.

finish(Run, Path, Result, Milliseconds, Reason) ->
    line(Run, [<<"@end ">>, Path, $\t, atom_to_binary(Result), $\t,
               io_lib:format("~.3f", [Milliseconds / 1000]), $\t, text(Reason)]).

text("") -> <<>>;
text(Reason) ->
    Chars = case catch io_lib:printable_unicode_list(Reason) of
        true -> Reason;
        _ -> io_lib:format("~0tp", [Reason], [{chars_limit, 700}])
    end,
    Bin = case unicode:characters_to_binary(Chars) of
        B when is_binary(B) -> B;
        _ -> <<"unprintable">>
    end,
    binary:replace(Bin, [<<"\n">>, <<"\t">>, <<"\r">>], <<" ">>, [global]).

line(#run{fd = Fd}, Text) ->
    ok = file:write(Fd, [Text, $\n]).
