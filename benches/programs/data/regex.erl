%% Regular expressions and binary splitting.
-module(regex).
-export([run/0]).

run() ->
    B = iolist_to_binary(lists:duplicate(3000, "GET /path/item?id=123 HTTP/1.1\nHost: example.org\n")),
    {match, L} = re:run(B, "id=(\\d+)", [global, {capture, [1], binary}]),
    {length(L), length(binary:split(B, <<"\n">>, [global])), length(binary:matches(B, <<"Host">>))}.
