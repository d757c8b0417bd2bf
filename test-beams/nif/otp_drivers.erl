%% vm: own
%% timeout: 60
%% otp: 25
%% Drivers that OTP brings along: megaco's scanner and the file tracer of runtime_tools, and dyntrace's natives.
-module(otp_drivers).
-export([main/0, work/1]).
-import(tb, [p/2, t/2]).

main() ->
    scanner(),
    tracer(),
    p(dyntrace, [dyntrace:available(), dyntrace:p(), dyntrace:p(1), dyntrace:p(a, "b")]),
    t(dyntrace_tag, fun() -> [dyntrace:put_tag(<<"tag">>), dyntrace:get_tag(), dyntrace:get_tag_data()] end).

scanner() ->
    {ok, Port} = megaco_flex_scanner:start(),
    Text = "MEGACO/1 [124.124.124.222] Transaction = 9998 { Context = - { ServiceChange = ROOT { Services { "
           "Method = Restart, ServiceChangeAddress = 55555, Profile = ResGW/1, Reason = \"901 Cold Boot\"}}}}",
    p(scan, megaco_flex_scanner:scan(list_to_binary(Text), Port)),
    Bad = megaco_flex_scanner:scan(<<"MEGACO/1 [\"unended">>, Port),
    p(scan_bad, element(1, Bad)),
    {ok, Message} = megaco_pretty_text_encoder:decode_message([{flex, Port}], list_to_binary(Text)),
    {ok, Again} = megaco_pretty_text_encoder:encode_message([], Message),
    p(decode_again, megaco_pretty_text_encoder:decode_message([{flex, Port}], Again) =:= {ok, Message}),
    p(decode_many, lists:usort([element(1, megaco_flex_scanner:scan(list_to_binary(Text), Port)) || _ <- lists:seq(1, 500)])),
    p(stop, megaco_flex_scanner:stop(Port)).

tracer() ->
    File = "calls.trace",
    Port = (dbg:trace_port(file, File))(),
    Pid = spawn(?MODULE, work, [self()]),
    1 = erlang:trace(Pid, true, [call, 'receive', send, {tracer, Port}]),
    1 = erlang:trace_pattern({lists, seq, 2}, [{'_', [], [{return_trace}]}], []),
    Pid ! {go, 3},
    receive {Pid, done} -> ok end,
    Ref = erlang:trace_delivered(Pid),
    receive {trace_delivered, Pid, Ref} -> ok end,
    1 = erlang:trace(Pid, false, [all]),
    <<0>> = list_to_binary(port_control(Port, $f, "")),
    true = port_close(Port),
    Self = self(),
    dbg:trace_client(file, File, {fun(M, Before) -> Self ! {traced, M}, Before end, none}),
    p(traced, traced(Pid)).

traced(Pid) ->
    receive
        {traced, end_of_trace} -> ['end'];
        {traced, M} -> [[shown(E, Pid) || E <- tuple_to_list(M)] | traced(Pid)]
    after 5000 -> [late] end.

shown(Pid, Pid) -> traced_process;
shown({_, done}, _) -> done;
shown(P, _) when is_pid(P) -> other_process;
shown(T, _) -> T.

work(Parent) ->
    receive {go, N} -> ok end,
    [1, 2, 3] = lists:seq(1, N),
    Parent ! {self(), done},
    receive stop -> ok end.
