%% Random work for so many seconds: processes that come and go, messages, tables, binaries, modules that are loaded and
%% purged. Every piece checks its own answer; in the end memory must be near what it was after the first round.
-module(random_work).
-export([main/1]).

main([Seconds]) ->
    Seed = erlang:system_time(),
    io:format("seed ~b~n", [Seed]),
    rand:seed(exsss, Seed),
    T = ets:new(?MODULE, [public, named_table, {write_concurrency, true}]),
    Time = list_to_integer(Seconds),
    Start = erlang:monotonic_time(second),
    batch(200),
    sample(0, Start),
    %% What is made once (modules, atoms, pools of memory) is there after a fifth of the time.
    N1 = rounds(Start + Time div 5, Start, Time, 0),
    Before = sample(N1, Start),
    N = rounds(Start + Time, Start, Time, N1),
    ets:delete(T),
    After = sample(N, Start),
    io:format("~b rounds, ~b processes, ~b atoms~n", [N, erlang:system_info(process_count), erlang:system_info(atom_count)]),
    [true = grew_not(proplists:get_value(K, Before), proplists:get_value(K, After), Slack) ||
        {K, Slack} <- [{total, 4 bsl 20}, {resident, 16 bsl 20}]],
    ok.

grew_not(Before, After, Slack) -> After < Before + Before div 10 + Slack.

%% At each tenth of the time all stands still for a moment and memory is looked at.
rounds(End, Start, Time, N) ->
    Tenth = fun(T) -> (T - Start) * 10 div max(1, Time) end,
    T0 = erlang:monotonic_time(second),
    case T0 >= End of
        true -> N;
        false ->
            batch(100),
            T1 = erlang:monotonic_time(second),
            Tenth(T0) =/= Tenth(T1) andalso T1 < End andalso sample(N, Start),
            rounds(End, Start, Time, N + 1)
    end.

%% Memory by kind when nothing works, and what is resident.
sample(N, Start) ->
    [erlang:garbage_collect(P) || P <- processes()],
    timer:sleep(1500),
    All = [{resident, resident()} | erlang:memory()],
    io:format("~b s, ~b rounds: ~s kB~n", [erlang:monotonic_time(second) - Start, N,
        lists:join(", ", [io_lib:format("~p ~b", [K, proplists:get_value(K, All) div 1024]) ||
            K <- [resident, total, processes, atom, binary, code, ets]])]),
    All.

resident() ->
    {ok, Status} = file:read_file("/proc/self/status"),
    {match, [Kb]} = re:run(Status, "VmRSS:\\s*(\\d+)", [{capture, all_but_first, list}]),
    list_to_integer(Kb) * 1024.

batch(Jobs) ->
    Works = [fun messages/1, fun table/1, fun ordered/1, fun binaries/1, fun code/1, fun terms/1, fun timers/1, fun links/1, fun files/1],
    Ms = [begin
        F = lists:nth(rand:uniform(length(Works)), Works),
        Seed = rand:uniform(1 bsl 58),
        Options = lists:nth(rand:uniform(3), [[], [{min_heap_size, 5000}], [{fullsweep_after, 1}]]),
        {_, M} = spawn_opt(fun() -> rand:seed(exsss, Seed), F(Seed) end, [monitor | Options]),
        M
    end || _ <- lists:seq(1, Jobs)],
    [receive {'DOWN', M, process, _, normal} -> ok; {'DOWN', M, process, P, R} -> exit({wrong, P, R}) end || M <- Ms].

messages(_) ->
    N = rand:uniform(300),
    Me = self(),
    P = spawn_link(fun() -> relay(Me) end),
    Terms = [random_term(3) || _ <- lists:seq(1, N)],
    [P ! {job, I, T} || {I, T} <- lists:enumerate(Terms)],
    %% In another order than they come.
    Back = [receive {done, I, T} -> T end || I <- lists:reverse(lists:seq(1, N))],
    Terms = lists:reverse(Back),
    unlink(P),
    exit(P, kill),
    ok.

relay(To) -> receive {job, I, T} -> To ! {done, I, T}, relay(To) end.

table(Seed) ->
    Keys = [{Seed, K} || K <- lists:seq(1, rand:uniform(300))],
    [ets:insert(?MODULE, {K, random_term(2)}) || K <- Keys],
    [ets:update_element(?MODULE, K, {2, K}) || K <- Keys],
    [[{K, K}] = ets:lookup(?MODULE, K) || K <- Keys],
    N = length(Keys),
    N = ets:select_delete(?MODULE, [{{{Seed, '_'}, '_'}, [], [true]}]),
    ok.

ordered(_) ->
    T = ets:new(t, [ordered_set]),
    Keys = [rand:uniform(1000) / rand:uniform(10) || _ <- lists:seq(1, 200)],
    [ets:insert(T, {K, random_term(2)}) || K <- Keys],
    Sorted = lists:usort(Keys),
    Sorted = ets:select(T, [{{'$1', '_'}, [], ['$1']}]),
    ok.

binaries(_) ->
    Bs = [rand:bytes(rand:uniform(2000)) || _ <- lists:seq(1, 50)],
    All = iolist_to_binary(Bs),
    Me = self(),
    P = spawn_link(fun() -> receive {B, Sizes} -> Me ! {parts, parts(B, Sizes)} end end),
    P ! {All, [byte_size(B) || B <- Bs]},
    Bs = receive {parts, Parts} -> Parts end,
    Md5 = erlang:md5(All),
    Md5 = erlang:md5(lists:foldl(fun(B, A) -> <<A/binary, B/binary>> end, <<>>, Bs)),
    ok.

parts(_, []) -> [];
parts(B, [N | Ns]) -> <<H:N/binary, T/binary>> = B, [H | parts(T, Ns)].

%% One of eight modules, by whoever has its lock.
code(Seed) ->
    Name = list_to_atom("random_work_" ++ integer_to_list(Seed rem 8)),
    global_lock(Name, fun() ->
        Forms = [{attribute, 1, module, Name}, {attribute, 1, export, [{f, 1}]},
            {function, 1, f, 1, [{clause, 1, [{var, 1, 'X'}], [], [{tuple, 1, [{var, 1, 'X'}, erl_parse:abstract({Seed, <<"literal">>})]}]}]}],
        {ok, Name, Code} = compile:forms(Forms, [nowarn_export_all]),
        {module, Name} = code:load_binary(Name, "none", Code),
        {x, {Seed, <<"literal">>}} = Name:f(x),
        F = fun Name:f/1,
        Held = F(y),
        code:purge(Name),
        true = code:delete(Name),
        code:purge(Name),
        {y, {Seed, <<"literal">>}} = Held,
        {'EXIT', {undef, _}} = (catch F(z))
    end),
    ok.

global_lock(Name, F) ->
    case catch register(Name, self()) of
        true -> F(), unregister(Name);
        _ -> timer:sleep(1), global_lock(Name, F)
    end.

terms(_) ->
    T = random_term(6),
    T = binary_to_term(term_to_binary(T)),
    T = binary_to_term(term_to_binary(T, [compressed])),
    {ok, Tokens, _} = erl_scan:string(lists:flatten(io_lib:format("~w.", [no_floats(T)]))),
    true = no_floats(T) =:= element(2, erl_parse:parse_term(Tokens)),
    ok.

no_floats(F) when is_float(F) -> 0;
no_floats(L) when is_list(L) -> [no_floats(X) || X <- L];
no_floats(M) when is_map(M) -> maps:from_list([{no_floats(K), no_floats(V)} || {K, V} <- maps:to_list(M)]);
no_floats(T) when is_tuple(T) -> list_to_tuple(no_floats(tuple_to_list(T)));
no_floats(X) -> X.

timers(_) ->
    Refs = [erlang:start_timer(rand:uniform(5), self(), I) || I <- lists:seq(1, 50)],
    {Cancel, Wait} = lists:split(rand:uniform(50) - 1, Refs),
    [case erlang:cancel_timer(R) of false -> receive {timeout, R, _} -> ok end; _ -> ok end || R <- Cancel],
    [receive {timeout, R, _} -> ok end || R <- Wait],
    ok.

links(_) ->
    process_flag(trap_exit, true),
    Ps = [spawn_link(fun() -> receive stop -> exit({stopped, I}) end end) || I <- lists:seq(1, 30)],
    Ms = [monitor(process, P) || P <- Ps],
    [P ! stop || P <- Ps],
    [receive {'EXIT', P, {stopped, _}} -> ok end || P <- Ps],
    [receive {'DOWN', M, process, _, {stopped, _}} -> ok end || M <- Ms],
    ok.

files(Seed) ->
    Name = filename:join("/tmp", "random_work." ++ os:getpid() ++ "." ++ integer_to_list(Seed)),
    Data = rand:bytes(rand:uniform(5000)),
    ok = file:write_file(Name, Data),
    {ok, F} = file:open(Name, [raw, binary, read, write]),
    At = rand:uniform(byte_size(Data)) - 1,
    {ok, <<Byte>>} = file:pread(F, At, 1),
    Byte = binary:at(Data, At),
    ok = file:pwrite(F, byte_size(Data), <<"end">>),
    ok = file:close(F),
    {ok, Back} = file:read_file(Name),
    Back = <<Data/binary, "end">>,
    ok = file:delete(Name).

random_term(0) -> lists:nth(rand:uniform(6), [0, 1 bsl 70, -5, atom, [], <<"bytes">>]);
random_term(N) ->
    Some = fun() -> [random_term(N - 1) || _ <- lists:seq(1, rand:uniform(3))] end,
    case rand:uniform(6) of
        1 -> Some();
        2 -> list_to_tuple(Some());
        3 -> maps:from_list([{K, random_term(N - 1)} || K <- [a | Some()]]);
        4 -> rand:uniform() * 1000;
        5 -> rand:bytes(rand:uniform(100));
        6 -> random_term(0)
    end.
