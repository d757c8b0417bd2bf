%% A hundred thousand returns in one go, each through instructions that do their work out of line: whatever an
%% instruction leaves on a thread's own stack would add up.
%% modes: plain
-module(deep_returns).
-export([main/0]).

-define(DEPTH, 200000).

main() ->
    [io:format("~p: ~p~n", [Name, erlang:phash2(F(?DEPTH))]) || {Name, F} <- [
        {binaries, fun binaries/1}, {bignums, fun bignums/1}, {maps, fun maps/1}, {known_keys, fun known_keys/1},
        {catches, fun(_) -> catches(2000) end}, {code_points, fun code_points/1}, {built, fun built/1}]].

binaries(0) -> <<>>;
binaries(N) ->
    case binaries(N - 1) of
        X when is_binary(X), byte_size(X) < 5 -> <<N>>;
        _ -> other
    end.

bignums(0) -> 1 bsl 70;
bignums(N) ->
    X = bignums(N - 1),
    ((((X band -2) bor (1 bsl 71)) bxor N) div 3 + (X rem 7)) bsl 2 bsr 1.

maps(0) -> #{};
maps(N) ->
    M = maps(N - 1),
    M#{{k} => N, 1.0 => -N}.

known_keys(0) -> #{{k} => 0};
known_keys(N) ->
    M = known_keys(N - 1),
    M#{{k} := N}.

catches(0) -> 0;
catches(N) ->
    X = catches(N - 1),
    case catch throw(X) of
        Y -> Y + 1
    end.

code_points(0) -> <<"aé€"/utf8>>;
code_points(N) ->
    case code_points(N - 1) of
        <<_/utf8, _/utf8, C/utf8>> = X when C > N rem 3 -> X;
        _ -> <<>>
    end.

built(0) -> <<1:1>>;
built(N) ->
    X = built(N - 1),
    <<A:1, _/bits>> = X,
    <<A:1, N:12, 300/utf8, N:16/float>>.
