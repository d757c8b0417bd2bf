%% Compiles suites and helper modules: main([ListFile]); the file's terms are {File, Options}.
%% Runs in the directory of the files, so that line information bears relative names. Prints
%% `bad FILE` and the errors for what does not compile.
-module(conf_compile).
-export([main/1]).

main([ListFile]) ->
    {ok, Jobs} = file:consult(ListFile),
    lists:foreach(fun one/1, Jobs),
    halt(0).

one({File, Options}) ->
    case catch compile:file(File, [debug_info, return_errors | Options]) of
        {ok, _} -> ok;
        {ok, _, _} -> ok;
        Error -> io:format("bad ~ts ~0tp~n", [File, Error])
    end.
