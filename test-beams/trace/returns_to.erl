%% Where calls return to that two sessions trace, with and without an exception that passes them.
%% otp: 27 29
-module(returns_to).
-export([main/0, top/1, middle/1, bottom/1]).

main() ->
    [sequence(First, Second, [Above, Below, How])
     || First <- traced(), Second <- traced(), Above <- [local, extern], Below <- [body, 'catch', tail], How <- [exception, return]].

traced() -> [[bottom], [middle], [middle, bottom]].

sequence(First, Second, Sequence) ->
    Sessions = [session(Functions) || Functions <- [First, Second]],
    top(Sequence),
    io:format("~w ~w ~w: ~w~n", [First, Second, Sequence, [told(S, T) || {S, T} <- Sessions]]).

session(Functions) ->
    Tracer = spawn_link(fun() -> tracer([]) end),
    S = trace:session_create(session, Tracer, []),
    1 = trace:process(S, self(), true, [call, return_to, arity]),
    [1 = trace:function(S, {?MODULE, F, 1}, true, [local]) || F <- Functions],
    {S, Tracer}.

told(S, Tracer) ->
    Ref = trace:delivered(S, self()),
    receive {trace_delivered, _, Ref} -> ok end,
    Tracer ! {told, self()},
    trace:session_destroy(S),
    receive {told, All} -> All end.

tracer(Told) ->
    receive
        {trace, _, What, {_, F, 1}} -> tracer([{What, F} | Told]);
        {told, From} -> From ! {told, lists:reverse(Told)}
    end.

top([local | T]) -> [(catch middle(T)) | 1];
top([extern | T]) -> [(catch ?MODULE:middle(T)) | 1].

middle([body | T]) -> [bottom(T) | 1];
middle(['catch' | T]) -> [(catch bottom(T)) | 1];
middle([tail | T]) -> bottom(T).

bottom([return]) -> [a | b];
bottom([exception]) -> error(exception).
