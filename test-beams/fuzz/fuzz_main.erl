%% Loads mutated modules and decodes mutated external terms, many times.
%%
%% main([Kind, Seed, First, Last, Progress]): iterations First to Last of Kind (beams, terms, natives, packets, handshakes or epmd). An iteration
%% depends on its seed and number alone. Progress is a file that gets the number of the iteration
%% that is about to start (now and then, or each when First = Last is near), so that whoever watches
%% knows where the emulator died.
%%
%% Modules are mutated in two ways: bytes of a file's chunks, and instructions of the compiler's
%% assembly, which leads further past the loader. What loads is called, a few functions in a
%% process of its own that is killed when it runs or grows too far, and purged.
-module(fuzz_main).
-export([main/1]).

-define(CORPUS, [fuzz_bits, fuzz_terms, fuzz_control] ++ [fuzz_records || records()]).
-define(LIBRARY, [orddict, gb_trees, gb_sets, queue, proplists, string, binary, base64, sofs, array, dict, ordsets, lists, maps]).
-define(MILLISECONDS, 20).
-define(HEAP, 1 bsl 18).

main([Kind, Seed, First, Last, Progress]) ->
    logger:set_primary_config(level, none),
    [N1, N2, N3] = [list_to_integer(X) || X <- [Seed, First, Last]],
    {ok, Fd} = file:open(Progress, [raw, write]),
    Iterate = iterate(list_to_atom(Kind)),
    {Start, Resident} = {erlang:memory(total), resident()},
    Counts = loop(Iterate, N1, N2, N3, Fd, #{}),
    garbage_collect(),
    io:format("~p~n", [{Counts, #{memory => erlang:memory(total) - Start, resident_kb => resident() - Resident,
        atoms => erlang:system_info(atom_count), processes => erlang:system_info(process_count)}}]),
    halt(0).

loop(_, _, N, Last, _, Counts) when N > Last -> Counts;
loop(Iterate, Seed, N, Last, Fd, Counts) ->
    case N rem 20 =:= 0 orelse Last - N < 200 of
        true -> ok = file:pwrite(Fd, 0, [integer_to_binary(N), $\n]);
        false -> ok
    end,
    rand:seed(exsss, {Seed, N, 42}),
    Outcome = Iterate(),
    loop(Iterate, Seed, N + 1, Last, Fd, maps:update_with(Outcome, fun(K) -> K + 1 end, 1, Counts)).

resident() ->
    case file:read_file("/proc/self/statm") of
        {ok, Text} -> binary_to_integer(lists:nth(2, string:lexemes(Text, " "))) * 4;
        _ -> 0
    end.

iterate(beams) ->
    Assemblies = list_to_tuple(lists:append([assemblies(M) || M <- ?CORPUS])),
    Files = list_to_tuple([chunks(assemble(A)) || A <- tuple_to_list(Assemblies)] ++ [chunks(file(M)) || M <- ?LIBRARY]),
    fun() ->
        case pick(3) of
            1 -> try_module(join(mutate_chunks(any(Files))));
            _ -> try_assembly(any(Assemblies))
        end
    end;
iterate(terms) -> fun mutated_term/0;
iterate(natives) -> fun fuzz_natives:call/0;
iterate(packets) -> fuzz_dist:start(), fun fuzz_dist:packets/0;
iterate(handshakes) -> fuzz_handshake:start(), fun fuzz_handshake:handshake/0;
iterate(epmd) -> fuzz_epmd:start(), fun fuzz_epmd:requests/0.

%% Modules

file(Module) ->
    {ok, Bin} = file:read_file(code:which(Module)),
    Bin.

%% As this compiler writes it, and as older ones do.
assemblies(Module) ->
    Source = filename:join(filename:dirname(code:which(Module)), atom_to_list(Module)) ++ ".erl",
    {ok, Module, First} = compile:file(Source, [to_asm, binary]),
    %% Not every module is something that older compilers know.
    [First | [Asm || Options <- [[r22], [r24], [no_type_opt, no_copt], [no_ssa_opt]], supported(Options),
                     {ok, _, Asm} <- [compile:file(Source, [to_asm, binary | Options])]]].

records() -> list_to_integer(erlang:system_info(otp_release)) >= 29.

supported(Options) -> not lists:member(r22, Options) orelse list_to_integer(erlang:system_info(otp_release)) < 26.

assemble(Asm) ->
    {ok, Bin} = beam_asm:module(Asm, [], [], []),
    Bin.

chunks(<<"FOR1", _:32, "BEAM", Rest/binary>>) ->
    {renamed(parts(Rest)), Rest}.

parts(<<Id:4/binary, Size:32, Data:Size/binary, Rest/binary>>) ->
    Pad = (4 - Size rem 4) rem 4,
    <<_:Pad/binary, More/binary>> = Rest,
    [{Id, Data} | parts(More)];
parts(_) -> [].

%% The module's own name is another, so that the system's stays.
renamed(Parts) ->
    [case Part of
         {<<"AtU8">>, <<N:32, Size, _:Size/binary, Atoms/binary>>} when N < 1 bsl 31 -> {<<"AtU8">>, <<N:32, 6, "fuzzed", Atoms/binary>>};
         {<<"AtU8">>, <<N:32/signed, Rest/binary>>} ->
             %% Since OTP 28: lengths are compact terms.
             <<Size:4, 0:4, _:Size/binary, Atoms/binary>> = Rest,
             {<<"AtU8">>, <<N:32, 6:4, 0:4, "fuzzed", Atoms/binary>>};
         _ -> Part
     end || {Id, _} = Part <- Parts, lists:member(Id, [<<"AtU8">>, <<"Code">>, <<"StrT">>, <<"ImpT">>, <<"ExpT">>, <<"FunT">>, <<"LitT">>, <<"Line">>, <<"Type">>, <<"Meta">>, <<"Attr">>, <<"LocT">>, <<"Recs">>])].

join(Parts) ->
    Form = [[Id, <<(byte_size(Data)):32>>, Data, <<0:((4 - byte_size(Data) rem 4) rem 4 * 8)>>] || {Id, Data} <- Parts],
    <<"FOR1", (iolist_size(Form) + 4):32, "BEAM", (iolist_to_binary(Form))/binary>>.

mutate_chunks({Parts, _}) ->
    Wanted = case pick(20) of
        1 -> <<"LitT">>; 2 -> any({<<"ImpT">>, <<"ExpT">>, <<"FunT">>}); 3 -> any({<<"StrT">>, <<"Type">>, <<"Line">>, <<"Meta">>, <<"Recs">>});
        4 -> case pick(10) of 1 -> <<"AtU8">>; _ -> <<"Code">> end;
        _ -> <<"Code">>
    end,
    [case Part of
         {Wanted, Data} -> {Wanted, mutate_chunk(Wanted, Data)};
         _ -> Part
     end || Part <- Parts].

mutate_chunk(<<"Code">>, <<Head:20/binary, Code/binary>>) ->
    <<Head/binary, (times(pick(3), fun mutate_byte/1, Code))/binary>>;
mutate_chunk(<<"LitT">>, <<Size:32, Data/binary>>) when Size > 0 ->
    Plain = times(pick(2), fun mutate_byte/1, zlib:uncompress(Data)),
    <<(byte_size(Plain)):32, (zlib:compress(Plain))/binary>>;
mutate_chunk(_, Data) -> mutate_byte(Data).

times(0, _, X) -> X;
times(N, F, X) -> times(N - 1, F, F(X)).

mutate_byte(<<>>) -> <<>>;
mutate_byte(Bin) ->
    Size = byte_size(Bin),
    At = rand:uniform(Size) - 1,
    <<A:At/binary, B, C/binary>> = Bin,
    case pick(9) of
        1 -> <<A/binary, (rand:uniform(256) - 1), C/binary>>;
        %% Another kind of operand, another register.
        2 -> <<A/binary, (B band 16#f8 bor (rand:uniform(8) - 1)), C/binary>>;
        3 -> <<A/binary, (B band 16#0f bor ((rand:uniform(16) - 1) bsl 4)), C/binary>>;
        4 -> <<A/binary, (any({0, 1, 8, 16, 32, 64, 127, 128, 255})), C/binary>>;
        5 -> <<A/binary, (binary:at(Bin, rand:uniform(Size) - 1)), C/binary>>;
        6 ->
            %% A piece from elsewhere.
            N = min(pick(12), Size - At),
            From = rand:uniform(Size - N + 1) - 1,
            <<_:N/binary, Rest/binary>> = <<B, C/binary>>,
            <<A/binary, (binary:part(Bin, From, N))/binary, Rest/binary>>;
        7 -> <<A/binary, C/binary>>;
        8 -> <<A/binary, B, (rand:uniform(256) - 1), C/binary>>;
        9 -> <<A/binary, (B bxor (1 bsl (rand:uniform(8) - 1))), C/binary>>
    end.

%% The functions are the last but one.
try_assembly(Asm) ->
    N = tuple_size(Asm) - 1,
    Mutated = times(pick(3), fun mutate_functions/1, element(N, Asm)),
    try assemble(setelement(N, Asm, Mutated)) of
        Bin ->
            {Parts, _} = chunks(Bin),
            try_module(join(Parts))
    catch _:_ -> not_assembled
    end.

mutate_functions(Functions) ->
    N = rand:uniform(length(Functions)),
    {Before, [{function, F, A, Entry, Is} | After]} = lists:split(N - 1, Functions),
    Before ++ [{function, F, A, Entry, mutate_instructions(Is)} | After].

%% Labels and the function's head stay.
mutate_instructions(Is) ->
    N = rand:uniform(length(Is)),
    {Before, [I | After]} = lists:split(N - 1, Is),
    case I of
        {label, _} -> Is;
        {func_info, _, _, _} -> Is;
        _ ->
            case pick(8) of
                1 -> Before ++ After;
                2 -> Before ++ [I, I | After];
                3 when After =/= [] -> Before ++ [hd(After), I | tl(After)];
                4 -> Before ++ [element(2, any_instruction(Is)), I | After];
                _ -> Before ++ [mutate_instruction(I, Is) | After]
            end
    end.

any_instruction(Is) ->
    N = rand:uniform(length(Is)),
    case lists:nth(N, Is) of
        {label, _} -> {N, {line, []}};
        {func_info, _, _, _} -> {N, {line, []}};
        I -> {N, I}
    end.

mutate_instruction(I, Is) ->
    case pick(3) of
        %% The operand of another instruction.
        1 -> replaced(I, fun() -> operand(element(2, any_instruction(Is))) end);
        _ -> replaced(I, fun() -> none end)
    end.

%% Replaces one operand somewhere in the term.
replaced(T, Other) when is_tuple(T), tuple_size(T) > 1 ->
    N = 1 + rand:uniform(tuple_size(T) - 1),
    setelement(N, T, case simple(element(N, T)) of
        true -> change(element(N, T), Other());
        false -> replaced(element(N, T), Other)
    end);
replaced([_ | _] = L, Other) ->
    N = rand:uniform(length(L)),
    {Before, [E | After]} = lists:split(N - 1, L),
    Before ++ [case simple(E) of true -> change(E, Other()); false -> replaced(E, Other) end | After];
replaced(X, _) -> X.

simple({x, _}) -> true;
simple({y, _}) -> true;
simple({fr, _}) -> true;
simple({f, _}) -> true;
simple({tr, _, _}) -> true;
simple({integer, _}) -> true;
simple({atom, _}) -> true;
simple({literal, _}) -> true;
simple({extfunc, _, _, _}) -> true;
simple(X) -> not is_tuple(X) andalso not is_list(X).

change({x, N}, none) -> any({{x, pick(6) - 1}, {x, N + 1}, {y, 0}, {integer, N}, nil, {literal, {a, [b]}}});
change({y, N}, none) -> any({{y, pick(4) - 1}, {y, N + 1}, {x, 0}, {atom, a}});
change({tr, R, T}, none) -> {tr, change(R, none), T};
change({f, 0}, none) -> {f, 1};
change({f, N}, none) -> {f, max(0, N + pick(7) - 4)};
change({integer, N}, none) -> {integer, any({0, -1, N + 1, N - 1, 1 bsl 59, 1 bsl 62, 1 bsl 70, 255})};
change(N, none) when is_integer(N) -> max(0, any({0, 1, N + 1, N - 1, N * 8, 64, 255, 1 bsl 20}));
change(A, none) when is_atom(A) ->
    any({is_tuple, is_map, is_nonempty_list, is_list, is_binary, is_integer, is_float, is_function, move, hd, tl, '+', 'div', element,
        map_size, byte_size, bs_get_integer2, bs_get_binary2, bs_test_tail2, get_hd, get_tl, A});
change({literal, _}, none) -> {literal, any({<<1, 2, 3>>, [1, 2], {}, {a}, #{a => 1}, 1.5, 1 bsl 80})};
change(X, none) -> X;
change(_, Other) -> Other.

operand(I) when is_tuple(I), tuple_size(I) > 1 ->
    E = element(1 + rand:uniform(tuple_size(I) - 1), I),
    case simple(E) of true -> E; false -> operand(E) end;
operand([_ | _] = L) ->
    E = lists:nth(rand:uniform(length(L)), L),
    case simple(E) of true -> E; false -> operand(E) end;
operand(_) -> {x, 0}.

try_module(Bin) ->
    case catch erlang:load_module(fuzzed, Bin) of
        {module, fuzzed} ->
            Called = called(),
            true = erlang:delete_module(fuzzed),
            erlang:purge_module(fuzzed),
            Called;
        {error, Reason} -> Reason;
        _ -> not_loaded
    end.

called() ->
    case catch fuzzed:module_info(exports) of
        [_ | _] = Exports ->
            {_, Run} = lists:partition(fun({F, _}) -> F =:= run end, Exports),
            Calls = [{run, 0} | [lists:nth(rand:uniform(length(Run)), Run) || Run =/= [], _ <- lists:seq(1, 3)]],
            lists:foreach(fun call/1, Calls),
            called;
        _ -> no_exports
    end.

call({F, A}) ->
    Args = [value(2) || _ <- lists:seq(1, A)],
    {Pid, Ref} = spawn_opt(
        fun() ->
            _ = (catch apply(fuzzed, F, Args)),
            erlang:garbage_collect()
        end,
        [monitor, {max_heap_size, #{size => ?HEAP, kill => true, error_logger => false}}, {fullsweep_after, pick(4) - 1}]),
    receive
        {'DOWN', Ref, process, Pid, _} -> ok
    after ?MILLISECONDS ->
        exit(Pid, kill),
        receive {'DOWN', Ref, process, Pid, _} -> ok end
    end.

%% Terms

mutated_term() ->
    T = value(pick(5)),
    Options = any({[], [compressed], [{compressed, 9}], [{minor_version, 1}], [deterministic]}),
    Bin = try term_to_binary(T, Options) catch error:badarg -> term_to_binary(T) end,
    Mutated = case {pick(4), Bin} of
        %% The inside of a compressed term.
        {1, <<131, 80, _:32, Data/binary>>} ->
            Plain = times(pick(3), fun mutate_byte/1, zlib:uncompress(Data)),
            <<131, 80, (byte_size(Plain)):32, (zlib:compress(Plain))/binary>>;
        {_, <<131, Rest/binary>>} when Rest =/= <<>> -> <<131, (times(pick(4), fun mutate_byte/1, Rest))/binary>>
    end,
    Safe = try {decoded, binary_to_term(Mutated, [safe])} catch error:badarg -> refused end,
    case catch binary_to_term(Mutated, [used]) of
        {'EXIT', {Reason, _}} -> Reason;
        {Term, Used} when is_integer(Used) ->
            true = Used =< byte_size(Mutated),
            true = Safe =:= refused orelse Safe =:= {decoded, Term},
            looked_at(Term);
        Other -> exit({odd, Other})
    end.

looked_at(Term) ->
    Again = binary_to_term(term_to_binary(Term)),
    %% Funs of modules that are not loaded and the like are no more than equal.
    true = Again =:= Term,
    true = erlang:phash2(Again) =:= erlang:phash2(Term),
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() -> garbage_collect(), Self ! {self(), Term} end),
    receive {Pid, Copy} -> true = Copy =:= Term end,
    receive {'DOWN', Ref, process, Pid, _} -> ok end,
    _ = erts_debug:flat_size(Term),
    _ = Term < Again,
    _ = io_lib:format("~p", [Term]),
    decoded.

value(0) ->
    case pick(16) of
        1 -> any({0, 1, -1, 255, 1 bsl 40, -(1 bsl 62), 1 bsl 64, -(1 bsl 300)});
        2 -> any({a, b, true, undefined, [], 'åäö', '', lists});
        3 -> any({0.0, 1.5, -1.0e300, 3.0e-310});
        4 -> any({<<>>, <<1, 2, 3>>, <<5:3>>, <<"text text text">>, binary:copy(<<7>>, 100)});
        5 -> any({fun lists:map/2, fun erlang:abs/1, fun value/1, self(), make_ref()});
        6 -> any({"string", "x", [1 | 2], [a, b]});
        7 -> fun(X) -> X end;
        8 -> binary:part(<<0:800>>, pick(50), pick(40));
        _ -> rand:uniform(10) - 1
    end;
value(D) ->
    case pick(10) of
        8 ->
            case records() of
                true ->
                    Fields = lists:ukeysort(1, [{any({a, b, x, y, left, 'å'}), value(D - 1)} || _ <- lists:seq(2, pick(6))]),
                    records:create(any({fuzz_records, m}), any({point, shown, r}), Fields, #{is_exported => pick(2) =:= 1});
                false -> value(0)
            end;
        1 -> {};
        2 -> {value(D - 1)};
        3 -> list_to_tuple([value(D - 1) || _ <- lists:seq(1, pick(6))]);
        4 -> [value(D - 1) || _ <- lists:seq(1, pick(6))];
        5 -> [value(D - 1) | value(D - 1)];
        6 -> maps:from_list([{value(0), value(D - 1)} || _ <- lists:seq(1, pick(5))]);
        7 -> case pick(10) of 1 -> maps:from_list([{N, value(0)} || N <- lists:seq(1, 40)]); _ -> #{} end;
        _ -> value(0)
    end.

pick(N) -> rand:uniform(N).
any(T) -> element(rand:uniform(tuple_size(T)), T).
