%% modes: plain
%% timeout: 60
%% An emulator whose address space is used up says so, writes a crash dump and leaves with status 1.
-module(no_memory).
-export([main/0]).

main() ->
    Dump = filename:join(filename:dirname(code:which(?MODULE)), "no_memory.dump"),
    Erl = filename:join(os:getenv("TB_BIN"), "erl"),
    [begin
         Text = os:cmd("ulimit -v 2500000; unset ERL_CRASH_DUMP_SECONDS ERL_CRASH_DUMP_BYTES; export ERL_CRASH_DUMP=" ++ Dump ++ "; " ++ Erl ++ " -noshell -eval '" ++ Code ++ "' 2>&1; echo status $?"),
         io:format("~s~n", [re:replace(Text, "Cannot allocate \\d+ bytes[^.]*\\.|: /.*dump\\.\\.\\.", "", [global])]),
         {ok, Bytes} = file:read_file(Dump),
         io:format("~s ~p~n", [hd(binary:split(Bytes, <<"\n">>)), binary:match(Bytes, <<"=end">>) =/= nomatch]),
         ok = file:delete(Dump)
     end || Code <- ["lists:seq(1, 900000000), halt()."]],
    ok.
