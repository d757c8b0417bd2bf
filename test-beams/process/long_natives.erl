%% modes: plain
%% Natives that have much to do must give way, and still give the right answer.
-module(long_natives).
-export([main/0]).
-import(tb, [p/2, id/1]).

main() ->
    Me = self(),
    %% The last one to be served while the others work.
    spawn_link(fun() -> ticker(Me, 0) end),
    L = lists:seq(1, 1000000),
    B = binary:copy(<<"0123456789">>, 300000),
    p(length, length(L)),
    p(reverse, hd(lists:reverse(L))),
    p(append, length(L ++ L)),
    p(subtract, length(lists:seq(1, 60000) -- lists:seq(2, 60000, 2))),
    p(member, [lists:member(1000000, L), lists:member(x, L)]),
    p(keyfind, lists:keyfind(300000, 1, [{N} || N <- lists:seq(1, 300000)])),
    p(list_to_binary, byte_size(list_to_binary([I band 255 || I <- L]))),
    p(iolist_size, iolist_size([L1 || L1 <- lists:duplicate(300000, "abc")])),
    p(binary_to_list, length(binary_to_list(B))),
    p(term_to_binary, byte_size(T = term_to_binary(L))),
    p(binary_to_term, length(binary_to_term(T))),
    p(phash2, erlang:phash2(L)),
    p(phash2_binary, erlang:phash2(B)),
    p(md5, erlang:md5(B)),
    p(crc32, [erlang:crc32(B), erlang:adler32(B)]),
    p(binary_match, [binary:match(B, <<"x">>), length(binary:matches(B, <<"345">>))]),
    p(split, length(binary:split(B, <<"5">>, [global]))),
    p(unicode, byte_size(unicode:characters_to_binary([L2 rem 2000 || L2 <- lists:seq(1, 500000)]))),
    p(integer, byte_size(integer_to_binary(1 bsl 60000))),
    p(parse, binary_to_integer(binary:copy(<<"1">>, 12000)) rem 1000007),
    p(multiply, erlang:phash2((1 bsl 300000 - 1) * (1 bsl 290000 + 1))),
    p(tuple, tuple_size(list_to_tuple(lists:seq(1, 500000)))),
    p(maps, map_size(maps:from_list([{I, I} || I <- lists:seq(1, 100000)]))),
    p(merge, map_size(maps:merge(maps:from_keys(lists:seq(1, 60000), a), maps:from_keys(lists:seq(30000, 90000), b)))),
    p(compare, lists:seq(1, 500000) =:= lists:seq(1, 500000)),
    p(ets_select, begin E = ets:new(t, []), ets:insert(E, [{I, I rem 7} || I <- lists:seq(1, 100000)]), R = length(ets:select(E, [{{'$1', 3}, [], ['$1']}])), ets:delete(E), R end),
    p(sort, hd(lists:sort(fun(X, Y) -> X > Y end, lists:seq(1, 50000)))),
    p(re, begin {match, M} = re:run(binary:part(B, 0, 200000), "9", [global]), length(M) end),
    p(re_iolist, re:run([["ab" | I] || I <- lists:duplicate(100000, <<"c">>)], "abcab")),
    p(re_loops, re:run(binary:copy(<<"aaaaaaaaab">>, 300), "(a+)+$")),
    Deep = deep(300000, <<"abc">>),
    p(deep, [iolist_size(Deep), iolist_to_binary(Deep), re:run([Deep, "x"], "c", [{capture, none}])] =:= [3, <<"abc">>, match]),
    p(copy, byte_size(binary:copy(B, 4))),
    p(common, [binary:longest_common_prefix([B, binary:copy(B), B]), binary:longest_common_suffix([B, binary:copy(B)])]),
    p(exit, begin
                {Q, QR} = spawn_monitor(fun() -> [spawn_link(fun sleep/0) || _ <- lists:seq(1, 5000)], receive stop -> exit(enough) end end),
                [Q ! {n, I} || I <- lists:seq(1, 20000)],
                Q ! stop,
                receive {'DOWN', QR, _, _, Why} -> Why end
            end),
    p(compress, byte_size(zlib:compress(B)) < 20000),
    p(send, begin P = spawn(fun() -> receive X -> Me ! {got, length(X)} end end), P ! L, receive {got, N} -> N end end),
    p(gc, garbage_collect()),
    receive {ticks, Ticks} -> p(ticked, Ticks) after 0 -> Me ! stop, p(ticked, none) end.

ticker(Me, 20) -> Me ! {ticks, 20};
ticker(Me, N) -> receive after 1 -> ticker(Me, N + 1) end.

sleep() -> receive after infinity -> ok end.

deep(0, A) -> A;
deep(N, A) -> deep(N - 1, [A]).
