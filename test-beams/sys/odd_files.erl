%% Files that answer at once and those that do not: of the kernel's own, pipes with names, large ones, none.
-module(odd_files).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    p(kernel, [begin {ok, B} = file:read_file(F), byte_size(B) > 0 end || F <- ["/proc/self/stat", "/proc/self/status"]]),
    {ok, Self} = file:open("/proc/self/stat", [read, raw, binary]),
    p(kernel_open, [element(1, file:pread(Self, 0, 10)), file:close(Self), file:close(Self)]),
    p(nothing, [file:read_file(F) || F <- ["none", "none/none", "", "/proc/none"]]),
    p(no_directory, [file:list_dir("none"), file:read_file_info("none"), file:open("none/none", [read])]),
    ok = file:write_file("plain", <<"abc">>),
    ok = file:write_file("empty", <<>>),
    ok = file:write_file("large", binary:copy(<<"0123456789">>, 60000)),
    p(read, [file:read_file("plain"), file:read_file("empty"), file:read_file("plain/x"), file:list_dir("plain")]),
    p(large, begin {ok, L} = file:read_file("large"), {byte_size(L), erlang:crc32(L)} end),
    {ok, D} = file:open("large", [read, raw, binary]),
    p(parts, [begin {ok, Part} = file:pread(D, At, 300000), byte_size(Part) end || At <- [0, 299999, 500000]]),
    ok = file:close(D),
    ok = file:make_dir("many"),
    [ok = file:write_file("many/" ++ integer_to_list(N), <<>>) || N <- lists:seq(1, 600)],
    {ok, Names} = file:list_dir("many"),
    p(many, length(lists:usort(Names))),
    p(directory, [file:read_file("many"), element(1, file:open("many", [read, raw])), element(1, file:open("many", [read, raw, directory]))]),
    pipe(os:cmd("mkfifo pipe")).

%% Whoever opens a pipe waits for the other end. Nobody else does.
pipe("") ->
    Me = self(),
    Reader = spawn_link(fun() -> {ok, F} = file:open("pipe", [read, raw, binary]), Me ! {self(), file:read(F, 5)}, ok = file:close(F) end),
    Turns = [spawn_link(fun() -> Me ! {self(), lists:sum([receive after 1 -> X end || X <- lists:seq(1, 20)])} end) || _ <- lists:seq(1, 20)],
    p(others, lists:usort([receive {T, Sum} -> Sum end || T <- Turns])),
    p(waits, receive {Reader, _} -> no after 0 -> yes end),
    {ok, W} = file:open("pipe", [write, raw, binary]),
    ok = file:write(W, <<"hello">>),
    p(piped, receive {Reader, Read} -> Read end),
    ok = file:close(W).
