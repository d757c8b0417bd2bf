%% What test programs print with.
-module(tb).
-export([id/1, p/2, t/2, s/2, sort/1, h/1, block/3, seed/1, next/1, int/2, flush/0, stack/2, wait/1]).

%% id(X): X, which no compiler sees through.
id(X) -> X.

%% p(Label, Term): one line.
p(Label, Term) -> io:format("~ts: " ++ term_format() ++ "~n", [label(Label), Term]).

%% Since OTP 26 maps print in no particular order unless asked; before that, always ordered.
term_format() ->
    case erlang:system_info(otp_release) of
        "25" -> "~0tp";
        _ -> "~0ktp"
    end.

%% sort(List): like lists:sort/1, but equal numbers of different type have an order too.
sort(List) -> lists:sort(fun(A, B) -> {key(A), is_float(key(A)), A} =< {key(B), is_float(key(B)), B} end, List).

key(T) when is_tuple(T), tuple_size(T) > 0 -> element(1, T);
key(X) -> X.

%% t(Label, Fun): the value of Fun(), or its exception with class and reason.
t(Label, Fun) ->
    try Fun() of
        Value -> p(Label, Value)
    catch
        Class:Reason -> io:format("~ts! ~s " ++ term_format() ++ "~n", [label(Label), Class, Reason])
    end.

%% s(Label, Fun): Fun()'s exception with the frames of the module that made Fun.
s(Label, Fun) ->
    {module, Module} = erlang:fun_info(Fun, module),
    try Fun() of
        Value -> p(Label, Value)
    catch
        Class:Reason:Stack ->
            io:format("~ts! ~s " ++ term_format() ++ "~n", [label(Label), Class, Reason]),
            [io:format("    ~0tp~n", [Frame]) || Frame <- stack(Module, Stack)]
    end.

label(Label) when is_atom(Label) -> atom_to_list(Label);
label(Label) when is_list(Label) -> Label;
label(Label) -> io_lib:format("~0tp", [Label]).

%% stack(Module, Stack): the frames up to the last one in Module, without other modules' lines.
stack(Module, Stack) ->
    Upto = lists:reverse(lists:dropwhile(fun(Frame) -> element(1, Frame) =/= Module end, lists:reverse(Stack))),
    [frame(Module, Frame) || Frame <- Upto].

frame(Module, {Module, F, A, L}) ->
    {F, A, proplists:get_value(file, L), proplists:get_value(line, L)};
frame(_, {M, F, A, _}) -> {M, F, A}.

%% h(Term): a portable hash. The bytes of the external format are folded by hand (FNV-1a), so
%% that a wrong answer in phash2 or md5 cannot hide another one.
h(Term) -> fnv(term_to_binary(Term, [{minor_version, 2}, deterministic]), 16#811c9dc5).

fnv(<<B, Rest/binary>>, H) -> fnv(Rest, ((H bxor B) * 16#01000193) band 16#ffffffff);
fnv(<<>>, H) -> H.

%% block(Label, Count, Fun): Fun(State) gives {Term, State}; prints one hash for each Count of them.
%% Returns the last state, so that blocks can be chained. With TB_TRACE in the environment each
%% Term is printed too (test-beams/run --trace).
block(Label, {Count, State}, Fun) ->
    {Hash, State1} = block_loop(Count, Fun, State, 0),
    io:format("~ts ~8.16.0b~n", [label(Label), Hash]),
    State1.

block_loop(0, _, State, Hash) -> {Hash, State};
block_loop(N, Fun, State, Hash) ->
    {Term, State1} = Fun(State),
    os:getenv("TB_TRACE") =:= false orelse p(" ", Term),
    block_loop(N - 1, Fun, State1, (Hash * 31 + h(Term)) band 16#ffffffff).

%% A 64-bit linear congruential generator; next/1 gives 32 good bits.
seed(N) -> N * 2862933555777941757 + 3037000493.

next(S0) ->
    S = (S0 * 6364136223846793005 + 1442695040888963407) band 16#ffffffffffffffff,
    {S bsr 32, S}.

%% int(N, S): 0 =< value < N.
int(N, S0) ->
    {X, S} = next(S0),
    {X rem N, S}.

flush() ->
    receive
        M -> [M | flush()]
    after 0 -> []
    end.

%% wait(Pid): until Pid has ended; its exit reason.
wait(Pid) ->
    Ref = erlang:monitor(process, Pid),
    receive {'DOWN', Ref, process, Pid, Reason} -> Reason end.
