%% Records read and updated, and case over their fields.
-module(records).
-export([run/0]).
-record(r, {a = 0, b = 1, c = [], d = ok, e = undefined, f = 0}).

run() -> loop(100000, #r{}).

loop(0, #r{c = C} = R) -> {R#r{c = []}, length(C)};
loop(N, #r{a = A, b = B, d = ok} = R) when N rem 2 =:= 0 -> loop(N - 1, R#r{a = A + B, d = next, f = N});
loop(N, #r{a = A, c = C, d = next} = R) when N rem 100 =:= 1 -> loop(N - 1, R#r{a = A - 1, c = [N | C], d = ok});
loop(N, #r{d = D} = R) -> loop(N - 1, R#r{d = turn(D), e = {N, D}}).

turn(ok) -> next;
turn(next) -> ok.
