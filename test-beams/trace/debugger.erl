%% dbg: a tracer with a handler, patterns, specifications made of funs.
-module(debugger).
-export([main/0, f/1, g/1]).

f(X) -> g(X) + 1.
g(X) when X > 100 -> error(X);
g(X) -> X * 2.

main() ->
    Me = self(),
    {ok, _} = dbg:tracer(process, {fun(M, N) -> Me ! {n, N, M}, N + 1 end, 1}),
    d(ok(dbg:p(self(), [c]))),
    d(ok(dbg:tp(?MODULE, f, 1, []))),
    d(ok(dbg:tpl(?MODULE, g, 1, [{'_', [], [{return_trace}]}]))),
    ?MODULE:f(1),
    show(4),
    d(ok(dbg:ctp(?MODULE, f, 1))),
    d(ok(dbg:tpl(?MODULE, g, '_', cx))),
    ?MODULE:f(2),
    (catch ?MODULE:f(101)),
    show(4),
    d(ok(dbg:ctpl(?MODULE))),
    d(ok(dbg:ctpg())),
    ?MODULE:f(3),
    d(ok(dbg:p(all, clear))),
    d([K || {K, _} <- [dbg:get_tracer()]]),
    dbg:stop_clear(),
    receive M -> d(M) after 50 -> ok end.

ok({ok, L}) -> {ok, lists:sort([{matched, min(N, 1)} || {matched, _, N} <- L])};
ok(X) -> X.
show(0) -> ok;
show(N) -> receive {n, I, M} -> d({I, setelement(2, M, pid)}) after 2000 -> d(missing) end, show(N - 1).
d(X) -> io:format("~0tp~n", [X]).
