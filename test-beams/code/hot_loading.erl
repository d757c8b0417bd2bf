%% modes: plain
%% Modules compiled at run time, two versions at once, purge, on_load.
-module(hot_loading).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    compile_load(hl_a, "-export([v/0, loop/0, f/0]). v() -> 1. loop() -> receive {From, v} -> From ! {v, v()}, loop(); {From, upgrade} -> From ! upgraded, ?MODULE:loop() end. f() -> fun() -> v() end."),
    p(v1, hl_a:v()),
    F1 = hl_a:f(),
    X1 = fun hl_a:v/0,
    P = spawn(fun() -> hl_a:loop() end),
    p(loop1, ask(P, v)),
    p(old_before, erlang:check_old_code(hl_a)),
    compile_load(hl_a, "-export([v/0, loop/0, f/0, extra/0]). v() -> 2. loop() -> receive {From, v} -> From ! {v, v()}, loop(); {From, upgrade} -> From ! upgraded, ?MODULE:loop() end. f() -> fun() -> v() end. extra() -> yes."),
    p(v2, {hl_a:v(), X1(), F1(), hl_a:extra()}),
    p(old_after, erlang:check_old_code(hl_a)),
    p(still_old, ask(P, v)),
    p(check, [erlang:check_process_code(P, hl_a), erlang:check_process_code(self(), hl_a)]),
    p(soft_purge, code:soft_purge(hl_a)),
    p(upgrade, ask(P, upgrade)),
    p(now_new, ask(P, v)),
    F2 = hl_a:f(),
    p(check_fun, erlang:check_process_code(self(), hl_a)),
    id(F1),
    p(purge_mine, begin Q = spawn(fun() -> receive {From, call} -> From ! (catch F2()) end end), ask(Q, call) end),
    p(not_purged, compile_load_no_purge(hl_a, "-export([v/0]). v() -> 3.")),
    p(purged, code:purge(hl_a)),
    p(alive, is_process_alive(P)),
    t(extra_gone, fun() -> case erlang:function_exported(hl_a, extra, 0) of true -> hl_a:extra(); F -> F end end),
    p(delete, [code:delete(hl_a), erlang:function_exported(hl_a, v, 0), erlang:module_loaded(hl_a)]),
    t(deleted_call, fun() -> (id(hl_a)):v() end),
    p(purge_again, code:purge(hl_a)),
    p(kill_old, kill_old()),
    p(on_load_ok, begin R1 = compile_load(hl_b, "-export([x/0]). -on_load(init/0). init() -> persistent_term:put(hl_b, loaded), ok. x() -> persistent_term:get(hl_b)."), {R1, hl_b:x()} end),
    logger:set_primary_config(level, none),
    p(on_load_fail, begin R2 = compile_load(hl_c, "-export([x/0]). -on_load(init/0). init() -> {error, nope}. x() -> 1."), {R2, erlang:module_loaded(hl_c)} end),
    p(on_load_crash, compile_load(hl_c, "-export([x/0]). -on_load(init/0). init() -> exit(crash). x() -> 1.")),
    p(on_load_keeps_old, begin compile_load(hl_d, "-export([x/0]). x() -> old."), R3 = compile_load(hl_d, "-export([x/0]). -on_load(init/0). init() -> no. x() -> new."), {R3, hl_d:x()} end),
    p(on_load_calls, begin compile_load(hl_e, "-export([x/0]). -on_load(init/0). init() -> 5 = helper(2), ok. helper(N) -> N + 3. x() -> fine."), hl_e:x() end),
    logger:set_primary_config(level, notice),
    p(bad, [catch_load(hl_x, B) || B <- [<<>>, <<"junk">>, <<"FOR1", 4:32, "BEAM">>]]),
    p(wrong_name, begin {ok, _, Bin} = comp(hl_y, "-export([x/0]). x() -> 1."), catch_load(hl_z, Bin) end),
    p(truncated, begin {ok, _, Bin2} = comp(hl_y, "-export([x/0]). x() -> 1."), catch_load(hl_y, binary:part(Bin2, 0, byte_size(Bin2) div 2)) end),
    p(sticky, begin {ok, lists, Bin3} = comp(lists, "-export([x/0]). x() -> 1."), catch_load(lists, Bin3) end),
    p(info, begin compile_load(hl_i, "-export([a/0, b/2]). -vsn(\"1.2\"). -my(attr). a() -> b(1, 2). b(X, Y) -> X + Y."), {lists:sort(hl_i:module_info(exports)), lists:sort(hl_i:module_info(functions)), proplists:get_value(my, hl_i:module_info(attributes)), proplists:get_value(vsn, hl_i:module_info(attributes)), hl_i:module_info(module)} end),
    p(module_info_items, [element(1, I) || I <- hl_i:module_info()]),
    p(md5, begin {ok, _, Bin4} = comp(hl_m, "-export([a/0]). a() -> 1."), code:load_binary(hl_m, "x", Bin4), hl_m:module_info(md5) =:= erlang:md5(erlang:md5("")) orelse element(2, beam_lib:md5(Bin4)) =:= element(2, {x, {hl_m, hl_m:module_info(md5)}}) end),
    p(is_loaded, [code:is_loaded(hl_m), code:is_loaded(hl_none)]),
    p(which, [code:which(hl_m), code:which(hl_none), is_list(code:which(lists))]),
    p(literals, begin compile_load(hl_l, "-export([x/0]). x() -> {[1,2,3], \"literal\", #{a => <<\"b\">>}}."), L = hl_l:x(), code:delete(hl_l), code:purge(hl_l), garbage_collect(), L end),
    p(literals_sent, begin compile_load(hl_l, "-export([x/0]). x() -> lists:duplicate(3, {lit, \"abc\"})."), Me = self(), P5 = spawn(fun() -> receive {m, M} -> receive go -> Me ! {back, M} end end end), P5 ! {m, hl_l:x()}, code:delete(hl_l), code:purge(hl_l), P5 ! go, receive {back, M5} -> M5 end end),
    p(versions, [begin compile_load(hl_v, "-export([v/0]). v() -> " ++ integer_to_list(N) ++ "."), hl_v:v() end || N <- lists:seq(1, 20)]),
    p(ensure_loaded, [code:ensure_loaded(lists), code:ensure_loaded(no_such_module_at_all)]),
    p(big_module, begin compile_load(hl_big, ["-export([f/1]).\n", [io_lib:format("f(~w) -> {~w, ~w};\n", [N, N, N * N]) || N <- lists:seq(1, 500)], "f(_) -> none."]), [hl_big:f(N) || N <- [1, 250, 500, 501]] end),
    p(parallel, begin compile_load(hl_p, "-export([v/1]). v(N) -> N * 2."), Ps = [spawn_monitor(fun() -> exit(lists:sum([hl_p:v(N) || N <- lists:seq(1, 2000)])) end) || _ <- lists:seq(1, 4)], [compile_load(hl_p, "-export([v/1]). v(N) -> N + N.") || _ <- [1]], [receive {'DOWN', M6, _, P6, R6} -> R6 end || {P6, M6} <- Ps] end).

ask(P, What) ->
    P ! {self(), What},
    receive {v, V} -> V; Other -> Other after 1000 -> timeout end.

kill_old() ->
    compile_load(hl_k, "-export([loop/0]). loop() -> receive stop -> ok end."),
    {P, M} = spawn_monitor(fun() -> hl_k:loop() end),
    timer:sleep(5),
    compile_load_no_purge(hl_k, "-export([loop/0]). loop() -> receive stop -> ok end."),
    code:purge(hl_k),
    receive {'DOWN', M, _, P, R} -> R after 1000 -> alive end.

comp(Module, Text) ->
    {ok, Tokens, _} = erl_scan:string(lists:flatten(["-module(", atom_to_list(Module), ").\n", replace(lists:flatten(Text), atom_to_list(Module))])),
    compile:forms(forms(Tokens, []), [binary, return_errors]).

replace("?MODULE" ++ R, M) -> M ++ replace(R, M);
replace([C | R], M) -> [C | replace(R, M)];
replace([], _) -> [].

forms([], []) -> [];
forms([{dot, _} = D | R], Acc) -> {ok, F} = erl_parse:parse_form(lists:reverse([D | Acc])), [F | forms(R, [])];
forms([T | R], Acc) -> forms(R, [T | Acc]).

compile_load(Module, Text) ->
    {ok, Module, Bin} = comp(Module, Text),
    code:purge(Module),
    case code:load_binary(Module, "nofile", Bin) of {module, Module} -> ok; E -> E end.

compile_load_no_purge(Module, Text) ->
    {ok, Module, Bin} = comp(Module, Text),
    erlang:load_module(Module, Bin).

catch_load(Module, Bin) ->
    logger:set_primary_config(level, none),
    R = code:load_binary(Module, "nofile", Bin),
    logger:set_primary_config(level, notice),
    R.
