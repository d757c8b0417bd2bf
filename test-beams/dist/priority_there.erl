%% vm: own
%% timeout: 60
%% modes: plain
%% otp: 29
%% Messages and exit signals through aliases of other nodes, which may let them come before others.
-module(priority_there).
-export([main/0, there/2]).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(priority_there),
    [begin
        N = tb_nodes:start(Which, atom_to_list(Which)),
        p(send, tried(N, [priority], fun(A, _) -> erlang:send(A, urgent, [priority]) end)),
        p(plain, tried(N, [priority], fun(A, _) -> A ! urgent end)),
        p(no_priority, tried(N, [], fun(A, _) -> erlang:send(A, urgent, [priority]) end)),
        p(pid, tried(N, [priority], fun(_, P) -> erlang:send(P, urgent, [priority]) end)),
        p(large, tried(N, [priority], fun(A, _) -> erlang:send(A, lists:seq(1, 2000), [priority]) end)),
        p(exit, tried(N, [priority], fun(A, _) -> exit(A, why, [priority]) end)),
        p(exit_signal, tried(N, [priority], fun(A, _) -> exit_signal(A, why, [priority]) end)),
        p(exit_plain, tried(N, [priority], fun(A, _) -> exit_signal(A, why) end)),
        p(exit_no_priority, tried(N, [], fun(A, _) -> exit_signal(A, why, [priority]) end)),
        p(exit_pid, tried(N, [], fun(_, P) -> exit_signal(P, why, [priority]) end)),
        p(token, begin
            seq_trace:set_token(label, 5),
            R = tried(N, [priority], fun(A, _) -> erlang:send(A, urgent, [priority]) end),
            seq_trace:set_token([]),
            R
        end),
        p(gone, rpc:call(N, erlang, apply, [fun() -> A = alias([priority]), unalias(A), A end, []])
            =/= (G = gone(N)) andalso {erlang:send(G, x, [priority]), exit_signal(G, x, [priority])}),
        p(still_connected, lists:member(N, nodes())),
        tb_nodes:stop(N)
    end || Which <- tb_nodes:others()],
    tb_nodes:halt_all([]).

gone(N) -> rpc:call(N, erlang, alias, [[priority]]).

tried(N, Options, F) ->
    P = spawn(N, ?MODULE, there, [self(), Options]),
    A = receive {P, X} -> X end,
    P ! plain,
    F(A, P),
    P ! done,
    receive {P, got, L} -> L end.

there(P, Options) ->
    process_flag(trap_exit, true),
    P ! {self(), alias(Options)},
    timer:sleep(100),
    all_here(100),
    P ! {self(), got, all()}.

all_here(0) -> ok;
all_here(N) ->
    {messages, L} = process_info(self(), messages),
    case lists:member(done, L) of
        true -> ok;
        false -> timer:sleep(20), all_here(N - 1)
    end.

all() ->
    receive
        {'EXIT', P, X} -> [{'EXIT', is_pid(P), X} | all()];
        L when is_list(L) -> [length(L) | all()];
        X -> [{X, seq_trace:get_token(label)} | all()]
    after 0 -> [] end.

p(What, X) -> io:format("~p ~p~n", [What, X]).
