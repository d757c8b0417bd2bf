%% Writes what the reference says about random terms: run `escript termgen.erl DIR [COUNT]`.
%% Terms are external terms in hexadecimal.
-module(termgen).
-mode(compile).
-export([main/1]).

main([Dir]) -> main([Dir, "400"]);
main([Dir, Count]) ->
    rand:seed(exsss, {1, 2, 3}),
    N = list_to_integer(Count),
    Terms = fixed() ++ some(N, 300),
    write(Dir, "hash.txt", [[hex(T), $ , int(erlang:phash2(T, 1 bsl 32)), $ ,
                             int(erlang:phash(T, 1 bsl 32)), $ ,
                             %% A fresh term: sizes of binaries depend on how they were made.
                             int(erts_debug:flat_size(binary_to_term(term_to_binary(T))))] || T <- Terms]),
    Few = close(fixed() ++ some(60, 60)),
    write(Dir, "compare.txt", [[hex(A), $ , [order(A, B) || B <- Few], $ ,
                                [sign(erts_internal:cmp_term(A, B)) || B <- Few]] || A <- Few]),
    write(Dir, "map.txt", [[hex(Keys), $ , hex(maps:keys(maps:from_list([{K, 0} || K <- Keys])))]
                           || Keys <- keys()]),
    display(Dir, fixed() ++ some(100, 300)).

write(Dir, Name, Lines) ->
    ok = file:write_file(filename:join(Dir, Name), [[L, $\n] || L <- Lines]).

%% What erlang:display/1 prints, asked from another emulator.
display(Dir, Terms) ->
    In = filename:join(Dir, "display.bin"),
    ok = file:write_file(In, term_to_binary(Terms)),
    Out = filename:join(Dir, "display.out"),
    [] = os:cmd("erl -noinput -boot no_dot_erlang -eval '"
                "{ok, B} = file:read_file(\"" ++ In ++ "\"),"
                "lists:foreach(fun erlang:display/1, binary_to_term(B)), halt().' > " ++ Out),
    {ok, Bytes} = file:read_file(Out),
    ok = file:delete(In),
    ok = file:delete(Out),
    Lines = binary:split(Bytes, <<"\r\n">>, [global, trim]),
    write(Dir, "display.txt", [[hex(T), $ , [io_lib:format("~2.16.0b", [B]) || <<B>> <= L]]
                               || {T, L} <- lists:zip(Terms, Lines)]).

hex(T) -> [io_lib:format("~2.16.0b", [B]) || <<B>> <= term_to_binary(T)].
int(N) -> integer_to_list(N).

order(A, B) when A =:= B -> $e;
order(A, B) when A == B -> $=;
order(A, B) when A < B -> $<;
order(_, _) -> $>.

sign(0) -> $=;
sign(N) when N < 0 -> $<;
sign(_) -> $>.

fixed() ->
    Big = 1 bsl 70,
    [0, 1, -1, 255, 256, 1 bsl 27, (1 bsl 27) - 1, -(1 bsl 27), -(1 bsl 27) - 1, 1 bsl 59, (1 bsl 59) - 1, -(1 bsl 59),
     1 bsl 60, -(1 bsl 60), (1 bsl 60) - 1, -(1 bsl 60) - 1, 1 bsl 63, -(1 bsl 63), 1 bsl 64, (1 bsl 64) - 1, Big, -Big, Big + 1,
     1 bsl 200, 1 bsl 1023, 1 bsl 1100, -(1 bsl 1100),
     0.0, -0.0, 1.0, -1.0, 1.5, -1.5, 1.0e300, -1.0e300, 1.0e-300, float(Big), float(1 bsl 53), 9007199254740993,
     9007199254740992.0, 1152921504606846976.0, 1.152921504606847e18, 2.0e18, 5.0e-324, 1.7976931348623157e308,
     '', a, b, ab, abc, abcd, abcde, 'A', 'hello world', 'åäö', 'é', true, false, undefined, nil, ok, 'a@b', 'a-b', '0a', 'with\nline', 'x\x01', 'x\x7f', 'x\x85', 'xÿ', 'x×', 'ñ1', '_', 'a.b', 'Ā', 'aĀ', 'x\t\r\v\b\f\e', 'a\\b', 'it\'s',
     [], [[]], [a], [a | b], [1, 2, 3], [1, 2 | 3], "hello", "hel", "åäö", [1000], [1, 1000, 2], [$a, 10, $b], [0, 1, 2], [[1], [2]],
     "a long string of text in a list", [255, 256], "abc\"def\\", [$a | b], lists:seq(1, 20),
     {}, {a}, {1}, {1.0}, {a, b}, {a, {b, {c}}}, {1, 2, 3}, {[], [[]]}, list_to_tuple(lists:seq(1, 20)),
     <<>>, <<0>>, <<1, 2, 3>>, <<"hello">>, <<1:1>>, <<5:3>>, <<255, 1:1>>, <<0:64>>, <<"a longer binary with some text in it">>, <<"12345678901">>, <<"123456789012">>,
     << <<I>> || I <- lists:seq(1, 100)>>, <<"åäö"/utf8>>, <<"a\nb">>,
     #{}, #{a => 1}, #{1 => a, 1.0 => b}, #{a => #{b => c}}, #{[] => {}}, #{b => 1, a => 2}, #{a => 1.0}, #{<<"k">> => "v", k => [1]},
     #{1 => 1, a => 1, "x" => 1, {} => 1, <<>> => 1, #{} => 1, 2.0 => 1},
     maps:from_list([{I, I} || I <- lists:seq(1, 32)]), maps:from_list([{I, I} || I <- lists:seq(1, 33)]),
     maps:from_list([{I, 2 * I} || I <- lists:seq(1, 33)]), maps:from_list([{I, I} || I <- lists:seq(2, 34)]),
     maps:from_list([{integer_to_binary(I), [I]} || I <- lists:seq(1, 200)]), maps:from_list([{float(I), I} || I <- lists:seq(1, 33)]),
     fun lists:map/2, fun lists:map/3, fun 'A':'b c'/0, fun maps:map/2, fun erlang:'+'/2,
     c:pid(0, 1, 0), c:pid(0, 5, 0), c:pid(0, 4, 1), c:pid(0, 100, 3),
     list_to_port("#Port<0.1>"), list_to_port("#Port<0.77>"), list_to_ref("#Ref<0.1.2.3>"), list_to_ref("#Ref<0.3.2.1>"), list_to_ref("#Ref<0.1.2.4>"),
     remote_pid('a@host', 3, 0, 1), remote_pid('a@host', 3, 0, 2), remote_pid('z@host', 3, 0, 1), remote_pid('z@host', 4, 0, 1), remote_pid('z@host', 3, 1, 1),
     remote_port('a@host', 3, 1), remote_port('a@host', 1 bsl 40, 1), remote_port('zz@host', 2, 1),
     remote_ref('a@host', [1, 2, 3], 1), remote_ref('zz@host', [1, 2, 3], 1), remote_ref('a@host', [3, 2, 1], 1), remote_ref('a@host', [1, 2], 1),
     remote_ref('a@host', [1, 2, 3, 4, 5], 1)].

node_ext(N) -> A = atom_to_binary(N), <<119, (byte_size(A)), A/binary>>.
remote_pid(N, Id, Ser, Cr) -> binary_to_term(<<131, 88, (node_ext(N))/binary, Id:32, Ser:32, Cr:32>>).
remote_port(N, Id, Cr) -> binary_to_term(<<131, 120, (node_ext(N))/binary, Id:64, Cr:32>>).
remote_ref(N, Ws, Cr) -> binary_to_term(<<131, 90, (length(Ws)):16, (node_ext(N))/binary, Cr:32, << <<W:32>> || W <- Ws>>/binary>>).

%% Every term again, slightly changed.
close(Terms) -> Terms ++ [change(T) || T <- Terms, rand:uniform(4) =:= 1].

change(N) when is_integer(N), abs(N) < 1 bsl 1000 -> float(N);
change(F) when is_float(F) -> trunc(F);
change(T) when is_tuple(T), tuple_size(T) > 0 -> setelement(tuple_size(T), T, change(element(tuple_size(T), T)));
change([H | T]) -> [H | change(T)];
change(B) when is_binary(B) -> <<B/binary, 0>>;
change(M) when is_map(M), map_size(M) > 0 -> [K | _] = maps:keys(M), M#{K := change(maps:get(K, M))};
change(T) -> {T}.

%% Random terms of at most so many bytes.
some(0, _) -> [];
some(N, Max) ->
    case term(4) of
        T when is_integer(T) -> some(N, Max);
        T -> case byte_size(term_to_binary(T)) of
                 S when S > Max -> some(N, Max);
                 _ -> [T | some(N - 1, Max)]
             end
    end.

pick(L) -> lists:nth(rand:uniform(length(L)), L).

term(0) ->
    case rand:uniform(8) of
        1 -> rand:uniform(300);
        2 -> pick([1, -1]) * rand:uniform(1 bsl rand:uniform(150));
        3 -> rand:normal() * math:pow(10, rand:uniform(40) - 20);
        4 -> pick([a, b, c, foo, bar, 'Foo Bar', 'x@y', true]);
        5 -> [];
        6 -> rand:bytes(rand:uniform(20) - 1);
        7 -> S = rand:uniform(30), <<(rand:uniform(1 bsl S)):S>>;
        8 -> float(rand:uniform(10))
    end;
term(D) ->
    case rand:uniform(9) of
        1 -> [term(D - 1) || _ <- lists:seq(1, rand:uniform(5))];
        2 -> list_to_tuple([term(D - 1) || _ <- lists:seq(1, rand:uniform(5) - 1)]);
        3 -> maps:from_list([{term(D - 1), term(D - 1)} || _ <- lists:seq(1, rand:uniform(5) - 1)]);
        4 -> [rand:uniform(128) - 1 || _ <- lists:seq(1, rand:uniform(12))];
        5 -> [term(D - 1) | term(D - 1)];
        6 -> case rand:uniform(5) of
                 1 -> maps:from_list([{term(D - 1), term(0)} || _ <- lists:seq(1, 50)]);
                 _ -> term(D - 1)
             end;
        7 -> [term(D - 1) || _ <- lists:seq(1, 2)] ++ [$a + rand:uniform(20) || _ <- lists:seq(1, rand:uniform(6))];
        _ -> term(0)
    end.

%% Keys without atoms, pids and the like, whose hashes differ between runs.
keys() ->
    [lists:seq(1, 33), lists:seq(1, 100), lists:seq(-500, 500), [float(I) || I <- lists:seq(0, 60)],
     [I bsl 57 || I <- lists:seq(1, 64)], [integer_to_list(I) || I <- lists:seq(1, 200)],
     [integer_to_binary(I * I) || I <- lists:seq(1, 200)], [{I, [I | I], <<I>>} || I <- lists:seq(1, 100)],
     [<<I:11>> || I <- lists:seq(1, 50)], [[I, 1000, {}] || I <- lists:seq(1, 50)], [#{I => I} || I <- lists:seq(1, 50)],
     lists:seq(1, 32), [3, 2.0, 1, 1.0, "a", <<"b">>, {}, {a}, [], 1 bsl 70, b, a, 'B', #{}, [a], -1.5],
     [I * 16#10001 || I <- lists:seq(1, 3000)]].
