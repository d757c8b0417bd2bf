%% A file written and read in small and large pieces.
-module(files).
-export([run/0]).

run() ->
    Name = filename:join("/tmp", "bench_files." ++ os:getpid()),
    Line = <<"a line of some forty bytes, to be read\n">>,
    ok = file:write_file(Name, binary:copy(Line, 20000)),
    {ok, F} = file:open(Name, [raw, read, binary, {read_ahead, 65536}]),
    N = lines(F, 0),
    file:close(F),
    {ok, W} = file:open(Name, [raw, write]),
    [ok = file:write(W, Line) || _ <- lists:seq(1, 500)],
    file:close(W),
    {ok, B} = file:read_file(Name),
    {ok, R} = file:open(Name, [raw, read, binary]),
    S = lists:sum([begin {ok, X} = file:pread(R, P * 39, 39), binary:first(X) end || P <- lists:seq(0, 499)]),
    file:close(R),
    ok = file:delete(Name),
    {N, byte_size(B), S}.

lines(F, N) -> case file:read_line(F) of {ok, _} -> lines(F, N + 1); eof -> N end.
