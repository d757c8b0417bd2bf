%% What is said of raw files that are closed, or not open for it, whatever the arguments are.
-module(closed_files).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    Name = "/tmp/closed_files_" ++ os:getpid(),
    ok = file:write_file(Name, <<"0123456789">>),
    {ok, F} = file:open(Name, [raw, binary, read, write]),
    ok = file:close(F),
    p(position, [file:position(F, At) || At <- [0, foo, {foo, 1}, {cur, foo}, -1, 1 bsl 64]]),
    p(read, [file:read(F, N) || N <- [0, 1, foo, -1, 1 bsl 64]]),
    p(pread, [file:pread(F, At, N) || At <- [0, bof, {eof, -2}, {foo, 1}, -1], N <- [0, 3, foo, 1 bsl 64]]),
    p(preads, [file:pread(F, L) || L <- [[], [{bof, 3}], [{0, foo}], [{foo, 5}, {{cur, 2}, 5}]]]),
    p(write, [file:write(F, D) || D <- [[], <<"a">>, [1000], foo]]),
    p(pwrite, [file:pwrite(F, At, D) || At <- [0, bof, foo, -1], D <- [<<"a">>, [], [1000]]]),
    p(pwrites, [file:pwrite(F, L) || L <- [[], [{bof, "a"}], [{{eof, -2}, "b"}], [{0, [1000]}], [{foo, foo}]]]),
    p(advise, [file:advise(F, At, 0, A) || At <- [0, foo], A <- [normal, foo]]),
    p(allocate, [file:allocate(F, At, N) || At <- [0, foo], N <- [0, foo, 10]]),
    p(others, [file:sync(F), file:datasync(F), file:truncate(F), file:close(F)]),
    {ok, W} = file:open(Name, [raw, binary, write]),
    p(not_to_read, [file:pread(W, At, N) || At <- [0, 1], N <- [0, 1]] ++ [file:pread(W, [{0, 0}, {1, foo}]), file:read(W, 0), file:read(W, 1)]),
    ok = file:close(W),
    file:delete(Name).
