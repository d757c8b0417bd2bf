%% modes: plain
-module(raw_files).
-export([main/0]).

% What the natives of prim_file and prim_buffer answer, to wrong arguments too.
main() -> names(), files(), dirs(), bufs().
d(X) -> tb:p(d, X).
c(F) -> try F() of X -> tb:p(c, X) catch C:R -> tb:p(c, {C, R}) end.
names() ->
  d(file:native_name_encoding()),
  [c(fun() -> prim_file:internal_name2native(N) end) || N <- ["abc", [$a,[$b|"c"]], <<"raw",255>>, "\x{3b1}\x{1f600}", "", <<>>, abc, [0], <<0>>, [256,-1], "a"++b, [<<"x">>], {1}]],
  [c(fun() -> prim_file:internal_native2name(N) end) || N <- [<<"abc">>, <<"å"/utf8>>, <<255,254>>, <<>>, abc, "abc"]],
  [c(fun() -> prim_file:is_translatable(N) end) || N <- [<<"abc">>, <<"å"/utf8>>, <<255,254>>, <<>>, abc, "abc"]].
t(I) -> lists:foldl(fun({N, V}, A) -> setelement(N, A, V) end, I, [{5, a}, {6, m}, {7, c}, {10, dev}, {11, rdev}, {12, ino}, {13, uid}, {14, gid}]).
info({ok, I}) -> {ok, t(I)};
info(X) -> X.
files() ->
  A = "d/a",
  d(prim_file:make_dir("d")),
  d(prim_file:make_dir("d")),
  d(prim_file:write_file(A, ["hello ", <<"world">>])),
  d(prim_file:read_file(A)),
  d(prim_file:read_file("none")),
  d(prim_file:read_file("d/x")),
  d(prim_file:read_file("/proc/self/comm") =/= {ok, <<>>}),
  c(fun() -> prim_file:read_file(abc) end),
  {ok, F} = prim_file:open(A, [read, write, raw, binary]),
  d(prim_file:read(F, 5)), d(prim_file:read(F, 100)), d(prim_file:read(F, 1)), d(prim_file:read(F, 0)),
  d(prim_file:position(F, 3)), d(prim_file:position(F, {cur, 2})), d(prim_file:position(F, {eof, -1})), d(prim_file:position(F, -1)),
  d(prim_file:position(F, {cur, -100})), c(fun() -> prim_file:position(F, {foo, 1}) end), c(fun() -> prim_file:position(F, {bof, 1 bsl 64}) end),
  d(prim_file:pread(F, 2, 3)), d(prim_file:pread(F, 2, 0)), d(prim_file:pread(F, 200, 3)), d(prim_file:pread(F, -1, 3)), d(prim_file:pread(F, 1 bsl 70, 3)), d(prim_file:pread(F, a, 3)),
  d(prim_file:pread(F, 1.0, 3)),
  d(prim_file:pread(F, [{0,2},{100,1},{3,3}])),
  d(prim_file:read(F, 1 bsl 62)),
  d(prim_file:pwrite(F, 100, ["tail", <<1,2,3>>])), d(prim_file:pwrite(F, [{0, "HE"}, {2, "LL"}])), d(prim_file:pwrite(F, -1, "x")), d(prim_file:pwrite(F, [{0,"a"},{-1, "x"}])),
  d(prim_file:sync(F)), d(prim_file:datasync(F)),
  d(prim_file:position(F, 20)), d(prim_file:truncate(F)), d(prim_file:read_file(A)),
  d(prim_file:allocate(F, 0, 50)), d(prim_file:allocate(F, -1, 50)), d(prim_file:allocate(F, a, 50)),
  d(prim_file:advise(F, 0, 0, sequential)), d(prim_file:advise(F, 0, 0, foo)), d(prim_file:advise(F, 0, -2, normal)),
  d(info(prim_file:read_handle_info(F))),
  d(info(prim_file:read_file_info(A))), 
  d(byte_size(prim_file:get_handle(F))),
  d(prim_file:close(F)), d(prim_file:close(F)), d(prim_file:read(F, 1)), d(prim_file:get_handle(F)),
  {ok, L} = prim_file:open(A, [write, raw, binary]),
  d(prim_file:write(L, [[<<I>> || I <- lists_seq(1,200)], binary_copy(1000)])),
  d(prim_file:read(L, 1)), 
  d(prim_file:position(L, cur)), d(prim_file:close(L)),
  {ok, B} = prim_file:open(A, [read, {read_ahead, 50}]),
  d(prim_file:read(B, 3)), d(prim_file:position(B, cur)), d(prim_file:read(B, 100)), d(prim_file:position(B, {cur, 0})), 
  d(prim_file:close(B)),
  ok = prim_file:write_file(A, ["line1\nline2\r\n", binary_copy(700), "\nlast"]),
  {ok, R} = prim_file:open(A, [read, raw, binary, read_ahead]),
  d(prim_file:read_line(R)), d(prim_file:read_line(R)), d(prim_file:read_line(R)), d(prim_file:read_line(R)), d(prim_file:read_line(R)), prim_file:close(R),
  d(prim_file:open(A, [write, exclusive])),
  {ok, P} = prim_file:open(A, [append]), d(prim_file:write(P, "more")), d(prim_file:close(P)),
  d(prim_file:read_file_info(A, [{time, posix}]) =/= ok),
  ok = prim_file:write_file(A, <<5:32, 8:32, "abcdefg">>),
  {ok, I} = prim_file:open(A, [read]), d(prim_file:ipread_s32bu_p32bu(I, 0, 100)), d(prim_file:ipread_s32bu_p32bu(I, 0, 4)), d(prim_file:ipread_s32bu_p32bu(I, 3, 100)), d(prim_file:ipread_s32bu_p32bu(I, 9, infinity)), prim_file:close(I),
  d(prim_file:open("d", [read])), d(prim_file:open("d", [write])), {ok,D} = prim_file:open("d", [read,directory]), d(prim_file:read(D,1)), prim_file:close(D), d(prim_file:open(A, [directory])),
  c(fun() -> prim_file:open(A, foo) end), d(prim_file:open("/tmp/x\0y", [read])), d(prim_file:open("", [read])), c(fun() -> element(1,prim_file:open(A, [read|foo])) end),
  d(prim_file:file_desc_to_ref(999, [])), d(prim_file:file_desc_to_ref(foo, [])).
lists_seq(A,B) when A > B -> []; lists_seq(A,B) -> [A|lists_seq(A+1,B)].
binary_copy(N) -> iolist_to_binary([$x || _ <- lists_seq(1,N)]).
dirs() ->
  A = "d/a", 
  d(prim_file:make_symlink("a", "d/s")), d(prim_file:make_symlink("a", "d/s")), d(prim_file:read_link("d/s")), d(prim_file:read_link(A)), d(info(prim_file:read_link_info("d/s"))), d(info(prim_file:read_file_info("d/s"))),
  d(prim_file:make_link(A, "d/h")), d(info(prim_file:read_link_info("d/h"))),
  d(prim_file:rename("d/h", "d/h2")), d(prim_file:rename("d/h", "d/h2")), d(prim_file:rename("/", "d/h2")),
  d(prim_file:make_dir("d/e")), d(prim_file:rename("d/e", "d/a")),  d(prim_file:rename("d/a", "d/e")),
  d(prim_file:delete("d/e")), d(prim_file:del_dir("d/a")), d(prim_file:del_dir("d")), 
  d(prim_file:write_file(<<"d/",255,".x">>, "raw")),
  {ok, L} = prim_file:list_dir_all("d"), d(sort(L)), d(prim_file:list_dir(A)), d(prim_file:list_dir("/nonexist")),
  {ok, Cwd} = prim_file:get_cwd(),
  d(prim_file:set_cwd("d/e")), d(prim_file:del_dir(".")), d(prim_file:set_cwd(Cwd)),
  d(prim_file:set_cwd("/nonexist")), d(prim_file:get_cwd("C:")), d(prim_file:get_cwd("CC")),
  d(prim_file:write_file_info(A, {file_info,undefined,undefined,undefined,1000000000,2000000000,undefined,8#640,undefined,undefined,undefined,undefined,undefined,undefined}, [{time,posix}])),
  d(prim_file:read_file_info(A, [{time,posix}]) =:= x),
  {ok, I} = prim_file:read_file_info(A, [{time,posix}]), d({element(5,I),element(6,I),element(8,I),element(4,I)}),
  {ok, I3} = prim_file:read_file_info(A, [{time,universal}]), d({element(5,I3),element(6,I3),element(8,I3),element(4,I3)}),
  d(prim_file:write_file_info(A, {file_info,undefined,undefined,undefined,-5,-3000000000,undefined,8#4640,undefined,undefined,undefined,undefined,undefined,undefined}, [{time,posix}])),
  {ok, I2} = prim_file:read_file_info(A, [{time,posix}]), d({element(5,I2),element(6,I2),element(8,I2)}),
  d(prim_file:altname(A)), d(prim_file:read_file_info("/dev/null") =/= x), {ok,N} = prim_file:read_file_info("/dev/null"), d({element(2,N),element(3,N),element(4,N),element(8,N)}),
  d(prim_file:delete("d/s")), d(prim_file:delete("d/s")), d(prim_file:delete("d/h2")), d(prim_file:delete(A)), d(prim_file:delete(<<"d/",255,".x">>)), d(prim_file:del_dir("d")),
  d(prim_file:del_dir("d")).
sort(L) -> [X || {X} <- ins(L, [])].
ins([], Acc) -> Acc; ins([H|T], Acc) -> ins(T, i({H}, Acc)).
i(X, []) -> [X]; i(X, [H|T]) when X =< H -> [X,H|T]; i(X,[H|T]) -> [H|i(X,T)].
bufs() ->
  B = prim_buffer:new(), d(prim_buffer:size(B)), d(prim_buffer:write(B, [<<"abc">>, <<"def\n">>])), d(prim_buffer:find_byte_index(B, $\n)), d(prim_buffer:find_byte_index(B, $q)),
  d(prim_buffer:read(B, 2)), c(fun() -> prim_buffer:read(B, 20) end), d(prim_buffer:size(B)), d(prim_buffer:skip(B, 1)), c(fun() -> prim_buffer:skip(B, 10) end),
  d(prim_buffer:write(B, [binary_copy(3000)])), d(prim_buffer:write(B, [binary_copy(100)])), d(byte_size(prim_buffer:read(B, 2000))), d([byte_size(X) || X <- prim_buffer:read_iovec(B, 1100)]),
  d(prim_buffer:write(B, [<<I>> || I <- lists_seq(0,255)])), d(prim_buffer:size(B)), d(prim_buffer:find_byte_index(B, 200)), 
  c(fun() -> prim_buffer:write(B, <<"x">>) end), c(fun() -> prim_buffer:write(B, [x]) end), c(fun() -> prim_buffer:find_byte_index(B, 256) end), c(fun() -> prim_buffer:find_byte_index(B, x) end), c(fun() -> prim_buffer:size(foo) end), c(fun() -> prim_buffer:size(make_ref()) end),
  d(prim_buffer:try_lock(B)), d(prim_buffer:try_lock(B)), d(prim_buffer:unlock(B)), c(fun() -> prim_buffer:unlock(B) end), d(prim_buffer:wipe(B)), d(prim_buffer:size(B)),
  ok = prim_buffer:write(B, [binary_copy(2000000)]), d(prim_buffer:find_byte_index(B, $y)), d(prim_buffer:size(B)).
