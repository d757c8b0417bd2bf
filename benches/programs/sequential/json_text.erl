%% Writing and reading a text format.
-module(json_text).
-export([run/0]).

run() ->
    T = [{<<"id">>, 12345}, {<<"name">>, <<"some name">>}, {<<"tags">>, [<<"a">>, <<"b">>, <<"c">>]}, {<<"pos">>, [{<<"x">>, 1.5}, {<<"y">>, -2}]}],
    B = iolist_to_binary(encode(lists:duplicate(1500, {T}))),
    {byte_size(B), erlang:phash2(decode(B))}.

encode({Ps}) -> [${, join([[encode(K), $:, encode_value(V)] || {K, V} <- Ps]), $}];
encode(B) when is_binary(B) -> [$", B, $"];
encode(N) when is_integer(N) -> integer_to_binary(N);
encode(F) when is_float(F) -> float_to_binary(F, [short]);
encode(L) -> [$[, join([encode_value(X) || X <- L]), $]].

encode_value([{_, _} | _] = Ps) -> encode({Ps});
encode_value(V) -> encode(V).

join([]) -> [];
join([X]) -> X;
join([X | Xs]) -> [X, $, | join(Xs)].

decode(B) -> {V, <<>>} = value(B), V.

value(<<${, R/binary>>) -> object(R, []);
value(<<$[, R/binary>>) -> array(R, []);
value(<<$", R/binary>>) -> string(R, R, 0);
value(<<C, _/binary>> = R) when C =:= $-; C >= $0, C =< $9 -> number(R, R, 0, int).

object(<<$}, R/binary>>, Acc) -> {maps:from_list(Acc), R};
object(<<$,, R/binary>>, Acc) -> object(R, Acc);
object(<<$", R/binary>>, Acc) ->
    {K, <<$:, R1/binary>>} = string(R, R, 0),
    {V, R2} = value(R1),
    object(R2, [{K, V} | Acc]).

array(<<$], R/binary>>, Acc) -> {lists:reverse(Acc), R};
array(<<$,, R/binary>>, Acc) -> array(R, Acc);
array(R, Acc) -> {V, R1} = value(R), array(R1, [V | Acc]).

string(<<$", R/binary>>, Orig, N) -> <<S:N/binary, _/binary>> = Orig, {S, R};
string(<<_, R/binary>>, Orig, N) -> string(R, Orig, N + 1).

number(<<C, R/binary>>, Orig, N, K) when C >= $0, C =< $9; C =:= $- -> number(R, Orig, N + 1, K);
number(<<$., R/binary>>, Orig, N, _) -> number(R, Orig, N + 1, float);
number(R, Orig, N, K) ->
    S = binary:part(Orig, 0, N),
    {case K of int -> binary_to_integer(S); float -> binary_to_float(S) end, R}.
