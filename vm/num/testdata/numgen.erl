%% Writes what the reference VM computes, for the tests of this crate to compare with.
%%   erlc numgen.erl && erl -noshell -run numgen main . 120 -s init stop
%% The number is how many random lines each file gets.
-module(numgen).
-export([main/1]).
-compile(nowarn_deprecated_function).

main([Dir, Count]) ->
    rand:seed(exsss, {7, 8, 9}),
    N = list_to_integer(Count),
    write(Dir, "floats", [float_line(F) || F <- floats() ++ [float_() || _ <- lists:seq(1, N)]]),
    write(Dir, "ints", [int_line() || _ <- lists:seq(1, N div 2)]),
    write(Dir, "mixed", [mixed_line() || _ <- lists:seq(1, N)]),
    write(Dir, "bytes", [bytes_line() || _ <- lists:seq(1, N)]),
    write(Dir, "float_texts", [text_line(S) || S <- texts()]).

write(Dir, Name, Lines) ->
    ok = file:write_file(filename:join(Dir, Name), [[lists:join(" ", L), "\n"] || L <- Lines]).

below(N) -> rand:uniform(N) - 1.
hex(N) -> integer_to_list(N, 16).
dec(N) -> integer_to_list(N).
bits(F) -> <<B:64>> = <<F/float>>, hex(B).
raw(B) -> [$h | binary:encode_hex(B)].
order(A, B) when A < B -> "l";
order(A, B) when A == B -> "e";
order(_, _) -> "g".

floats() ->
    [0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -0.3, 1.0e22, 1.0e23, 5.0e-324, 1.7976931348623157e308,
     9007199254740991.0, 9007199254740992.0, 9007199254740994.0, 1.0e15, 1.0e16, 1.2e17, 100.0,
     1000.0, 0.0001, 1.0e-5, 0.001234, 0.125, 0.375, 1.25, 1.0e250, -1.0e251, 123456789.0e1,
     123456789.0e2, 123456789.0e3, 12345678912345680.0, 999.9999999, 1.0e253, 1.0e254,
     4503599627370497.5, 2.2250738585072014e-308, 4.35, 0.3, -1.0, 0.1].

float_() ->
    <<F:64>> = rand:bytes(8),
    case below(4) of
        0 -> case <<F:64>> of <<X/float>> -> X; _ -> float_() end;
        1 -> (F rem 2000000000 - 1000000000) / math:pow(10, below(10));
        2 -> float(F bsr below(60));
        3 -> (below(1 bsl 54) - (1 bsl 53)) / (1 bsl below(60))
    end.

int() ->
    B = case below(4) of 0 -> below(70); 1 -> below(200); 2 -> below(1500); 3 -> below(3000) end,
    N = case below(5) of
            0 -> (1 bsl B) - below(2);
            1 -> (1 bsl B) - (1 bsl below(B + 1));
            _ -> below((1 bsl B) + 1)
        end,
    case below(2) of 0 -> N; 1 -> -N end.

float_line(F) ->
    D = case below(3) of 0 -> below(256); _ -> below(22) end,
    S = case below(3) of 0 -> below(256); _ -> below(22) end,
    T = fun(O) -> try float_to_list(F, O) catch _:_ -> "badarg" end end,
    [bits(F), T([short]), io_lib:format("~w", [F]), T([]), dec(D), T([{decimals, D}]),
     T([compact, {decimals, D}]), dec(S), T([{scientific, S}])].

int_line() ->
    A = int(),
    B = case below(6) of 0 -> A; 1 -> -A; 2 -> A + 1; _ -> int() end,
    C = below(300),
    Base = 2 + below(35),
    Len = below(40),
    Big = <<A:Len/unit:8>>,
    Little = <<A:Len/unit:8-little>>,
    <<Signed:Len/signed-unit:8>> = Big,
    <<Unsigned:Len/unit:8-little>> = Little,
    Float = try bits(float(A)) catch _:_ -> "x" end,
    {Div, Rem} = case B of 0 -> {"x", "x"}; _ -> {hex(A div B), hex(A rem B)} end,
    [hex(A), hex(B), hex(A + B), hex(A - B), hex(A * B), Div, Rem,
     hex(A band B), hex(A bor B), hex(A bxor B), hex(bnot A), dec(C), hex(A bsl C), hex(A bsr C),
     dec(Base), integer_to_list(A, Base), dec(A), Float, dec(Len), raw(Big), raw(Little),
     hex(Signed), hex(Unsigned),
     dec(erlang:phash2(A, 1 bsl 32)), dec(erlang:phash(A, 1 bsl 32) - 1), order(A, B)].

mixed_line() ->
    F = float_(),
    N = case below(4) of
            0 -> int();
            1 -> trunc(F);
            2 -> trunc(F) + below(3) - 1;
            3 -> below(1 bsl 65) - (1 bsl 64)
        end,
    [bits(F), hex(N), order(N, F), hex(trunc(F)), dec(erlang:phash2(F, 1 bsl 32)),
     dec(erlang:phash(F, 1 bsl 32) - 1)].

bytes_line() ->
    Len = below(200),
    Bin = rand:bytes(Len),
    K = below(8),
    V = below(1 bsl K),
    Start = below(1 bsl 32),
    P = below(Len + 1),
    Bits = <<Bin/binary, V:K>>,
    [raw(Bin), dec(K), dec(V), dec(erlang:phash2(Bits, 1 bsl 32)),
     dec(erlang:phash(Bits, 1 bsl 32) - 1), dec(Start), dec(erlang:crc32(Start, Bin)),
     dec(erlang:crc32(Bin)), dec(erlang:adler32(Bin)), dec(P), binary:encode_hex(erlang:md5(Bin))].

texts() ->
    ["1.0", "1", "1.", "1.e5", ".5", "+1.0", "-1.0", "1.0e5", "1.0E5", "1.0e+5", "1.0e-5", "1.0e",
     "1.0e+", " 1.0", "1.0 ", "1.0x", "1_0.0", "1.0_0", "1.0e400", "-1.0e400", "1.0e-400",
     "1.0e-320", "1e5", "1,5", "1.0e05", "1.0e0000000000000000000005", "--1.0", "inf", "nan",
     "0x1.0p3", "00001.5", "-0.0", "1.0e1.0", "", "-", "+", "e", "1.0e4000000000000000000000",
     "0.0e4000000000000000000000", "1.0e-4000000000000000000000", "1.7976931348623158e308",
     "1.7976931348623159e308", "2.2250738585072011e-308", "1.0\n", "1.0\0", "1.0\0z", "1.0e5 ",
     "5.0e-324", "2.0e-324", "3.0e-324", "1.0e5e", "1.0d5", "1,0e5", "-1.5.", "1.0e5.0"].

text_line(S) ->
    Whole = try bits(list_to_float(S)) catch _:_ -> "x" end,
    {Prefix, Len} = case string:to_float(S) of
                        {error, _} -> {"x", "0"};
                        {F, Rest} -> {bits(F), dec(length(S) - length(Rest))}
                    end,
    [raw(list_to_binary(S)), Whole, Prefix, Len].
