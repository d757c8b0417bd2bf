%% vm: own
%% timeout: 60
%% modes: plain
%% Processes that end with large reasons: others are not kept waiting, nothing overtakes what the same process sent, and every
%% link and monitor hears the whole reason.
-module(last_words).
-export([main/0, there/1]).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(last_words),
    [begin
        N = tb_nodes:start(Which, atom_to_list(Which)),
        io:format("~p~n", [ends(N)]),
        io:format("~p~n", [order(N)]),
        io:format("~p~n", [killed(N)]),
        tb_nodes:stop(N)
    end || Which <- tb_nodes:others()],
    tb_nodes:halt_all([]).

payload() -> [binary:copy(<<"x">>, 3000000), binary:copy(<<"y">>, 100)].

%% Linked and watched from there, many at once.
ends(N) ->
    There = spawn(N, ?MODULE, there, [self()]),
    Pids = [spawn(fun() -> link(There), receive go -> exit(payload()) end end) || _ <- lists:seq(1, 10)],
    There ! {watch, Pids},
    receive watched -> ok end,
    [P ! go || P <- Pids],
    Echo = [begin There ! {echo, I}, receive {echo, I} -> I end end || I <- lists:seq(1, 20)],
    There ! {count, length(Pids)},
    receive {counted, X} -> {length(Echo), X} end.

%% Messages of all sizes, then the end.
order(N) ->
    There = spawn(N, ?MODULE, there, [self()]),
    spawn(fun() ->
        link(There),
        [There ! {note, I, case I rem 3 of 0 -> payload(); _ -> small end} || I <- lists:seq(1, 9)],
        exit(payload())
    end),
    receive {noted, X} -> X end.

%% Killed while it sends: what was begun arrives, or the end of the connection does.
killed(N) ->
    There = spawn(N, ?MODULE, there, [self()]),
    Pids = [spawn(fun() -> There ! {note, I, payload()}, receive after infinity -> ok end end) || I <- lists:seq(1, 20)],
    Refs = [monitor(process, P) || P <- Pids],
    [exit(P, kill) || P <- Pids],
    Gone = [receive {'DOWN', R, process, _, X} -> X end || R <- Refs],
    There ! {echo, last},
    receive {echo, last} -> {lists:usort(Gone), lists:member(N, nodes())} end.

there(P) -> process_flag(trap_exit, true), there(P, []).

there(P, L) ->
    receive
        {watch, Pids} ->
            [monitor(process, Pid) || Pid <- Pids],
            P ! watched,
            there(P, L);
        {echo, X} -> P ! {echo, X}, there(P, L);
        {note, I, X} -> there(P, [{I, size_of(X)} | L]);
        {count, N} ->
            D = [receive {'DOWN', _, process, _, X} -> size_of(X) end || _ <- lists:seq(1, N)],
            E = [receive {'EXIT', _, X} -> size_of(X) end || _ <- lists:seq(1, N)],
            P ! {counted, {lists:usort(D), lists:usort(E), N}},
            there(P, L);
        {'EXIT', _, X} when L =/= [] -> P ! {noted, lists:reverse([{exit, size_of(X)} | L])}, there(P, [])
    end.

size_of([A, B]) -> {byte_size(A), byte_size(B)};
size_of(X) -> X.
