%% Every kind of field at many sizes and offsets, built and fetched again.
%% timeout: 60
-module(fields).
-define(S1,3).
-export([main/0]).
d(T) -> tb:p(d, T).
id(X) -> X.
main() ->
  ints(), floats(), bins(), utf(), errs(), app(), pos(), skips(), compr(), ok.
h(T) -> erlang:phash2(T).

%% Integers.
ints() ->
  Vals = [0,1,-1,127,128,-128,255,256,65535,16#123456789abcdef, -(1 bsl 60), (1 bsl 60), (1 bsl 60)-1, -(1 bsl 60)-1, (1 bsl 63), -(1 bsl 63), (1 bsl 64)-1,
    16#99aa1122334455667788, -16#99aa1122334455667788, 1 bsl 200, -(1 bsl 200)],
  Sizes = [0,1,2,3,7,8,9,12,15,16,17,24,31,32,33,40,47,48,56,59,60,61,62,63,64,65,71,72,80,100,127,128,129,256,300],
  Offs = [0,1,3,4,7],
  R = each(fun(V) -> each(fun(S) -> each(fun(O) ->
     A = <<5:O, V:S>>, B = <<5:O, V:S/little>>, C = <<5:O, V:S, 2:3>>,D = <<5:O, V:S/little, 2:3>>,
     <<_:O,A1:S,_/bits>> = A, <<_:O,A2:S/signed,_/bits>> = A, <<_:O,A3:S/little,_/bits>> = A, <<_:O,A4:S/little-signed,_/bits>> = A,
     <<_:O,B1:S/little-signed,R0/bits>> = D, 
     {A,B,C,D,A1,A2,A3,A4,B1,R0}
   end, Offs) end, Sizes) end, Vals),
  [d(h(X)) || X <- R],
  Bin = id(<<16#89,16#ab,16#cd,16#ef,1,2,3,4,5,6,255,200,199,1,0,1,2,3,128,129,7,200,1,2,3,4>>),
  <<A8,A16:16,A32:32,A64:64,_/binary>> = Bin,
  <<B8/signed,B16:16/little,B32:32/little-signed,B64:64/native,_/binary>> = Bin,
  <<C3:3,C8,C16:16,C32:32,C64:64/signed,_/bits>> = Bin,
  <<D61:61,D62:62/signed,D60:60/little,_/bits>> = Bin,
  d({A8,A16,A32,A64,B8,B16,B32,B64,C3,C8,C16,C32,C64,D61,D62,D60}).

floats() ->
  Vals = [0.0,-0.0,1.0,-1.5,1.0e300,1.0e-300,3.14159,65504.0,65519.9,65520.0,1.0e-7,5.9e-8,2.9e-8,1.0e10,1,0,-7, 1 bsl 70, 123456789012345678],
  each(fun(V) -> each(fun(S) -> each(fun(O) ->
     A = <<5:O, V:S/float>>, B = <<5:O, V:S/float-little>>,
     d({V,S,O,h({A,B})}),
     M1 = case A of <<_:O,F1:S/float>> -> F1; _ -> no end,
     M2 = case B of <<_:O,F2:S/float-little>> -> F2; _ -> no end,
     d({M1,M2}) end, [0,3]) end, [16,32,64]) end, Vals),
  d(try <<X:16/float>> = id(<<124,0>>), X catch _:E -> E end),
  d(try <<X1:64/float>> = id(<<127,240,0,0,0,0,0,0>>), X1 catch _:E1 -> E1 end),
  <<Z:0/float>> = id(<<>>), d(Z),
  N=id(0), <<Z1:N/float>> = id(<<>>), d(Z1).

bins() ->
  Src = id(list_to_binary(lists_seq(0,255))),
  each(fun(O) -> each(fun(S) ->
     X = case Src of <<_:O,B:S/bits,T/bits>> -> {B,T}; _ -> no end,
     Y = case Src of <<_:O,B1:S/binary,T1/binary>> -> {B1,T1}; _ -> no end,
     Z = case Src of <<_:O,B2:S/binary-unit:3,T2/binary-unit:5>> -> {B2,T2}; _ -> no end,
     d({O,S,h(X),h(Y),h(Z)}),
     case X of {BB,TT} -> d(h({<<BB/bits,TT/bits>>,<<1:3,BB/bits,TT/bits>>, <<TT/bits,BB/bits>>, <<Src/binary,BB/bits,7>>})); _ -> ok end
   end, [0,1,5,8,16,63,64,65,100,255,256,511,512,513,520,528,1000,2000,2048,2049]) end, [0,1,4,7,8,9,800]).

utf() ->
  Cs = [0,1,127,128,2047,2048,16#d7ff,16#e000,65535,65536,16#10ffff],
  each(fun(C) -> each(fun(O) ->
    A = <<1:O,C/utf8,9>>, B = <<1:O,C/utf16,9>>, D = <<1:O,C/utf16-little,9>>, E = <<1:O,C/utf32>>, F = <<1:O,C/utf32-little>>,
    <<_:O,A1/utf8,9>> = A, <<_:O,B1/utf16,9>> = B, <<_:O,D1/utf16-little,9>> = D, <<_:O,E1/utf32>> = E,<<_:O,F1/utf32-little>> = F,
    <<_:O,_/utf8,9>> = A, <<_:O,_/utf16,9>> = B, <<_:O,_/utf16-little,9>> = D, <<_:O,_/utf32>> = E,<<_:O,_/utf32-little>> = F,
    d({C,h({A,B,D,E,F}),A1,B1,D1,E1,F1}) end, [0,5]) end, Cs),
  Bad = [<<>>,<<128>>,<<192,128>>,<<16#e0,16#80,16#80>>,<<16#ed,16#a0,16#80>>,<<16#f4,16#90,16#80,16#80>>,<<16#f0,16#80,16#80,16#80>>,<<16#c3>>,<<16#e2,16#82>>,<<16#f0,16#9f,16#98>>,<<255>>,<<16#c3,16#28>>,<<16#d8,0>>,<<16#dc,0>>,<<16#d8,0,0,65>>,<<0,16#d8,0,16#dc>>,<<0,17,0,0>>,<<0,0,16#d8,0>>,<<7>>],
  each(fun(B) -> d({case B of <<X/utf8,_/bits>> -> X; _ -> no end, case B of <<X1/utf16,_/bits>> -> X1; _ -> no end,
     case B of <<X2/utf16-little,_/bits>> -> X2; _ -> no end,case B of <<X3/utf32,_/bits>> -> X3; _ -> no end,case B of <<X4/utf32-little,_/bits>> -> X4; _ -> no end}) end, Bad).

%% What cannot be built, and what is said about it.
errs() ->
  X = id(foo), N = id(-1), B = id(1 bsl 70), Bin = id(<<1,2,3>>), BS = id(<<1:3>>),
  each(fun(F) -> d(t(F)) end, [
   fun() -> <<X:8>> end, fun() -> <<3:N>> end, fun() -> <<3:X>> end, fun() -> <<3:B>> end, fun() -> <<3:(-B)>> end, fun() -> <<1, X/binary>> end,
   fun() -> <<X/binary, 1>> end, fun() -> <<Bin:7/binary>> end, fun() -> <<X:1/binary>> end, fun() -> <<1, BS/binary>> end, fun() -> <<BS/binary, 1>> end,
   fun() -> <<X/float>> end, fun() -> <<B:(id(3))/float>> end, fun() -> <<(id(1 bsl 2000))/float>> end, fun() -> <<1.0:N/float>> end, fun() -> <<1.0:(id(5))/float>> end,
   fun() -> <<X/utf8>> end, fun() -> <<X/utf16>> end, fun() -> <<X/utf32>> end, fun() -> <<(id(16#d800))/utf32>> end, fun() -> <<(id(16#d800))/utf8>> end,fun() -> <<(id(16#d800))/utf16>> end,
   fun() -> <<(id(-1))/utf8>> end,fun() -> <<(id(-1))/utf16>> end,fun() -> <<B/utf8>> end,fun() -> <<B/utf16>> end,fun() -> <<B/utf32>> end,
   fun() -> <<(id(1.0e300)):32/float>> end, fun() -> <<(id(1.0e300)):16/float>> end,
   fun() -> <<1:(id(1 bsl 59))/unit:64>> end, fun() -> <<1, 2:7, Bin/binary, X:8>> end, fun() -> <<(id(1.5)):8>> end,fun() -> <<(id(1.5)):80>> end,fun() -> <<3:2,(id(1.5)):80>> end,
   fun() -> <<X:(id(0))>> end, fun() -> <<1:2, X:(id(0))>> end,  fun() -> <<(id(<<>>)):X/binary>> end, fun() -> <<Bin/bits, X/bits>> end, fun() -> <<Bin:2/binary,Bin:3/bits>> end,
   fun() -> <<BS/binary>> end, fun() -> <<BS/binary-unit:3,1>> end, fun() -> <<Bin/binary-unit:7,1>> end, fun() -> << <<Y:8>> || Y <- [1,2,X] >> end, fun() -> << <<Y/binary>> || Y <- [<<1>>,<<1:1>>] >> end,
   fun() -> if <<X:8>> == <<1>> -> 1; true -> 2 end end,  fun() -> if <<3:N>> == <<1>> -> 1; true -> 2 end end
  ]).
t(F) -> try F() catch
         C:R:Stack ->
             [{M, _, _, Info} | _] = Stack,
             {C, R, M, lists:keyfind(error_info, 1, Info)}
     end.

%% Appending, in place and not.
app() ->
  A = lp(0, <<>>), d({byte_size(A), h(A)}),
  B = lpb(0, <<>>), d({bit_size(B), h(B)}),
  C0 = lp(0, <<>>), C1 = <<C0/binary, 1>>, C2 = <<C0/binary, 2>>, C3 = <<C1/binary, C2/binary>>, d({h(C1),h(C2),h(C3)}),
  Self = self(), spawn(fun() -> Self ! {x, <<C1/binary, 7>>} end), D = <<C1/binary, 8>>, E = receive {x, Q} -> Q end, d({h(D),h(E)}),
  F = dbl(<<1,2:3>>, 20), d({bit_size(F), h(F)}),
  L = <<C0/binary>>, d(L =:= C0), G = <<(id(<<"abc">>))/binary, "def", 1:1>>, d(h(G)),
  {H1,H2} = keep(0, <<0:3>>, []), d({h(H1),h(H2)}).
keep(500, B, L) -> {B, L};
keep(N, B, L) -> keep(N+1, <<B/bits, N:13>>, [B|L]).
dbl(B, 0) -> B;
dbl(B, N) -> dbl(<<B/bits, B/bits>>, N-1).
lp(20000, B) -> B;
lp(N, B) -> lp(N+1, <<B/binary, N:16, (N band 255)>>).
lpb(20000, B) -> B;
lpb(N, B) -> lpb(N+1, <<B/bits, N:7>>).

pos() ->
  d([m(X) || X <- [<<1,2,3>>,<<2,2,3>>,<<3,1:3>>,<<"abcdef">>,<<"abcxef">>,<<1:1,"abcdefghijklmnop">>,<<>>]]).
m(<<1,X:16>>) -> {a,X};
m(<<2,X,Y>>) -> {b,X,Y};
m(<<"abc",T:2/binary,R/binary>>) -> {c,T,R};
m(<<3,T/bits>>) -> {d,T};
m(<<1:1,"abcdefghijkl",T/bits>>) -> {e,T};
m(B) -> {f,B}.

skips() ->
  Src = id(list_to_binary(lists_seq(0,50))),
  each(fun(S) -> d(case Src of <<_:S,X,_:S/binary,Y,_/binary>> -> {X,Y}; <<_:S/unit:3,Z,_/bits>> -> Z; _ -> no end) end, [0,1,5,8,16,100,-1,foo,1 bsl 80]),
  d(case Src of <<_:(?S1)/unit:8,_/binary-unit:7>> -> a; <<_,_/binary-unit:10>> -> b; <<_/binary-unit:17>> -> c; _ -> d end).

compr() ->
  Src = id(list_to_binary(lists_seq(0,255))),
  d(h(<< <<(X*2):9>> || <<X:5>> <= Src >>)),
  d(h([X || <<X:7/little-signed>> <= Src])),
  d(h(<< <<X/binary, 0>> || <<X:3/binary>> <= Src >>)),
  d(h(<< <<X/utf8>> || <<X:16>> <= Src, X < 16#d800 >>)),
  d(h(<< <<X:(Y rem 7)>> || <<X:7,Y:4>> <= Src >>)),
  d(h([ {X,T} || <<X:80,T:70/bits>> <= Src ])).
each(F, [H|T]) -> V = F(H), [V|each(F,T)];
each(_, []) -> [].
lists_seq(A,B) when A > B -> [];
lists_seq(A,B) -> [A|lists_seq(A+1,B)].
