%% Text as code points.
-module(utf8).
-export([run/0]).

run() ->
    B = unicode:characters_to_binary(lists:append(lists:duplicate(3000, "abc åäö €10 "))),
    {count(B, 0), length(unicode:characters_to_list(B)), byte_size(unicode:characters_to_binary(string:uppercase(B)))}.

count(<<C/utf8, R/binary>>, N) when C > 127 -> count(R, N + 1);
count(<<_/utf8, R/binary>>, N) -> count(R, N);
count(<<>>, N) -> N.
