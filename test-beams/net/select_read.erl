%% otp: 29
%% Option select_read of sockets: after what was received comes a message when there is more.
-module(select_read).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    p(option, with(stream, tcp, fun(_, B) ->
        [socket:getopt(B, {otp, select_read}), socket:setopt(B, {otp, select_read}, 7), socket:setopt(B, {otp, select_read}, true),
         socket:getopt(B, {otp, select_read}), socket:setopt(B, {otp, select_read}, false), socket:getopt(B, {otp, select_read})] end)),
    [p({Kind, What}, with(Kind, Proto, fun(A, B) ->
        ok = socket:setopt(B, {otp, select_read}, true),
        ok = socket:send(A, "first"),
        R1 = plain(once_ready(B, F)),
        none = receive {'$socket', _, _, _} = M -> M after 50 -> none end,
        ok = socket:send(A, "second"),
        R2 = receive {'$socket', B, select, H} -> is_reference(H) after 5000 -> none end,
        R3 = plain(F(B, nowait)),
        ok = socket:send(A, "third"),
        R4 = receive {'$socket', B, select, H4} -> is_reference(H4) after 5000 -> none end,
        ok = socket:setopt(B, {otp, select_read}, false),
        {R1, R2, R3, R4, plain(F(B, nowait)), plain(F(B, 0)), other(B, F)} end))
     || {Kind, Proto} <- [{stream, tcp}, {dgram, udp}],
        {What, F} <- [{recv, fun(S, T) -> socket:recv(S, 0, T) end}, {recvmsg, fun(S, T) -> socket:recvmsg(S, 0, 0, [], T) end}]
                     ++ [{recvfrom, fun(S, T) -> socket:recvfrom(S, 0, T) end} || Kind =:= dgram]],
    p(exactly, with(stream, tcp, fun(A, B) ->
        ok = socket:setopt(B, {otp, select_read}, true),
        ok = socket:send(A, "abcdef"),
        R = plain(once_ready(B, fun(S, T) -> socket:recv(S, 4, T) end)),
        {R, receive {'$socket', B, select, _} -> more after 5000 -> none end, plain(socket:recv(B, 4, nowait))} end)),
    p(waiting, with(stream, tcp, fun(A, B) ->
        ok = socket:setopt(B, {otp, select_read}, true),
        ok = socket:send(A, "abcdef"),
        {socket:recv(B, 6), socket:recv(B, 0, 0), receive {'$socket', B, select, _} -> more after 50 -> none end} end)),
    p(cancel, with(stream, tcp, fun(A, B) ->
        ok = socket:setopt(B, {otp, select_read}, true),
        ok = socket:send(A, "abcdef"),
        {select_read, {Info, D}} = once_ready(B, fun(S, T) -> socket:recv(S, 0, T) end),
        {D, socket:cancel(B, Info), socket:send(A, "gh"), receive {'$socket', B, select, _} -> more after 50 -> none end, other(B, fun(S, T) -> socket:recv(S, 0, T) end)} end)).

%% Waits until there is something.
once_ready(S, F) ->
    case F(S, nowait) of
        {select, {select_info, _, H}} -> receive {'$socket', S, select, H} -> F(S, nowait) after 5000 -> none end;
        R -> R
    end.

%% The same from another process.
other(S, F) ->
    Me = self(),
    P = spawn(fun() -> Me ! {self(), plain(F(S, 100))} end),
    receive {P, R} -> R end.

plain({What, {{select_info, Tag, H}, D}}) -> {What, Tag, is_reference(H), plain(D)};
plain({What, {select_info, Tag, H}}) -> {What, Tag, is_reference(H)};
plain({ok, D}) -> {ok, plain(D)};
plain({#{family := inet}, D}) -> {from, D};
plain(#{addr := #{family := inet}} = M) -> maps:remove(addr, M);
plain(X) -> X.

with(Kind, Proto, F) ->
    Local = #{family => inet, addr => loopback, port => 0},
    {ok, L} = socket:open(inet, Kind, Proto),
    ok = socket:bind(L, Local),
    {ok, To} = socket:sockname(L),
    {ok, A} = socket:open(inet, Kind, Proto),
    B = case Kind of
        stream -> ok = socket:listen(L), ok = socket:connect(A, To), {ok, S} = socket:accept(L), S;
        dgram -> ok = socket:connect(A, To), L
    end,
    R = F(A, B),
    [socket:close(X) || X <- [A, B, L]],
    R.
