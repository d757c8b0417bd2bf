%% vm: own
%% erlang:display/1 goes straight to standard output, with the emulator's own printing.
-module(display).
-export([main/0]).

main() ->
    D = fun(X) -> erlang:display(tb:id(X)) end,
    [D(X) || X <- [1, -1, 0, 1 bsl 59, -(1 bsl 59), 1 bsl 64, -(1 bsl 200), 1.0, -0.5, 1.0e22, 1.0e-7, 123456789.125, 3.14, 1.0e300]],
    [D(X) || X <- [a, 'A b', '', 'it\'s', 'new\nline', 'å', 'α', abc_1@x, '1a', true, 'when', 'end']],
    [D(X) || X <- [[], [1, 2, 3], "abc", "a\nb\"\\", [1 | 2], [a, [b, [c]]], [$a, 1], "å", [256]]],
    [D(X) || X <- [{}, {a}, {a, {b, "c"}}, {1, 2.5, <<>>}]],
    [D(X) || X <- [<<>>, <<1, 2, 3>>, <<"abc">>, <<1:3>>, <<1, 2:4>>, <<"long binary, a bit longer than a heap binary can ever be, so refc; 64+">>]],
    [D(X) || X <- [#{}, #{a => 1}, #{1 => #{b => "x"}}]],
    [D(X) || X <- [fun lists:map/2, fun erlang:'+'/2]],
    D(lists:seq(1, 100)),
    D([lists:duplicate(3, {x, "y"}) || _ <- [1, 2]]),
    erlang:display_string("plain string\n").
