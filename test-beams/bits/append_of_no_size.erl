%% Appending segments of no bits: they are still of a type, and a float has no such size.
-module(append_of_no_size).
-export([main/0]).

main() ->
    Z = tb:id(0),
    Atom = tb:id(a),
    Float = tb:id(42.0),
    Empty = tb:id(<<>>),
    [begin
         io:format("to ~w~n", [B]),
         t(fun() -> <<B/bits, Atom:Z>> end),
         t(fun() -> <<B/bits, Atom:Z/little>> end),
         t(fun() -> <<B/bits, Atom:Z/binary>> end),
         t(fun() -> <<B/bits, Atom:Z/float>> end),
         t(fun() -> <<B/bits, Float:Z/float>> end),
         t(fun() -> <<B/bits, Float:Z/float-little>> end),
         t(fun() -> <<B/bits, 7:Z/float>> end),
         t(fun() -> <<B/bits, Empty/binary, Float:Z/float, Atom:Z>> end),
         t(fun() -> <<B/bits, Atom:Z, Float:Z/float>> end),
         t(fun() -> <<B/bits, Empty:Z/binary, 1:Z, "">> end),
         t(fun() -> <<Float:Z/float, B/bits>> end),
         t(fun() -> <<B/bits, 1, Float:Z/float>> end),
         t(fun() -> guarded(B, Float, Z) end)
     end || B <- [<<>>, tb:id(<<"x">>), tb:id(<<1:3>>), tb:id(<<Empty/binary, "writable">>)]].

guarded(B, F, Z) when <<B/bits, F:Z/float>> =:= B -> made;
guarded(_, _, _) -> not_made.

t(Fun) ->
    try Fun() of
        Value -> io:format("  ~w~n", [Value])
    catch
        error:Reason:Stack ->
            [{_, _, _, Info} | _] = Stack,
            case proplists:get_value(error_info, Info) of
                #{cause := Cause} -> io:format("  ~w ~w~n", [Reason, Cause]);
                _ -> io:format("  ~w~n", [Reason])
            end
    end.
