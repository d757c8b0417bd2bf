%% Writes tests/golden.txt: terms as the reference encodes them. Run by hand, with the reference:
%%   erlc -o /tmp tests/golden.erl && erl -noshell -pa /tmp -run golden main tests/golden.txt
%% A block begins with "term", the term compressed; each further line is an option set and what the
%% reference makes of the term under it.
-module(golden).
-export([main/1]).

main([File]) ->
    ok = file:write_file(File, [block(T) || T <- terms()]),
    halt().

block(T) ->
    Line = fun(Name, Bin) -> [Name, $\s, hex(Bin), $\n] end,
    [Line("term", term_to_binary(T, [{compressed, 9}])),
     Line("m0", sum(term_to_binary(T, [{minor_version, 0}]))),
     Line("m1", sum(term_to_binary(T, [{minor_version, 1}]))),
     Line("m2", sum(term_to_binary(T, [{minor_version, 2}]))),
     Line("det", sum(term_to_binary(T, [deterministic]))),
     Line("z1", sum(term_to_binary(T, [{compressed, 1}]))),
     Line("z", sum(term_to_binary(T, [compressed]))),
     Line("z9", sum(term_to_binary(T, [{compressed, 9}]))),
     Line("iov", sum(iolist_to_binary(term_to_iovec(T)))),
     ["size ", integer_to_list(erlang:external_size(T)), $\n],
     ["size0 ", integer_to_list(erlang:external_size(T, [{minor_version, 0}])), $\n]].

%% Long results stand for themselves by their digest.
sum(Bin) when byte_size(Bin) =< 64 -> Bin;
sum(Bin) -> erlang:md5(Bin).

hex(Bin) -> [io_lib:format("~2.16.0b", [B]) || <<B>> <= Bin].

terms() ->
    Ints = [0, 1, 255, 256, -1, 1 bsl 31 - 1, 1 bsl 31, -(1 bsl 31), -(1 bsl 31) - 1,
            1 bsl 59 - 1, 1 bsl 59, -(1 bsl 59), 1 bsl 60 - 1, 1 bsl 60, -(1 bsl 60),
            -(1 bsl 60) - 1, 1 bsl 63, 1 bsl 64 - 1, 1 bsl 64, -(1 bsl 64), 1 bsl 2039,
            1 bsl 2040 - 1, 1 bsl 2040, -(1 bsl 3000) + 7],
    Atoms = ['', a, ok, 'å', 'åäö', '€', 'a€', list_to_atom(lists:duplicate(255, $x)),
             list_to_atom(lists:duplicate(255, $å)), list_to_atom(lists:duplicate(255, $€)),
             list_to_atom(lists:duplicate(127, $å)), list_to_atom(lists:duplicate(128, $å))],
    Floats = [0.0, 1.5, -1.5, 0.1, 1.0e300, -1.0e-300, 5.0e-324, 1.7976931348623157e308, 3.14159],
    Lists = [[], [1], "abc", [0, 255], [0, 256], [1 | 2], [1, 2 | x], [a, "bc", []], [[]],
             lists:duplicate(65535, 7), lists:duplicate(65536, 7), lists:duplicate(300, -1),
             lists:seq(1, 300), lists:seq(1, 9000)],
    Tuples = [{}, {1}, {a, b, c}, list_to_tuple(lists:seq(1, 255)), list_to_tuple(lists:seq(1, 256)),
              {{{}, [{}]}, "x", <<>>}],
    Bits = [<<>>, <<1>>, <<1:1>>, <<5:3>>, <<1, 2, 3:7>>, binary:copy(<<"xyz">>, 21), binary:copy(<<9>>, 64),
            binary:copy(<<9>>, 65), binary:copy(<<9>>, 1000), <<(binary:copy(<<9>>, 100))/binary, 3:5>>,
            part(8, 720), part(3, 720), part(3, 725), part(8, 725), part(8, 512), part(8, 520)],
    Ids = [self(), make_ref(), hd(erlang:ports()), alias(),
           ext(<<88, 119, 3, "a@b", 1:32, 2:32, 3:32>>), ext(<<88, 119, 3, "a@b", -1:32, -1:32, 3:32>>),
           ext(<<103, 119, 3, "a@b", 1:32, 2:32, 3>>),
           ext(<<89, 119, 3, "a@b", 1:32, 3:32>>), ext(<<120, 119, 3, "a@b", 1:64, 3:32>>),
           ext(<<120, 119, 3, "a@b", (1 bsl 28 - 1):64, 3:32>>),
           ext(<<120, 119, 3, "a@b", (1 bsl 28):64, 3:32>>), ext(<<120, 119, 3, "a@b", -1:64, 3:32>>),
           ext(<<90, 1:16, 119, 3, "a@b", 3:32, 7:32>>),
           ext(<<90, 5:16, 119, 3, "a@b", 3:32, -1:32, 7:32, 7:32, 7:32, 7:32>>)],
    X = length(Ints), Y = <<(binary:copy(<<9>>, 100))/binary>>,
    Funs = [fun lists:map/2, fun erlang:'+'/2, fun() -> ok end, fun(Z) -> {X, Y, Z} end,
            ext(<<112, 0:32, 3, 7:128, 1000000:32, 1:32, 119, 1, $m, 98, 1000000:32, 98, 99999999:32,
                  103, 119, 3, "a@b", 1:32, 2:32, 3, 97, 1>>)],
    Maps = [#{}, #{a => 1}, #{1 => a, 1.0 => b, "x" => #{}, {} => []}, square(32), square(33), square(40), square(1000),
            #{square(40) => square(50), b => square(5)}, maps:from_list([{{K, "key"}, [K]} || K <- lists:seq(1, 100)]),
            maps:from_list([{K / 2, K} || K <- lists:seq(1, 70)]),
            %% No large map of atoms: its order depends on the atom table.
            maps:from_list([{integer_to_binary(K), #{K => K}} || K <- lists:seq(1, 70)])],
    Mixed = [{Ints, Atoms, Floats, Bits}, [Funs, Ids, Lists], [Y, Y, {Y, x}],
             [[{I, [I], integer_to_list(I)} || I <- lists:seq(1, 200)]],
             lists:foldl(fun(_, A) -> [A] end, [], lists:seq(1, 3000)),
             lists:foldl(fun(_, A) -> {A} end, [], lists:seq(1, 3000)), {Maps, Funs}],
    lists:append([Ints, Atoms, Floats, Lists, Tuples, Bits, Ids, Funs, Maps, Mixed]).

ext(B) -> binary_to_term(<<131, B/binary>>).
square(N) -> maps:from_list([{K, K * K} || K <- lists:seq(1, N)]).
part(Skip, Size) ->
    <<_:Skip, Part:Size/bits, _/bits>> = binary:copy(<<1, 2, 3, 253>>, 50),
    Part.
