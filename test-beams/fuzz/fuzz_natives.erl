%% Calls natives with terms they do not expect.
%%
%% call(): picks a native of the emulator and arguments of a pool of every kind of term at its borders,
%% or a call that works with one or two of its arguments replaced, and makes it in a process of its own,
%% which is killed when it takes too long or grows too far.
%%
%% outcomes([Seed, First, Last, File]) writes what each call gave, for a comparison with another emulator.
%%
%% What ends or stops the system by its purpose is left out, and so are calls that could touch files,
%% processes or modules which are not the program's own.
-module(fuzz_natives).
-export([call/0, outcomes/1, natives/0, idle/0, id/1, id/2]).

-define(MILLISECONDS, 100).
-define(HEAP, 1 bsl 20).

call() ->
    {MFA, Make} = planned(),
    {Outcome, _} = made(MFA, Make),
    Outcome.

outcomes([Seed, First, Last, File]) ->
    logger:set_primary_config(level, none),
    {ok, Fd} = file:open(File, [raw, write]),
    lists:foreach(
        fun(N) ->
            rand:seed(exsss, {erlang:phash2({Seed, N}), N, 42}),
            {{M, F, A}, Make} = planned(),
            {Class, What} = made({M, F, A}, Make),
            file:write(Fd, io_lib:format("~w ~w:~w/~w ~w ~0P~n", [N, M, F, A, Class, What, 40]))
        end, lists:seq(list_to_integer(First), list_to_integer(Last))),
    file:close(Fd),
    halt(0).

%% The call and a fun that makes its arguments where they are used, from a seed of its own.
planned() ->
    State = rand:export_seed(),
    case rand:uniform(2) of
        1 ->
            {_, _, A} = MFA = any(natives()),
            Seed = rand:export_seed(),
            {MFA, fun() -> rand:seed(Seed), Pool = pool(), [any(Pool) || _ <- lists:seq(1, A)] end};
        2 ->
            rand:seed(State),
            {M, F, Args} = any(working()),
            Seed = rand:export_seed(),
            {{M, F, length(Args)}, fun() ->
                rand:seed(Seed),
                Pool = pool(),
                replaced(rand:uniform(2), [own(X) || X <- Args], Pool)
            end}
    end.

replaced(0, Args, _) -> Args;
replaced(_, [], _) -> [];
replaced(N, Args, Pool) ->
    {Before, [Old | After]} = lists:split(rand:uniform(length(Args)) - 1, Args),
    New = case rand:uniform(3) of
        1 -> inside(Old, Pool);
        _ -> any(Pool)
    end,
    replaced(N - 1, Before ++ [New | After], Pool).

%% Another term somewhere inside.
inside([H | T], Pool) ->
    case rand:uniform(4) of
        1 -> [any(Pool) | T];
        2 -> [H | any(Pool)];
        3 -> [inside(H, Pool) | T];
        4 -> [H | inside(T, Pool)]
    end;
inside(T, Pool) when is_tuple(T), tuple_size(T) > 0 ->
    At = rand:uniform(tuple_size(T)),
    setelement(At, T, inside(element(At, T), Pool));
inside(M, Pool) when is_map(M) -> M#{any(Pool) => any(Pool)};
inside(_, Pool) -> any(Pool).

made({M, F, _}, Make) ->
    {Pid, Monitor} = spawn_opt(fun() ->
        Args = Make(),
        exit(try apply(M, F, Args) of
            Value -> {value, kind(Value, 3)}
        catch
            error:{_, _} = Reason -> {error, kind(Reason, 2)};
            Class:Reason -> {Class, kind(Reason, 2)}
        end)
    end, [monitor, {max_heap_size, #{size => ?HEAP, kill => true, error_logger => false}}]),
    receive
        {'DOWN', Monitor, _, _, {Class, What}} when Class =:= value; Class =:= error; Class =:= exit; Class =:= throw -> {Class, What};
        {'DOWN', Monitor, _, _, Reason} -> {ended, kind(Reason, 2)}
    after ?MILLISECONDS ->
        exit(Pid, kill),
        receive
            {'DOWN', Monitor, _, _, _} -> {killed, []}
        after 5000 -> demonitor(Monitor, [flush]), {stays, []}
        end
    end.

%% What is the same on every run: identifiers and times are not.
kind(X, _) when is_atom(X); is_integer(X), abs(X) < 1 bsl 16; X =:= [] -> X;
kind(X, _) when is_integer(X) -> integer;
kind(X, _) when is_float(X) -> float;
kind(X, _) when is_bitstring(X) -> {bits, min(bit_size(X), 100)};
kind(X, _) when is_pid(X) -> pid;
kind(X, _) when is_port(X) -> port;
kind(X, _) when is_reference(X) -> reference;
kind(X, _) when is_function(X) -> function;
kind(_, 0) -> deep;
kind([H | T], N) when is_list(T) -> [kind(H, N - 1)];
kind([H | T], N) -> [kind(H, N - 1) | kind(T, N - 1)];
kind(X, N) when is_tuple(X), tuple_size(X) < 8 -> list_to_tuple([kind(E, N - 1) || E <- tuple_to_list(X)]);
kind(X, _) when is_tuple(X) -> tuple;
kind(X, _) when is_map(X) -> map;
kind(_, _) -> other.

any(List) when is_list(List) -> any(list_to_tuple(List));
any(Tuple) -> element(rand:uniform(tuple_size(Tuple)), Tuple).

%% All natives of the modules below, but for those that must not be called.
natives() ->
    case persistent_term:get({?MODULE, natives}, none) of
        none ->
            Modules = [erlang, erts_internal, ets, binary, lists, maps, math, os, re, string, unicode, persistent_term,
                atomics, counters, erl_ddll, erts_debug, io, net_kernel, file, zlib, prim_buffer, prim_net, prim_socket,
                erts_literal_area_collector, error_logger, code, prim_file],
            Found = [{M, F, A} || M <- Modules, {F, A} <- functions(M), native(M, F, A), allowed(M, F, A)],
            Natives = list_to_tuple(lists:sort(Found) -- strangers()),
            persistent_term:put({?MODULE, natives}, Natives),
            Natives;
        Natives -> Natives
    end.

%% What another emulator lacks; a comparison asks both for the same calls.
strangers() ->
    case file:consult("strangers") of
        {ok, Strangers} -> Strangers;
        {error, enoent} -> []
    end.

functions(M) ->
    try lists:usort(M:module_info(exports) ++ M:module_info(nifs)) catch _:_ -> [] end.

native(M, F, A) ->
    erlang:is_builtin(M, F, A) orelse lists:member({F, A}, M:module_info(nifs)) andalso erlang:function_exported(M, F, A).

allowed(erlang, F, _) when F =:= halt; F =:= hibernate; F =:= finish_after_on_load; F =:= system_flag; F =:= system_monitor; F =:= system_profile; F =:= open_port; F =:= trace;
    F =:= trace_pattern; F =:= set_cookie; F =:= setnode; F =:= dist_ctrl_input_handler; F =:= disconnect_node; F =:= crash_dump;
    F =:= port_command; F =:= display; F =:= processes; F =:= ports; F =:= load_nif; F =:= group_leader; F =:= unregister; F =:= process_display;
    F =:= display_string; F =:= memory; F =:= alloc_info; F =:= loaded; F =:= registered; F =:= display_nl; F =:= pre_loaded -> false;
allowed(erts_internal, F, _) when F =:= erase_persistent_terms; F =:= suspend_process; F =:= atomics_new; F =:= request_system_task;
    F =:= gather_io_bytes; F =:= beamfile_chunk; F =:= counters_new; F =:= open_port; F =:= process_display;
    F =:= release_literal_area_switch; F =:= trace; F =:= trace_pattern; F =:= create_dist_channel; F =:= abort_pending_connection; F =:= new_connection;
    F =:= init_process; F =:= await_result; F =:= spawn_system_process; F =:= system_flag_scheduler_wall_time; F =:= flush_monitor_messages; F =:= gather_alloc_histograms;
    F =:= gather_carrier_info; F =:= system_check; F =:= get_internal_state -> false;
allowed(erts_internal, _, _) -> true;
allowed(erts_debug, F, _) when F =:= set_internal_state; F =:= breakpoint; F =:= dirty_io; F =:= dirty_cpu; F =:= dirty; F =:= lcnt_clear; F =:= lcnt_control;
    F =:= dump_monitors; F =:= dump_links; F =:= lc_graph; F =:= disassemble; F =:= instructions; F =:= get_internal_state -> false;
allowed(erts_literal_area_collector, _, _) -> false;
allowed(os, F, _) -> F =/= putenv andalso F =/= unsetenv andalso F =/= set_signal;
allowed(prim_file, F, _) -> lists:member(F, [get_cwd_nif, read_info_nif, open_nif, internal_native2name, internal_name2native, internal_normalize_utf8, is_translatable, list_dir_nif, read_nif, pread_nif, seek_nif, get_handle_nif, altname_nif, read_link_nif]);
allowed(persistent_term, F, _) -> F =/= erase;
allowed(net_kernel, _, _) -> false;
allowed(ets, F, _) -> F =/= all;
allowed(code, _, _) -> false;
allowed(_, F, _) -> F =/= module_info.

%% Terms of every kind, small and at borders, made anew in the process that calls.
pool() ->
    Big = 1 bsl 64,
    Bin = binary:copy(<<"abcdefghij">>, 30),
    <<_:3, Bits:77/bits, _/bits>> = Bin,
    <<_:16, Sub:20/binary, _/binary>> = Bin,
    Table = ets:new(fuzz_table, [set, public]),
    ets:insert(Table, [{K, K} || K <- lists:seq(1, 20)]),
    Ordered = ets:new(fuzz_ordered, [ordered_set, public]),
    ets:insert(Ordered, [{K, K} || K <- lists:seq(1, 20)]),
    Large = maps:from_list([{K, K} || K <- lists:seq(1, 50)]),
    Y = lists:max([1, 2, 3]),
    Atomics = atomics:new(4, []),
    Dead = spawn(fun() -> ok end),
    list_to_tuple(records() ++ tuple_to_list({0, 1, 2, 3, 5, 8, 16, 31, 32, 63, 64, 100, 255, 256, 1000, 65535, 65536, 1 bsl 20, 1 bsl 24, 1 bsl 27, 1 bsl 28, 1 bsl 31 - 1, 1 bsl 31, 1 bsl 32 - 1, 1 bsl 32,
        (1 bsl 58), (1 bsl 59) - 1, 1 bsl 59, 1 bsl 60 - 1, 1 bsl 60, -(1 bsl 59), -(1 bsl 60), -(1 bsl 60) - 1, 1 bsl 62, 1 bsl 63 - 1, 1 bsl 63, Big - 1, Big, -Big, 1 bsl 200, -(1 bsl 3000),
        -1, -2, -5, -255, -65536, 0.0, -0.0, 1.0, -1.5, 1.0e308, 5.0e-324, 1.0e16, 3.14,
        true, false, undefined, infinity, all, '_', '$1', '', ok, error, normal, kill, nano_seconds, second, native, fuzz_name, fuzz_table,
        monotonic_time, latin1, utf8, unicode, big, little, return, global, capture, once, set, ordered_set, bag, public, named_table, nosuspend, noconnect,
        process, port, time_offset, link, monitor, trap_exit, links, messages, memory, dictionary, heap_size, priority, high, max_heap_size, message_queue_data, off_heap,
        [], "", "abc", "12", "-7", "1.5e3", "1.0", [256], [1114111], [1114112], [55296], [-1], [a], [a | b], [[]], [[1, <<2>>], 3 | <<4>>], [1 | 2], lists:seq(1, 300), [x || _ <- lists:seq(1, 40)],
        [{a, 1}, {b, 2}], [{1, 2} | {3, 4}], [{a}], [{return, index}], [{capture, all, binary}], [global], [{active, true}], [compressed], [{min_heap_size, 100}], [monitor, link], [safe, used], [{scope, {0, 5}}],
        [[97, [98]], <<"c">>], [<<"a">>, <<"b">>, <<1:1>>], [{'_', [], ['$_']}], [{{'$1', '$2'}, [{'>', '$1', 3}], [{{'$2', '$1'}}]}], [{'$1', [], [{element, 3, '$1'}]}], [{{'$1'}, [{foo}], []}],
        <<>>, <<0>>, <<"abc">>, <<"-12">>, <<"1.5">>, <<255, 254>>, <<16#f0, 16#9f, 16#98, 16#80>>, <<1:1>>, <<5:7>>, <<-1:65>>, Bin, Bits, Sub, <<0:100000>>, binary:copy(Sub), <<131, 97, 1>>, <<131, 104>>, <<131, 80, 0, 0, 0, 9, 1, 2>>,
        <<"a(b)c">>, <<"[">>, <<"(?<x>a)|(b*)*">>,
        {}, {1}, {a, b}, {1, 2, 3}, {'_', '_'}, {'$1', '$2'}, list_to_tuple(lists:seq(1, 70)), {{1970, 1, 1}, {0, 0, 0}}, {{2024, 13, 41}, {25, 61, 61}}, {{-1, 1, 1}, {0, 0, 0}}, {1, 2, -1}, {fuzz_natives, node()},
        {a, {b, {c, {d, []}}}}, {capture, all}, {0, 3}, {3, -3}, {-1, 1 bsl 60}, {re_pattern, 0, 0, 0, <<>>}, {re_pattern, 1, 1, 1, <<"ERCP", 0:400>>}, {scope, {0, 1}}, {bm, make_ref()}, {cd, "/"},
        #{}, #{a => 1}, #{1 => 2, 1.0 => 3}, Large, #{Large => Large}, #{size => 0}, #{size => 5, kill => false},
        fun ?MODULE:id/1, fun ?MODULE:id/2, fun ?MODULE:none/7, fun(X) -> X end, fun(X, Z) -> X + Z + Y end, fun() -> exit(y) end,
        self(), Dead, make_ref(), Table, Ordered, Atomics, Dead, hd(erlang:ports()), binary_to_term(<<131, 88, 119, 1, "x", 0:32, 0:32, 0:32>>), binary_to_term(<<131, 90, 0, 2, 119, 1, "x", 1:32, 2:32, 3:32>>),
        binary_to_term(<<131, 89, 119, 1, "x", 0:32, 0:32>>), binary:compile_pattern([<<"a">>, <<"bc">>]), element(2, re:compile("a(b|c)*")), {1 bsl 64, 1.0, a}, node(), ?MODULE, id, lists, fuzz_absent})).

%% Native records, where there are any.
records() ->
    case list_to_integer(erlang:system_info(otp_release)) of
        Release when Release >= 29 ->
            [records:create(m, r, F, #{is_exported => true}) || F <- [[], [{a, 1}], [{a, "text"}, {b, <<1, 2>>}, {c, #{x => 1.5}}]]];
        _ -> []
    end.

%% Calls that work; atoms that stand for what each process makes for itself are in own/1.
working() ->
    [{ets, new, [fuzz_n, [ordered_set, {keypos, 1}, public, {heir, none}]]}, {ets, insert, ['$table', [{1, 2}, {3, 4}]]}, {ets, insert_new, ['$table', {99, 2}]},
     {ets, lookup, ['$table', 1]}, {ets, lookup_element, ['$table', 1, 2]}, {ets, update_counter, ['$table', 1, {2, 1, 10, 0}]}, {ets, update_counter, ['$table', 1, [{2, 1}, {2, 5}]]}, {ets, update_counter, ['$table', k, 1, {k, 1}]},
     {ets, update_element, ['$table', 1, {2, a}]}, {ets, select, ['$table', [{{'$1', '$2'}, [{'>', '$1', 3}], ['$$']}]]}, {ets, select, ['$table', [{{'$1', '$2'}, [], ['$_']}], 5]}, {ets, select_count, ['$table', [{'_', [], [true]}]]},
     {ets, select_delete, ['$table', [{{'$1', '_'}, [{'<', '$1', 9}], [true]}]]}, {ets, select_replace, ['$table', [{{'$1', '$2'}, [], [{{'$1', a}}]}]]}, {ets, match, ['$table', {'$1', '$2'}]}, {ets, match_object, ['$ordered', {'$1', '_'}, 3]},
     {ets, next, ['$ordered', 3]}, {ets, prev, ['$ordered', 3]}, {ets, slot, ['$table', 3]}, {ets, select_reverse, ['$ordered', [{{'$1', '_'}, [], ['$1']}]]}, {ets, give_away, ['$table', '$self', x]}, {ets, setopts, ['$table', {heir, '$self', d}]},
     {ets, rename, ['$table', fuzz_other]}, {ets, take, ['$table', 1]}, {ets, member, ['$table', 1]}, {ets, delete_object, ['$table', {1, 1}]}, {ets, info, ['$table', size]}, {ets, safe_fixtable, ['$table', true]},
     {ets, match_spec_compile, [[{{'$1', '$2'}, [{'andalso', {is_integer, '$1'}, {'==', '$2', {const, a}}}], [{map_get, a, '$1'}]}]]}, {ets, select, ['$continuation']}, {ets, match_spec_run_r, [[{1, 2}], '$spec', []]},
     {binary, match, [<<"abcabc">>, [<<"b">>, <<"ca">>], [{scope, {1, 4}}]]}, {binary, matches, [<<"abcabc">>, <<"b">>]}, {binary, split, [<<"a,b">>, <<",">>, [global, trim]]}, {binary, part, [<<"abc">>, 1, 2]}, {binary, copy, [<<"ab">>, 3]},
     {binary, longest_common_prefix, [[<<"ab">>, <<"ac">>]]}, {binary, decode_unsigned, [<<1, 2>>, little]}, {binary, encode_unsigned, [1 bsl 70, big]}, {binary, bin_to_list, [<<"abc">>, {1, 2}]}, {binary, replace, [<<"abc">>, <<"b">>, <<"x">>, [{insert_replaced, 0}]]},
     {binary, compile_pattern, [[<<"a">>, <<"bb">>]]}, {binary, at, [<<"abc">>, 1]}, {binary, list_to_bin, [[1, [2 | <<3>>]]]}, {binary, referenced_byte_size, [<<"abc">>]},
     {re, run, [<<"abcab">>, "(a)(?<n>b)", [global, {capture, all, list}]]}, {re, run, ["aa", '$pattern', [{offset, 1}, notbol, {match_limit, 50}]]}, {re, compile, ["a*(b|c)", [unicode, caseless, {newline, anycrlf}]]}, {re, inspect, ['$pattern', namelist]}, {re, split, ["a,b", ",", [{parts, 2}]]},
     {erlang, binary_to_term, [<<131, 104, 2, 97, 1, 107, 0, 1, 65>>, [safe, used]]}, {erlang, term_to_binary, [{a, 1}, [compressed, {minor_version, 2}]]}, {erlang, term_to_iovec, [{a, <<0:9000>>}]}, {erlang, external_size, [{a, "b"}, []]},
     {erlang, binary_to_integer, [<<"-ff">>, 16]}, {erlang, integer_to_binary, [-255, 16]}, {erlang, float_to_list, [1.5, [{decimals, 4}, compact]]}, {erlang, float_to_binary, [1.0e10, [{scientific, 3}]]}, {erlang, list_to_float, ["1.0e5"]}, {erlang, list_to_integer, ["zz", 36]},
     {erlang, list_to_tuple, [[1, 2, 3]]}, {erlang, setelement, [1, {a}, b]}, {erlang, make_tuple, [5, x, [{1, a}]]}, {erlang, append_element, [{a}, b]}, {erlang, insert_element, [1, {a}, b]}, {erlang, delete_element, [1, {a}]}, {erlang, split_binary, [<<"abc">>, 1]},
     {erlang, iolist_to_binary, [[1, <<2>>, [3]]]}, {erlang, iolist_to_iovec, [[1, <<0:9000>>, [3]]]}, {erlang, list_to_bitstring, [[1, <<1:3>>]]}, {erlang, bitstring_to_list, [<<1, 1:3>>]}, {erlang, crc32, [5, [1, <<2>>]]}, {erlang, crc32_combine, [1, 2, 3]}, {erlang, adler32_combine, [1, 2, 3]},
     {erlang, md5_update, ['$md5', <<"abc">>]}, {erlang, md5_final, ['$md5']}, {erlang, phash2, [{a, <<"b">>}, 1000]}, {erlang, phash, [{a, "b"}, 1000]}, {erlang, decode_packet, [http, <<"GET / HTTP/1.1\r\n">>, []]}, {erlang, decode_packet, [line, <<"abc\nd">>, [{line_length, 2}]]},
     {erlang, decode_packet, [httph, <<"Host: x\r\n y\r\n\r\n">>, [{packet_size, 9}]]}, {erlang, decode_packet, [asn1, <<48, 129, 1, 0>>, []]}, {erlang, spawn_opt, [?MODULE, idle, [], [monitor, {priority, low}, {min_heap_size, 500}, {fullsweep_after, 3}]]},
     {erlang, spawn_request, [?MODULE, idle, [], [{reply_tag, x}, link, {reply, yes}]]}, {erlang, monitor, [process, '$idle', [{tag, x}, {alias, explicit_unalias}]]}, {erlang, demonitor, ['$monitor', [flush, info]]}, {erlang, alias, [[reply]]}, {erlang, unalias, ['$alias']},
     {erlang, send, ['$self', x, [nosuspend, noconnect]]}, {erlang, send_after, [1000, '$self', x, [{abs, false}]]}, {erlang, start_timer, [1000, '$self', x, []]}, {erlang, cancel_timer, ['$timer', [{async, true}, {info, false}]]}, {erlang, read_timer, ['$timer', []]},
     {erlang, process_info, ['$idle', [memory, links, {dictionary, x}, garbage_collection_info, current_stacktrace]]}, {erlang, process_flag, [max_heap_size, #{size => 100000, kill => true}]}, {erlang, process_flag, ['$idle', save_calls, 10]}, {erlang, process_flag, [message_queue_data, off_heap]},
     {erlang, process_flag, [min_heap_size, 1000]}, {erlang, process_flag, [fullsweep_after, 3]}, {erlang, process_flag, [min_bin_vheap_size, 1000]}, {erlang, garbage_collect, ['$idle', [{type, minor}, {async, x}]]}, {erlang, check_process_code, ['$idle', ?MODULE, [{allow_gc, false}]]},
     {erlang, convert_time_unit, [100, second, millisecond]}, {erlang, localtime_to_universaltime, [{{2020, 1, 1}, {1, 1, 1}}, true]}, {erlang, universaltime_to_localtime, [{{2020, 1, 1}, {1, 1, 1}}]}, {erlang, posixtime_to_universaltime, [100000]}, {erlang, unique_integer, [[monotonic, positive]]},
     {erlang, binary_to_atom, [<<"abc">>, utf8]}, {erlang, binary_to_existing_atom, [<<"error">>, latin1]}, {erlang, list_to_pid, ["<0.1.0>"]}, {erlang, list_to_ref, ["#Ref<0.1.2.3>"]}, {erlang, list_to_port, ["#Port<0.1>"]}, {erlang, fun_info, [fun ?MODULE:id/1, env]}, {erlang, make_fun, [?MODULE, id, 1]},
     {erlang, apply, [?MODULE, id, [1]]}, {erlang, hibernate, [?MODULE, id, [1]]}, {erlang, raise, [error, x, [{?MODULE, id, 1, [{file, "x"}, {line, 3}]}]]}, {erlang, error, [x, [1], [{error_info, #{}}]]}, {erlang, exit, ['$idle', x]}, {erlang, link, ['$idle']}, {erlang, register, [fuzz_name2, '$idle']}, {erlang, whereis, [fuzz_name2]},
     {erlang, bump_reductions, [100]}, {erlang, load_module, [fuzz_absent, '$beam']}, {erts_internal, prepare_loading, [fuzz_absent, '$beam']}, {erlang, module_loaded, [lists]}, {erlang, get_module_info, [lists, exports]}, {erlang, function_exported, [lists, map, 2]}, {erlang, match_spec_test, [{1, 2}, [{{'$1', '_'}, [], ['$1']}], table]},
     {erlang, system_info, [{allocator, sys_alloc}]}, {erlang, statistics, [reductions]}, {erlang, port_info, ['$port', links]}, {erlang, port_control, ['$port', 1, <<"x">>]}, {erlang, port_call, ['$port', 1, x]}, {erlang, port_set_data, ['$port', x]}, {erlang, dist_get_stat, [x]}, {erlang, is_process_alive, ['$idle']}, {erlang, suspend_process, ['$idle', [asynchronous]]},
     {erlang, resume_process, ['$idle']}, {erlang, seq_trace, [label, 1]}, {erlang, put, [a, b]}, {erlang, get, [a]}, {erlang, erase, [a]}, {erlang, map_get, [a, #{a => 1}]}, {erlang, is_map_key, [a, #{}]}, {erlang, binary_part, [<<"abc">>, {3, -2}]}, {erlang, float, [1 bsl 1000]}, {erlang, 'bsl', [1, 100]}, {erlang, 'bsr', [1 bsl 100, 50]}, {erlang, 'div', [1 bsl 100, 3]},
     {erlang, '++', [[1], [2]]}, {erlang, '--', [[1, 2], [2]]}, {lists, reverse, [[1, 2], x]}, {lists, keyfind, [a, 1, [{b}, {a, 1}]]}, {lists, keymember, [1.0, 1, [{1}]]}, {lists, keysearch, [a, 1, [{a}]]}, {lists, member, [1, [2, 1]]}, {maps, from_keys, [[a, b, a], 1]}, {maps, merge, [#{a => 1}, #{b => 2}]}, {maps, take, [a, #{a => 1}]}, {maps, update, [a, 1, #{a => 2}]},
     {maps, from_list, [[{a, 1}, {b, 2}]]}, {records, create, [m, r, [{a, 1}, {b, x}], #{is_exported => true}]}, {records, update, ['$record', m, r, #{a => 2}]}, {records, get, [a, '$record']}, {records, get_field_names, ['$record']}, {erts_internal, map_next, [0, #{a => 1}, iterator]}, {erts_internal, map_to_tuple_keys, [#{a => 1}]}, {erts_internal, map_hashmap_children, ['$map']}, {erts_internal, term_type, [a]}, {erts_internal, cmp_term, [1, 1.0]}, {erts_internal, binary_to_integer, [<<"12">>, 10]},
     {unicode, characters_to_binary, [["abc", 1000, <<"x">>], utf8, {utf16, little}]}, {unicode, characters_to_list, [<<195, 165, 255>>, utf8]}, {unicode, bin_is_7bit, [<<"abc">>]}, {string, list_to_float, ["1.5abc"]}, {string, list_to_integer, ["15abc"]}, {persistent_term, put, [fuzz_key, {1, 2}]}, {persistent_term, get, [fuzz_key, d]},
     {atomics, add, ['$atomics', 1, 5]}, {atomics, compare_exchange, ['$atomics', 1, 0, 7]}, {atomics, put, ['$atomics', 1, -5]}, {counters, new, [3, [write_concurrency]]}, {counters, add, ['$counters', 1, 5]}, {erts_debug, size_shared, [{a, b}]}, {erts_debug, copy_shared, [{a, b}]}, {erts_debug, flat_size, [{a, b}]}, {erts_debug, same, [a, b]},
     {zlib, deflateInit_nif, ['$deflate', 5, 8, 15, 8, 0]}, {zlib, deflate, ['$deflate', <<"abcabc">>, finish]}, {zlib, inflate, ['$inflate', <<120, 156, 75, 4, 0, 0, 98, 0, 98>>]}, {zlib, inflateSetDictionary, ['$inflate', <<"abc">>]}, {zlib, crc32, ['$deflate', <<"a">>]}, {zlib, gunzip, [<<31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 75, 4, 0, 67, 190, 183, 232, 1, 0, 0, 0>>]},
     {zlib, deflateParams, ['$deflate', 1, filtered]}, {zlib, safeInflate, ['$inflate', <<120, 156, 75>>]}, {prim_buffer, new, []}, {prim_buffer, read, ['$buffer', 3]}, {prim_buffer, write, ['$buffer', [<<"abc">>, <<"d">>]]}, {prim_buffer, peek_head, ['$buffer']}, {prim_buffer, skip, ['$buffer', 2]}, {prim_buffer, find_byte_index, ['$buffer', 98]}, {prim_buffer, copying_read, ['$buffer', 2]},
     {socket, open, [inet, stream, tcp, #{}]}, {socket, bind, ['$socket', #{family => inet, port => 0, addr => loopback}]}, {socket, listen, ['$socket', 5]}, {socket, setopt, ['$socket', {socket, rcvbuf}, 5000]}, {socket, getopt, ['$socket', {socket, linger}]}, {socket, send, ['$socket', <<"x">>, [], nowait]}, {socket, recv, ['$socket', 5, [], nowait]},
     {socket, sendmsg, ['$socket', #{iov => [<<"x">>], ctrl => [#{level => socket, type => timestamp, data => <<0>>}]}, [], nowait]}, {socket, connect, ['$socket', #{family => inet, port => 1, addr => loopback}, nowait]}, {socket, accept, ['$socket', nowait]}, {socket, sockname, ['$socket']}, {socket, getopt_native, ['$socket', {1, 2}, 4]}, {socket, ioctl, ['$socket', gifconf]},
     {gen_tcp, listen, [0, [binary, {packet, 4}, {active, once}, {ip, {127, 0, 0, 1}}, {high_watermark, 100}]]}, {inet, setopts, ['$listen', [{active, 5}, {packet, http}, {buffer, 100}]]}, {inet, getopts, ['$listen', [active, {raw, 1, 2, 4}, priority]]}, {gen_udp, open, [0, [binary, {ip, {127, 0, 0, 1}}]]}, {gen_udp, send, ['$udp', {127, 0, 0, 1}, 9, <<"x">>]},
     {prim_inet, getstat, ['$listen', [recv_cnt]]}, {erlang, port_control, ['$listen', 10, <<>>]}, {erlang, port_control, ['$udp', 8, <<1, 0, 0, 0, 5>>]}, {erlang, port_connect, ['$listen', '$self']}, {erlang, port_close, ['$listen']}, {erlang, port_command, ['$udp', [1, 2], [nosuspend]]},
     {io_lib, format, ["~p ~10.3f ~s", [a, 1.5, "x"]]}, {file, pread, ['$file', 0, 10]}, {file, pread, ['$file', [{0, 5}, {3, 100}]]}, {file, position, ['$file', {eof, -3}]}, {file, pwrite, ['$file', 3, [<<"a">>, "b"]]}, {file, read, ['$file', 5]}, {file, advise, ['$file', 0, 5, random]}, {file, allocate, ['$file', 0, 50]}, {file, truncate, ['$file']}, {file, write, ['$file', ["a", <<"b">>]]}].

%% Words for what only a process of one's own can have.
own('$table') -> T = ets:new(fuzz_t, [public]), ets:insert(T, [{K, K} || K <- lists:seq(1, 20)]), T;
own('$ordered') -> T = ets:new(fuzz_o, [public, ordered_set]), ets:insert(T, [{K, K} || K <- lists:seq(1, 20)]), T;
own('$continuation') -> {_, C} = ets:select(own('$table'), [{'_', [], ['$_']}], 5), C;
own('$spec') -> ets:match_spec_compile([{{'$1', '_'}, [], ['$1']}]);
own('$pattern') -> {ok, P} = re:compile("a(?<x>b)*"), P;
own('$md5') -> erlang:md5_init();
own('$self') -> self();
own('$idle') -> spawn_link(?MODULE, idle, []);
own('$monitor') -> monitor(process, own('$idle'));
own('$alias') -> alias();
own('$timer') -> erlang:start_timer(1000, self(), x);
own('$port') -> hd(erlang:ports());
own('$atomics') -> atomics:new(3, []);
own('$counters') -> counters:new(3, []);
own('$map') -> maps:from_list([{K, K} || K <- lists:seq(1, 100)]);
own('$deflate') -> Z = zlib:open(), zlib:deflateInit(Z), Z;
own('$inflate') -> Z = zlib:open(), zlib:inflateInit(Z), Z;
own('$buffer') -> B = prim_buffer:new(), prim_buffer:write(B, [<<"abcdef">>]), B;
own('$socket') -> {ok, S} = socket:open(inet, stream, tcp), S;
own('$listen') -> {ok, L} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}]), L;
own('$udp') -> {ok, U} = gen_udp:open(0, [{ip, {127, 0, 0, 1}}]), U;
own('$record') -> case records() of [_, R | _] -> R; [] -> {m, r} end;
own('$file') -> {ok, F} = file:open("fuzz_file", [raw, read, write, binary]), ok = file:write(F, "abcdefghij"), F;
own('$beam') -> {ok, B} = file:read_file(code:which(?MODULE)), B;
own(X) -> X.

idle() ->
    receive fuzz_end -> ok after 2000 -> ok end.

id(X) -> X.

id(X, _) -> X.
