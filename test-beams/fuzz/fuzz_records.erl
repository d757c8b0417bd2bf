%% Native records (OTP 29) to be mutated.
-module(fuzz_records).
-compile([export_all, nowarn_export_all]).

-if(?OTP_RELEASE >= 29).
-record #point{x=1, y=2}.
-record #backwards{zzzz=0, aaaa=1}.
-record #empty{}.
-record #bare{a, b=[1,2,3], c=1 bsl 70}.
-export_record([shown]).
-record #shown{left, right=none}.

run() ->
    P = id(#point{}),
    S = id(#shown{left=P}),
    [catch F() || F <- [
        fun() -> made(P, a) end, fun() -> updated(P) end, fun() -> updated(S) end, fun() -> read(P) end, fun() -> read(S) end,
        fun() -> [kind(X) || X <- [P, S, #empty{}, #backwards{}, #point{x=3}, {point, 1, 2}, x]] end, fun() -> grown(20, P) end,
        fun() -> sent(S) end, fun() -> kept(P, S) end, fun() -> foreign(#{left => 1}) end, fun() -> ordered([P, S, {}, #{}, #empty{}, 1]) end,
        fun() -> guards(P) end, fun() -> guards(S) end, fun() -> caught(P) end]].

made(P, A) -> [#point{y=A}, #empty{}, #bare{a=P, b=A}, #backwards{aaaa=P}, #shown{left=#shown{left=P}}].

updated(#point{} = P) -> {P#point{x=9}, P#_{y=8}, P#point{y={P#point.x}, x=[]}};
updated(R) -> {R#_{left=1, right=2}, R#?MODULE:shown{right=3}, (R#_{right=R})#_.right}.

read(#point{x=X, y=Y} = P) -> {X, Y, P#point.x, P#_.y, P#?MODULE:point.x};
read(R) -> {R#_.left, R#shown.right, R#?MODULE:shown.left, R#point.x}.

kind(#point{x=1, y=Y}) -> {one, Y};
kind(#point{}) -> point;
kind(#empty{}) -> empty;
kind(#backwards{aaaa=A, zzzz=Z}) -> [A | Z];
kind(#?MODULE:shown{left=#point{x=X}}) -> {left, X};
kind(#_{left=L}) -> {some, L};
kind(X) when is_record(X) -> record;
kind(_) -> none.

grown(0, R) -> R;
grown(N, #point{x=L, y=Y} = R) -> grown(N - 1, R#point{x=[#shown{left=N} | L], y=Y + 1}).

sent(R) ->
    self() ! R,
    receive #shown{left=L} = Got -> {L, Got =:= R, binary_to_term(term_to_binary(R))} after 0 -> none end.

kept(A, B) ->
    C = id(A),
    {id(B), C, A =:= C, A == B, id(C#point{x=B}), #{A => B}}.

foreign(M) ->
    R = records:create(elsewhere, r, maps:to_list(M), #{is_exported => true}),
    {R#_.left, R#_{left=2}, R#shown{left=3}, records:get_field_names(R)}.

ordered(L) -> {lists:sort(L), lists:usort([erlang:phash2(X) || X <- L]), lists:max(L), erts_debug:flat_size(L)}.

guards(R) when is_record(R, ?MODULE, point) -> {point, is_record(R, point), is_tuple(R)};
guards(R) when is_record(R, shown) -> shown;
guards(_) -> neither.

caught(R) -> {catch R#shown.left, catch R#empty{}, try R#_{nothing=1} catch C:E -> {C, E} end}.
-else.
run() -> [].
-endif.

id(X) -> X.
