%% The group leader of cases, and the few registered servers that functions of test_server and ct
%% ask for. It writes what cases print into a log, hands it out as test_server's capture functions
%% expect, and answers what common_test's group leader would.
-module(conf_leader).
-export([start/2, stand_ins/0]).

start(LogFile, Priv) ->
    spawn(fun() ->
        loop(spawn_link(fun() -> open_log(LogFile) end), Priv, false)
    end).

%% A process of its own: some cases keep every thread busy that writes files, and print meanwhile. Not delayed: others
%% count the timers there are.
open_log(LogFile) ->
    {ok, Fd} = file:open(LogFile, [raw, append, binary]),
    write_log(Fd).

write_log(Fd) ->
    receive Text -> file:write(Fd, Text) end,
    write_log(Fd).

%% What must exist for ct:get_config/1, ct:sleep/1 and the like to work. Only a node has the real
%% test_server_ctrl, which starts the nodes that cases ask for.
stand_ins() ->
    Self = self(),
    Pid = spawn(fun() ->
        ct_attributes = ets:new(ct_attributes, [bag, public, named_table, {keypos, 2}]),
        is_alive() orelse register(test_server_ctrl, self()),
        Self ! {self(), ready},
        control()
    end),
    receive {Pid, ready} -> ok end,
    case is_alive() of
        true -> {ok, _} = test_server_ctrl:start(), ok;
        false -> ok
    end.

control() ->
    receive
        {'$gen_call', {From, Tag}, get_timetrap_parameters} ->
            From ! {Tag, {undefined, false}},
            control();
        {'$gen_call', {From, Tag}, {find_release, _}} ->
            From ! {Tag, not_available},
            control();
        {'$gen_call', {From, Tag}, {is_release_available, _}} ->
            From ! {Tag, false},
            control();
        {'$gen_call', {From, Tag}, _} ->
            From ! {Tag, {error, not_available}},
            control();
        _ ->
            control()
    end.

loop(Log, Priv, Capture) ->
    receive
        {io_request, From, ReplyAs, Request} ->
            {Reply, Output} = request(Request),
            From ! {io_reply, ReplyAs, Reply},
            Log ! Output,
            is_pid(Capture) andalso Output =/= <<>> andalso
                (Capture ! {captured, unicode:characters_to_list(Output)}),
            loop(Log, Priv, Capture);
        {structured_io, _, {_, Chars}} ->
            _ = (catch Log ! unicode:characters_to_binary([Chars, $\n])),
            loop(Log, Priv, Capture);
        {capture, Who} ->
            loop(Log, Priv, Who);
        {sync_apply, From, {M, F, A}} ->
            Self = self(),
            spawn(fun() ->
                group_leader(Self, self()),
                From ! {sync_result, (catch apply(M, F, A))}
            end),
            loop(Log, Priv, Capture);
        {'$gen_call', {From, Tag}, get_tc_supervisor} ->
            From ! {Tag, self()},
            loop(Log, Priv, Capture);
        {'$gen_call', {From, Tag}, {print, _, Chars, _}} ->
            _ = (catch Log ! unicode:characters_to_binary([Chars, $\n])),
            From ! {Tag, ok},
            loop(Log, Priv, Capture);
        {'$gen_call', {From, Tag}, _} ->
            From ! {Tag, ok},
            loop(Log, Priv, Capture);
        {make_priv_dir, From} ->
            From ! {self(), make_priv_dir, ok},
            loop(Log, Priv, Capture);
        {read_comment, From} ->
            From ! {self(), read_comment, ""},
            loop(Log, Priv, Capture);
        {get_timetrap_info, From, _} ->
            From ! {self(), get_timetrap_info, undefined},
            loop(Log, Priv, Capture);
        _ ->
            loop(Log, Priv, Capture)
    end.

request({put_chars, Encoding, Chars}) ->
    case catch unicode:characters_to_binary(Chars, Encoding, utf8) of
        Bin when is_binary(Bin) -> {ok, Bin};
        %% As common_test's group leader: what is no text is lost, and nobody told.
        {_, Bin, _} when is_binary(Bin) -> {ok, Bin};
        _ -> {{error, {put_chars, Encoding, Chars}}, <<>>}
    end;
request({put_chars, Encoding, M, F, A}) ->
    case catch apply(M, F, A) of
        {'EXIT', _} -> {{error, F}, <<>>};
        Chars -> request({put_chars, Encoding, Chars})
    end;
request({put_chars, Chars}) -> request({put_chars, latin1, Chars});
request({put_chars, M, F, A}) -> request({put_chars, latin1, M, F, A});
request({requests, Requests}) -> requests(Requests, {ok, <<>>});
request({setopts, _}) -> {ok, <<>>};
request(getopts) -> {[{binary, false}, {encoding, unicode}], <<>>};
request({get_geometry, _}) -> {{error, enotsup}, <<>>};
request(_) -> {{error, enotsup}, <<>>}.

requests([Request | Rest], {ok, Before}) ->
    {Reply, Output} = request(Request),
    requests(Rest, {Reply, <<Before/binary, Output/binary>>});
requests(_, Result) -> Result.
