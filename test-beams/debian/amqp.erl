%% A client of RabbitMQ: puts numbered messages into a queue and waits until all are confirmed, or takes them out and looks at
%% each. Arguments: port, publish or consume, the kind of queue (classic, quorum, stream, or mirrored: a classic one), how many.
-module(amqp).
-export([main/0]).
-include_lib("amqp_client/include/amqp_client.hrl").

main() ->
    [Port, What, Kind, N] = init:get_plain_arguments(),
    logger:set_primary_config(level, error),
    {ok, _} = application:ensure_all_started(amqp_client),
    {ok, Connection} = amqp_connection:start(#amqp_params_network{port = list_to_integer(Port)}),
    {ok, Channel} = amqp_connection:open_channel(Connection),
    Queue = iolist_to_binary([Kind, "_queue"]),
    Type = if Kind =:= "mirrored" -> <<"classic">>; true -> list_to_binary(Kind) end,
    Arguments = [{<<"x-queue-type">>, longstr, Type}],
    #'queue.declare_ok'{} = amqp_channel:call(Channel, #'queue.declare'{queue = Queue, durable = true, arguments = Arguments}),
    Done = act(What, Channel, Queue, list_to_integer(N)),
    ok = amqp_connection:close(Connection),
    io:format("~s ~s~n", [Done, N]),
    halt().

act("publish", Channel, Queue, N) ->
    #'confirm.select_ok'{} = amqp_channel:call(Channel, #'confirm.select'{}),
    Publish = #'basic.publish'{routing_key = Queue},
    [ok = amqp_channel:cast(Channel, Publish, #amqp_msg{props = #'P_basic'{delivery_mode = 2}, payload = body(I)})
        || I <- lists:seq(1, N)],
    true = amqp_channel:wait_for_confirms(Channel, 60),
    "published";
act("consume", Channel, Queue, N) ->
    #'basic.qos_ok'{} = amqp_channel:call(Channel, #'basic.qos'{prefetch_count = 200}),
    First = [{<<"x-stream-offset">>, longstr, <<"first">>} || binary:match(Queue, <<"stream">>) =/= nomatch],
    amqp_channel:subscribe(Channel, #'basic.consume'{queue = Queue, arguments = First}, self()),
    receive #'basic.consume_ok'{} -> ok end,
    [receive
        {#'basic.deliver'{delivery_tag = Tag}, #amqp_msg{payload = Payload}} ->
            {I, Payload} = {I, body(I)},
            ok = amqp_channel:cast(Channel, #'basic.ack'{delivery_tag = Tag})
     after 30000 -> exit({missing, I})
     end || I <- lists:seq(1, N)],
    "consumed".

body(I) -> <<I:32, (binary:copy(<<I:8>>, 100))/binary>>.
