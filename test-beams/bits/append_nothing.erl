%% Appending nothing gives the very same bitstring; limits of what is made from binaries; a long
%% loop of guard natives.
-module(append_nothing).
-export([main/0]).

main() ->
    Literal = id(<<"123">>),
    erlang:display(erts_debug:same(Literal, append(Literal, id(<<>>)))),
    Writable = <<(id(<<>>))/binary, 0, 1, 2, 3, 4, 5, 6, 7>>,
    erlang:display(erts_debug:same(Writable, append(Writable, id(<<>>)))),
    erlang:display(append(Writable, id(<<8>>))),
    erlang:display(reason(fun() -> binary_to_atom(id(<<0:512/unit:8, 255>>), utf8) end)),
    erlang:display(reason(fun() -> binary_to_atom(id(<<0:16, 255>>), utf8) end)),
    erlang:display(reason(fun() -> atomics:new(id(1 bsl 64), []) end)),
    erlang:display(reason(fun() -> atomics:new(id(-(1 bsl 64)), []) end)),
    Bytes = <<<<(X rem 251)>> || X <- lists:seq(1, 3000)>>,
    erlang:display(Bytes =:= base64:decode(base64:encode(Bytes))).

append(A, B) -> <<A/binary, B/binary>>.

reason(Fun) ->
    try Fun()
    catch _:Reason -> Reason
    end.

id(X) -> X.
