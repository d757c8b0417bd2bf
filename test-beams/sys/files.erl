-module(files).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).
-include_lib("kernel/include/file.hrl").

main() ->
    p(write_read, [file:write_file("a.txt", "hello\nworld\n"), file:read_file("a.txt"), file:write_file("a.txt", [<<"more">>, "\n"], [append]), file:read_file("a.txt")]),
    p(errors, [file:read_file("none"), file:write_file("no/dir", "x"), file:make_dir("a.txt"), file:del_dir("none"), file:open("none", [read]), file:rename("none", "x"), file:list_dir("none"), file:read_file("."), file:delete("none"), file:read_link("a.txt")]),
    p(dirs, [file:make_dir("d"), file:make_dir("d"), filelib:ensure_dir("d/e/f/x"), file:write_file("d/e/f/x", ""), file:del_dir("d"), lists:sort(element(2, file:list_dir("d"))), filelib:is_dir("d"), filelib:is_file("d/e/f/x"), filelib:is_regular("d")]),
    p(wildcard, [lists:sort(filelib:wildcard("**/x")), filelib:wildcard("*.txt"), filelib:wildcard("{a,b}.t?t"), filelib:file_size("a.txt")]),
    p(info, begin {ok, I} = file:read_file_info("a.txt"), {I#file_info.size, I#file_info.type, I#file_info.access, I#file_info.links} end),
    p(chmod, [file:change_mode("a.txt", 8#600), begin {ok, I2} = file:read_file_info("a.txt"), I2#file_info.mode band 8#777 end]),
    p(times, [file:change_time("a.txt", {{2020, 1, 2}, {3, 4, 5}}), begin {ok, I3} = file:read_file_info("a.txt"), I3#file_info.mtime end, begin {ok, I4} = file:read_file_info("a.txt", [{time, universal}]), I4#file_info.mtime end, begin {ok, I5} = file:read_file_info("a.txt", [{time, posix}]), I5#file_info.mtime end]),
    p(links, [file:make_symlink("a.txt", "l"), file:read_link("l"), begin {ok, L1} = file:read_link_info("l"), L1#file_info.type end, file:read_file("l") =:= file:read_file("a.txt"), file:make_link("a.txt", "h"), begin {ok, L2} = file:read_file_info("h"), L2#file_info.links end]),
    p(rename_copy, [file:rename("h", "h2"), file:copy("a.txt", "c.txt"), file:read_file("c.txt"), file:delete("h2"), file:copy("none", "x")]),
    [rw(Modes) || Modes <- [[], [raw], [binary], [raw, binary], [raw, binary, read_ahead], [raw, delayed_write, binary], [ram, binary]]],
    p(read_line, begin ok = file:write_file("lines", "one\ntwo\r\n\nlast"), {ok, F} = file:open("lines", [read]), L3 = lines(F), file:close(F), L3 end),
    p(read_line_raw, begin {ok, F2} = file:open("lines", [read, raw, binary, read_ahead]), L4 = lines(F2), file:close(F2), L4 end),
    p(io, begin {ok, F3} = file:open("io.txt", [write]), io:format(F3, "~p.~n~s~n", [{a, 1}, "text"]), io:put_chars(F3, "end"), file:close(F3), file:read_file("io.txt") end),
    p(utf8, begin {ok, F4} = file:open("u.txt", [write, {encoding, utf8}]), io:format(F4, "~ts~n", ["åα"]), file:close(F4), {ok, F5} = file:open("u.txt", [read, {encoding, utf8}]), L5 = io:get_line(F5, ""), file:close(F5), {file:read_file("u.txt"), L5} end),
    p(consult, [file:write_file("t.terms", "{a, 1}.\n[b, \"c\"].\n% comment\n#{x => 1.5}.\n"), file:consult("t.terms"), file:write_file("bad.terms", "{a, .\n"), file:consult("bad.terms"), file:consult("none")]),
    p(script, [file:write_file("s.script", "X = 2, Y = X * A, {X, Y}.\n"), file:script("s.script", [{'A', 21}])]),
    p(truncate, begin {ok, F6} = file:open("t", [read, write, raw, binary]), file:write(F6, "0123456789"), file:position(F6, 4), file:truncate(F6), file:position(F6, bof), R6 = file:read(F6, 100), file:close(F6), R6 end),
    p(closed, begin {ok, F7} = file:open("t", [read, raw]), file:close(F7), {file:read(F7, 1), file:close(F7)} end),
    p(modes, [begin {ok, F8} = file:open("m", O), R8 = {file:write(F8, "x"), file:read(F8, 1)}, file:close(F8), R8 end || O <- [[write, raw], [read, raw], [append, raw], [read, write, raw]]]),
    p(exclusive, [element(1, file:open("ex", [write, exclusive])), file:open("ex", [write, exclusive])]),
    p(compressed, begin {ok, F9} = file:open("z.gz", [write, compressed]), file:write(F9, lists:duplicate(1000, $z)), file:close(F9), {ok, F10} = file:open("z.gz", [read, compressed, binary]), {ok, D10} = file:read(F10, 2000), file:close(F10), {byte_size(D10), filelib:file_size("z.gz") < 200} end),
    p(allocate, begin {ok, F11} = file:open("al", [write, raw]), R11 = [file:datasync(F11), file:sync(F11), file:advise(F11, 0, 0, sequential)], file:close(F11), R11 end),
    p(names, [file:write_file("åäö.txt", "x"), lists:member("åäö.txt", element(2, file:list_dir("."))), file:write_file(<<"bin.txt">>, "y"), file:read_file("bin.txt"), file:native_name_encoding()]),
    t(bad_name, fun() -> file:read_file(id([0])) end),
    t(bad_name2, fun() -> file:read_file(id({a})) end),
    p(bad_mode, file:open("x", [id(bad_mode)])),
    p(cwd, begin {ok, C} = file:get_cwd(), ok = file:set_cwd("d"), {ok, C2} = file:get_cwd(), ok = file:set_cwd(C), {filename:basename(C2), file:set_cwd("nodir")} end),
    p(big, begin B = binary:copy(<<"0123456789abcdef">>, 100000), ok = file:write_file("big", B), {ok, B2} = file:read_file("big"), {byte_size(B2), B =:= B2} end),
    p(del_r, [file:del_dir_r("d"), filelib:is_dir("d")]),
    p(fold, lists:sort(filelib:fold_files(".", "\\.txt$", true, fun(F12, A12) -> [filename:basename(F12) | A12] end, []))),
    p(format_error, [file:format_error(E) || E <- [enoent, eacces, enotdir, eexist]]),
    p(path, [element(1, file:path_open([".", "d"], "a.txt", [read])), file:path_consult(["."], "none")]),
    p(sendfile, begin {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}}]), {ok, Port} = inet:port(L), Me = self(), spawn(fun() -> {ok, S} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}]), {ok, D} = gen_tcp:recv(S, 10), Me ! {got, D} end), {ok, A} = gen_tcp:accept(L), {ok, Sent} = file:sendfile("lines", A), R13 = receive {got, D} -> D after 2000 -> none end, {Sent, R13} end).

rw(Modes) ->
    {ok, F} = case lists:member(ram, Modes) of
        true -> file:open("", [read, write | Modes]);
        false -> file:open("rw", [read, write | Modes])
    end,
    R = [file:write(F, "0123456789"), file:position(F, 3), file:read(F, 2), file:position(F, {cur, 1}), file:read(F, 3), file:position(F, {eof, -2}), file:read(F, 10), file:read(F, 1),
         file:pread(F, 1, 3), file:pread(F, [{0, 2}, {5, 2}, {100, 1}]), file:pwrite(F, 2, "XY"), file:pwrite(F, [{0, "a"}, {9, "zz"}]), file:pread(F, 0, 20), file:position(F, {bof, 5}), file:position(F, -1), file:position(F, eof)],
    file:close(F),
    p({rw, Modes}, R).

lines(F) -> case file:read_line(F) of {ok, L} -> [L | lines(F)]; E -> [E] end.
