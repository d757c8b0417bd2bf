%% What a driver answers its caller at once: order, collections before it is received, pieces of all sizes, traces,
%% queues off the heap, data of ports, links that come and go.
-module(own_answers).
-export([main/0]).

main() ->
    {C, S} = pair([binary, {active, false}]),
    sizes(C, S),
    exact(C, S),
    waits(C, S),
    pending(C, S),
    off_heap(C, S),
    traced(C, S),
    active(C, S),
    gen_tcp:close(C),
    show({closed, gen_tcp:recv(S, 0)}),
    gen_tcp:close(S),
    data(),
    datagrams(),
    links(),
    done.

show(T) -> io:format("~0p~n", [T]).

pair(O) ->
    {ok, L} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}} | O]),
    {ok, P} = inet:port(L),
    {ok, C} = gen_tcp:connect({127, 0, 0, 1}, P, O),
    {ok, S} = gen_tcp:accept(L),
    gen_tcp:close(L),
    {C, S}.

%% Short data, those that fill the buffer, more than that, and what is between.
sizes(C, S) ->
    [begin
         B = bytes(N),
         ok = gen_tcp:send(C, B),
         show({N, all(S, N, []) =:= B})
     end || N <- [1, 63, 64, 65, 729, 730, 731, 1459, 1460, 1461, 5000, 100000]],
    ok = inet:setopts(S, [{buffer, 20000}]),
    B = bytes(50000),
    ok = gen_tcp:send(C, B),
    show({large, all(S, 50000, []) =:= B}),
    ok = inet:setopts(S, [{buffer, 1460}]).

bytes(N) -> << <<(I * 7)>> || I <- lists:seq(1, N) >>.

all(_, 0, Acc) -> iolist_to_binary(lists:reverse(Acc));
all(S, N, Acc) ->
    {ok, B} = gen_tcp:recv(S, 0),
    all(S, N - byte_size(B), [B | Acc]).

%% Lengths asked for, with less there, as much, more; and parts of binaries that outlive the next reads.
exact(C, S) ->
    B = bytes(30000),
    ok = gen_tcp:send(C, B),
    Ns = [1, 100, 1000, 1460, 2000, 9216, 9217, 30000 - 1 - 100 - 1000 - 1460 - 2000 - 9216 - 9217],
    Bs = [begin {ok, X} = gen_tcp:recv(S, N), X end || N <- Ns],
    erlang:garbage_collect(),
    show({exact, [byte_size(X) || X <- Bs] =:= Ns, iolist_to_binary(Bs) =:= B}),
    Me = self(),
    spawn_link(fun() -> [begin ok = gen_tcp:send(C, P), receive after 20 -> ok end end || P <- [<<"ab">>, <<"cde">>, <<"fghij">>]], Me ! sent end),
    show(gen_tcp:recv(S, 10)),
    receive sent -> ok end,
    X = <<(hd(Bs))/binary, "more">>,
    show({X, binary:part(lists:nth(3, Bs), 0, 4)}).

%% Nothing there: a time limit, then data that come later, in two parts.
waits(C, S) ->
    show(gen_tcp:recv(S, 0, 10)),
    show(gen_tcp:recv(S, 100, 10)),
    ok = gen_tcp:send(C, bytes(60)),
    show(gen_tcp:recv(S, 100, 10)),
    ok = gen_tcp:send(C, bytes(40)),
    {ok, B} = gen_tcp:recv(S, 100),
    show({later, B =:= <<(bytes(60))/binary, (bytes(40))/binary>>}),
    ok = gen_tcp:unrecv(S, <<"back">>),
    ok = gen_tcp:send(C, <<"front">>),
    show(gen_tcp:recv(S, 9)).

%% Answers that stay in the queue while much is collected, among other messages.
pending(C, S) ->
    self() ! first,
    ok = gen_tcp:send(C, bytes(3000)),
    {ok, Ref} = async(S, 1000),
    self() ! second,
    churn(200),
    {messages, Q} = process_info(self(), messages),
    show([case M of {inet_async, _, _, {ok, B}} -> byte_size(B); _ -> M end || M <- Q]),
    receive {inet_async, S, Ref, {ok, B1}} -> show(B1 =:= binary:part(bytes(3000), 0, 1000)) end,
    {ok, Ref2} = async(S, 50),
    erlang:garbage_collect(self(), [{type, minor}]),
    erlang:garbage_collect(),
    receive {inet_async, S, Ref2, {ok, B2}} -> show(B2 =:= binary:part(bytes(3000), 1000, 50)) end,
    receive first -> ok end,
    receive second -> ok end,
    {ok, _} = gen_tcp:recv(S, 1950),
    show(process_info(self(), message_queue_len)).

async(S, N) -> prim_inet:async_recv(S, N, -1).

churn(0) -> ok;
churn(N) -> true = length(lists:seq(1, 5000)) =:= 5000, churn(N - 1).

off_heap(C, S) ->
    Old = process_flag(message_queue_data, off_heap),
    pending(C, S),
    process_flag(message_queue_data, Old).

traced(C, S) ->
    Me = self(),
    Tracer = spawn_link(fun() -> tracer([]) end),
    erlang:trace(Me, true, ['receive', {tracer, Tracer}]),
    ok = gen_tcp:send(C, <<"seen">>),
    {ok, _} = gen_tcp:recv(S, 0),
    erlang:trace(Me, false, ['receive']),
    Ref = erlang:trace_delivered(Me),
    receive {trace_delivered, Me, Ref} -> ok end,
    Tracer ! {stop, Me},
    receive {Tracer, All} -> show([element(1, M) || {trace, _, 'receive', M} <- All, tuple_size(M) > 2]) end.

tracer(Acc) ->
    receive
        {stop, To} -> unlink(To), To ! {self(), lists:reverse(Acc)};
        T -> tracer([T | Acc])
    end.

active(C, S) ->
    ok = inet:setopts(S, [{active, once}]),
    ok = gen_tcp:send(C, <<"one">>),
    receive {tcp, S, B} -> show(B) end,
    ok = inet:setopts(S, [{active, true}]),
    ok = gen_tcp:send(C, bytes(20000)),
    show({active, collect(S, 20000, []) =:= bytes(20000)}),
    ok = inet:setopts(S, [{active, false}, {mode, list}]),
    ok = gen_tcp:send(C, <<"list">>),
    show(gen_tcp:recv(S, 0)),
    ok = inet:setopts(S, [{mode, binary}, {header, 2}]),
    ok = gen_tcp:send(C, <<"header">>),
    show(gen_tcp:recv(S, 0)).

collect(_, 0, Acc) -> iolist_to_binary(lists:reverse(Acc));
collect(S, N, Acc) -> receive {tcp, S, B} -> collect(S, N - byte_size(B), [B | Acc]) end.

data() ->
    {ok, P} = gen_udp:open(0, []),
    show(erlang:port_get_data(P)),
    [begin true = erlang:port_set_data(P, D), show(erlang:port_get_data(P)) end
     || D <- [an_atom, {a, "tuple", 1.5}, <<"binary">>, other, 17, [], undefined, false]],
    true = erlang:port_set_data(P, inet_udp),
    ok = gen_udp:close(P),
    show([element(1, element(2, catch F())) || F <- [fun() -> erlang:port_get_data(P) end, fun() -> erlang:port_set_data(P, x) end]]).

datagrams() ->
    O = [binary, {active, false}, {ip, {127, 0, 0, 1}}],
    {ok, A} = gen_udp:open(0, O),
    {ok, B} = gen_udp:open(0, O),
    {ok, PA} = inet:port(A),
    {ok, PB} = inet:port(B),
    [begin
         ok = gen_udp:send(A, {127, 0, 0, 1}, PB, bytes(N)),
         {ok, {Ip, From, D}} = gen_udp:recv(B, 0),
         show({N, Ip, From =:= PA, D =:= bytes(N)})
     end || N <- [0, 1, 64, 65, 1400, 7000]],
    ok = inet:setopts(B, [{header, 3}]),
    [begin
         ok = gen_udp:send(A, {127, 0, 0, 1}, PB, D),
         {ok, {_, _, X}} = gen_udp:recv(B, 0),
         show(X)
     end || D <- [<<>>, <<"ab">>, <<"abc">>, <<"abcdef">>]],
    ok = inet:setopts(B, [{mode, list}]),
    ok = gen_udp:send(A, {127, 0, 0, 1}, PB, <<"text">>),
    {ok, {_, _, T}} = gen_udp:recv(B, 0),
    show(T),
    ok = inet:setopts(B, [{mode, binary}, {header, 0}, {active, true}]),
    [begin
         [ok = gen_udp:send(A, {127, 0, 0, 1}, PB, <<(K + I):32>>) || I <- lists:seq(1, 3)],
         show([receive {udp, B, _, _, <<I:32>>} -> I end || _ <- lists:seq(1, 3)])
     end || K <- [0, 10, 20]],
    show(gen_udp:send(A, {127, 0, 0, 1}, PB, bytes(70000))),
    show(gen_udp:recv(A, 0, 10)),
    gen_udp:close(A),
    gen_udp:close(B).

%% None, one, many, and back.
links() ->
    Ps = [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, 5)],
    Count = fun() -> {links, L} = process_info(self(), links), length([P || P <- L, lists:member(P, Ps)]) end,
    show([begin link(P), Count() end || P <- Ps ++ Ps]),
    show([begin unlink(P), Count() end || P <- Ps]),
    link(hd(Ps)),
    unlink(hd(Ps)),
    link(hd(Ps)),
    show(Count()),
    process_flag(trap_exit, true),
    exit(hd(Ps), over),
    show(receive {'EXIT', P, Why} when P =:= hd(Ps) -> {Why, Count()} end),
    process_flag(trap_exit, false),
    M = erlang:monitor(process, lists:last(Ps), [{tag, gone}]),
    [P ! stop || P <- Ps],
    show(receive {gone, M, process, _, R} -> R end).
