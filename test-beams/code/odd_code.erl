%% What OTP's own suites found in the loader and around it: results of guards named behind the guard that failed, waits that come
%% back by a jump, tails of more bits than there are, keys to blame, callers that made a tail call.
%% otp: 25
-module(odd_code).
-export([main/0, stk/2, id/1, sleeper/0]).
-compile({no_auto_import, [error/3]}).

main() ->
    [tb:p({keys, M}, keys(M)) || M <- [#{}, #{abc => 1, def => 2}, #{abc => 1}, #{jkl => 1}, #{jkl => 1, def => 1},
                                       #{abc => 1, mno => 2}, #{abc => 1, jkl => 2}]],
    tb:p(waited, unoptimised()),
    [tb:p({tail, B}, tails(B)) || B <- [<<42, 0:16#1001>>, <<0:8, 0:10>>, <<0:8, 0:100>>]],
    M0 = id(#{1 => a, 2 => b}),
    [tb:p(blame, blamed(F)) || F <- [fun() -> M0#{42.0 := v, 42 := w} end, fun() -> M0#{42 => v, 42.0 := w, 42 := x} end,
                                     fun() -> M0#{z := 1, y := 1, x := 1} end, fun() -> M0#{id(z) := 1, id(y) := 1} end]],
    [tb:p({tail_call, How}, trace(How)) || How <- [apply_last, apply_only, apply_const, badarg]],
    [tb:p({error3, O}, options(O)) || O <- [[], [bad], [{bad, x}], [{error_info, no_map}], [{error_info, #{}}]]],
    [tb:p({depth, D}, depth(D)) || D <- [0, 1, 2]],
    tb:p(too_many, try erlang:hibernate(x, y, lists:duplicate(5122, z)) catch C:R -> {C, R} end),
    tb:p(hibernating, hibernated()),
    tb:p(bad_timeouts, [bad_timeout(T) || T <- [blupp, -1, 1 bsl 64]]),
    tb:p(iolist, iolists()).

%% The receive after one that failed begins with the first message.
bad_timeout(T) ->
    self() ! {init, T},
    R = try receive blipp -> ok after id(T) -> ok end catch error:E -> E end,
    {R, receive {init, T} -> got after 1000 -> lost end}.

%% Much larger than what they take.
iolists() ->
    L = lists:foldl(fun(_, A) -> [A, A] end, [<<0:800>>, 1, 2], lists:seq(1, 20)),
    Huge = lists:foldl(fun(_, A) -> [A | A] end, [<<0:80>>], lists:seq(1, 20)),
    {iolist_size(L), try iolist_size([L, [bad]]) catch error:E -> E end,
     try iolist_size([L, <<1:1>>]) catch error:E2 -> E2 end, iolist_size(Huge)}.

%% Compiled: the results of the first two guards are used where those guards have failed.
keys(#{} = Map) ->
    case case Abc = is_map_key(abc, Map) of false -> false; _ -> is_map_key(def, Map) end of
        true -> {def, abc};
        false ->
            case case Jkl = is_map_key(jkl, Map) of false -> false; _ -> is_map_key(def, Map) end of
                true -> {def, jkl};
                false ->
                    case case Abc of false -> false; _ -> is_map_key(mno, Map) end of
                        true -> {mno, abc};
                        false -> case Jkl of true -> jkl; false -> nothing end
                    end
            end
    end.

unoptimised() ->
    Text = "-module(odd_wait).\n-export([f/1]).\n-record(c, {t}).\n-record(s, {x, y, c}).\n"
           "f(#s{c = #c{t = T}} = S) -> receive after T -> S#s.y end.\n",
    ok = file:write_file("odd_wait.erl", Text),
    {ok, M, Bin} = compile:file("odd_wait.erl", [binary, no_copt, no_bool_opt, no_share_opt, no_bsm_opt, no_fun_opt, no_ssa_opt,
                                                no_recv_opt, no_module_opt, no_postopt, no_type_opt]),
    {module, M} = code:load_binary(M, "odd_wait.erl", Bin),
    Self = self(),
    spawn(fun() -> [Self ! N || N <- lists:seq(1, 5)] end),
    R = M:f({s, 1, done, {c, 50}}),
    [receive N -> N end || N <- lists:seq(1, 5)],
    {R, M:f({s, 1, at_once, {c, 0}})}.

tails(B) -> [try F(B) catch error:E -> E end || F <- [fun tail1/1, fun tail2/1, fun tail3/1]].
tail1(<<B:8, _:16#1001>>) -> B.
tail2(<<B:8, _:16#8000_0000>>) -> B.
tail3(<<B:8, _:16#1_0000_0000_0000_0000>>) -> B.

blamed(F) -> try F() catch error:R -> R end.

trace(How) ->
    try stk(How, do), nothing
    catch C:R:S -> {C, R, [{F, A} || {?MODULE, F, A, _} <- lists:sublist(S, 2)]}
    end.

stk(How, do) ->
    put(erlang, erlang),
    last(How),
    id(ok).

last(apply_last) -> M = get(erlang), apply(M, id(error), [oops, [id(apply_last)]]);
last(apply_only) -> (id(erlang)):(id(error))(oops);
last(apply_const) -> apply(get(erlang), error, [oops, [id(apply_const)]]);
last(badarg) -> (id(erlang)):(id(atom_to_list))(id(1)).

options(O) ->
    try erlang:error({some, reason}, [x], O)
    catch C:R:S -> [{_, F, A, I} | _] = S, {C, R, F, A, lists:keyfind(error_info, 1, I)}
    end.

depth(D) ->
    Old = erlang:system_flag(backtrace_depth, D),
    {current_stacktrace, Now} = process_info(self(), current_stacktrace),
    R = try erlang:error(reason) catch error:reason:S -> length(S) end,
    T = try erlang:raise(error, reason, [{m, f, [], []}, {m, g, 1, []}]) catch error:reason:S2 -> length(S2) end,
    erlang:system_flag(backtrace_depth, Old),
    {length(Now), R, T}.

hibernated() ->
    %% Collecting all the time, the sleeper never gets to sleep.
    case os:getenv("OXBEAM_GC_ZEAL") of false -> sleeping(); _ -> small end.

sleeping() ->
    P = spawn(fun() -> lists:seq(1, 10000), erlang:hibernate(?MODULE, sleeper, []) end),
    small(P, 100).

small(_, 0) -> large;
small(P, N) ->
    case process_info(P, [current_function, heap_size, total_heap_size]) of
        [{current_function, {erlang, hibernate, 3}}, {heap_size, S}, {total_heap_size, S}] when S =< 8 -> small;
        _ -> timer:sleep(20), small(P, N - 1)
    end.

sleeper() -> receive stop -> ok end.
id(X) -> X.
