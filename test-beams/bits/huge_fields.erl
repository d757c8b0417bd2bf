%% Fields of more bits than any bitstring has match nothing, and the module is loaded all the same.
-module(huge_fields).
-export([main/0]).

main() ->
    [tb:p(bit_size(B), {a(B), b(B), c(B), d(B), e(B), f(B)}) || B <- [<<>>, <<42>>, <<42, 1:3>>, <<42:800>>, <<42, 0:16#1001>>]].

a(<<B:8, _:16#1001>>) -> B;
a(_) -> none.
b(<<B:8, _:16#8000_0000>>) -> B;
b(_) -> none.
c(<<B:8, _:16#1_0000_0000_0000_0000>>) -> B;
c(_) -> none.
d(<<_:16#1_0000_0000, B:8, _/bits>>) -> B;
d(_) -> none.
e(<<_:16#1_0000_0000_0000_0000/unit:8, B:8>>) -> B;
e(_) -> none.
f(<<B:8, T:16#ffff_ffff_ffff/bits, _/binary>>) -> {B, T};
f(<<B:8, _/bits>>) -> {only, B};
f(_) -> none.
