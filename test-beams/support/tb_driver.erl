%% Runs many test modules in one emulator, one after the other.
%%
%% main([ListFile, ResultFile, Milliseconds]): ListFile names a module a line. Each module's
%% main/0 runs in a process of its own, whose group leader (and that of every process it starts)
%% collects what is printed. ResultFile gets, as it happens,
%%     @begin NAME
%%     @end NAME LENGTH STATUS      followed by LENGTH bytes of output and a newline
%% where STATUS is ok, or timeout for a test that had to be killed. A test that dies prints its
%% exception as the last of its output, so the reference decides whether that was right.
%% When the emulator dies, the runner sees a @begin without its @end.
-module(tb_driver).
-export([main/1]).

main([ListFile, ResultFile, Milliseconds]) ->
    {ok, Bin} = file:read_file(ListFile),
    {ok, Fd} = file:open(ResultFile, [raw, append, binary]),
    Names = binary:split(Bin, <<"\n">>, [global, trim_all]),
    Timeout = list_to_integer(Milliseconds),
    lists:foreach(fun(Name) -> run(Name, Fd, Timeout) end, Names),
    ok = file:close(Fd),
    halt(0).

run(Name, Fd, Timeout) ->
    %% A directory of its own, below the runner's.
    {ok, Top} = file:get_cwd(),
    ok = file:make_dir(Name),
    ok = file:set_cwd(Name),
    ok = file:write(Fd, [<<"@begin ">>, Name, $\n]),
    Leader = spawn(fun() -> leader([]) end),
    Module = binary_to_atom(Name),
    {Pid, Mon} = spawn_monitor(fun() ->
        group_leader(Leader, self()),
        body(Module)
    end),
    Status =
        receive
            {'DOWN', Mon, process, Pid, _} -> <<"ok">>
        after Timeout ->
            Where = (catch erlang:process_info(Pid, current_stacktrace)),
            exit(Pid, kill),
            receive {'DOWN', Mon, process, Pid, _} -> ok end,
            io:format(Leader, "** timed out in ~0tp~n", [Where]),
            <<"timeout">>
        end,
    sweep(Leader),
    ok = file:set_cwd(Top),
    Leader ! {take, self()},
    Output = receive {Leader, Taken} -> Taken end,
    Size = integer_to_binary(byte_size(Output)),
    ok = file:write(Fd, [<<"@end ">>, Name, $\s, Size, $\s, Status, $\n, Output, $\n]).

body(Module) ->
    try Module:main() of
        _ -> ok
    catch
        Class:Reason:Stack ->
            io:format("** ~s: ~0tp~n", [Class, Reason]),
            [io:format("   in ~0tp~n", [{F, arity(A), line(L)}]) || {M, F, A, L} <- Stack, M =:= Module]
    end.

arity(Args) when is_list(Args) -> length(Args);
arity(Arity) -> Arity.

line(Location) -> proplists:get_value(line, Location, 0).

%% What a test leaves running must not disturb the next one.
sweep(Leader) ->
    [
        begin
            Mon = erlang:monitor(process, Pid),
            unlink(Pid),
            exit(Pid, kill),
            receive {'DOWN', Mon, process, Pid, _} -> ok end
        end
     || Pid <- processes(), Pid =/= self(), Pid =/= Leader,
        erlang:process_info(Pid, group_leader) =:= {group_leader, Leader}
    ].

leader(Output) ->
    receive
        {io_request, From, ReplyAs, Request} ->
            {Reply, Output1} = request(Request, Output),
            From ! {io_reply, ReplyAs, Reply},
            leader(Output1);
        {take, From} ->
            From ! {self(), iolist_to_binary(lists:reverse(Output))};
        _ ->
            leader(Output)
    end.

request({put_chars, Encoding, Chars}, Output) ->
    case catch unicode:characters_to_binary(Chars, Encoding, utf8) of
        Bin when is_binary(Bin) -> {ok, [Bin | Output]};
        _ -> {{error, {put_chars, Encoding, Chars}}, Output}
    end;
request({put_chars, Encoding, Module, Function, Args}, Output) ->
    case catch apply(Module, Function, Args) of
        {'EXIT', _} -> {{error, Function}, Output};
        Chars -> request({put_chars, Encoding, Chars}, Output)
    end;
request({put_chars, Chars}, Output) -> request({put_chars, latin1, Chars}, Output);
request({put_chars, M, F, A}, Output) -> request({put_chars, latin1, M, F, A}, Output);
request({requests, Requests}, Output) -> requests(Requests, {ok, Output});
request({setopts, _}, Output) -> {ok, Output};
request(getopts, Output) -> {[{binary, false}, {encoding, unicode}], Output};
request({get_geometry, _}, Output) -> {{error, enotsup}, Output};
request(Request, Output) when element(1, Request) =:= get_line;
                              element(1, Request) =:= get_chars;
                              element(1, Request) =:= get_until -> {eof, Output};
request(_, Output) -> {{error, request}, Output}.

requests([Request | Rest], {ok, Output}) -> requests(Rest, request(Request, Output));
requests(_, Result) -> Result.
