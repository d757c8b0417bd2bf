%% vm: own
%% timeout: 60
%% A native library of the test's own, written in C and compiled on the spot.
-module(nif_calls).
-export([main/0, load/0]).
-export([add/2, sum/1, reverse/1, echo/1, make/1, types/1, atom/1, counter/0, bump/1, map/1, raise/1, binary/1, send/2, dirty/1, compare/2, big/1, strings/1, sched/1, resource_size/1]).
-import(tb, [p/2, t/2]).

main() ->
    Include = filename:join([code:root_dir(), "usr", "include"]),
    file:write_file("tbnif.c", source()),
    p(cc, os:cmd("cc -O1 -Wall -shared -fPIC -I" ++ Include ++ " -o tbnif.so tbnif.c")),
    t(before_load, fun() -> add(1, 2) end),
    p(load, load()),
    p(again, element(1, element(2, load()))),
    p(add, [add(1, 2), add(1 bsl 40, -1), add(1.5, 2)]),
    t(add_bad, fun() -> add(a, 1) end),
    p(sum, [sum([]), sum([1, 2, 3]), sum(lists:seq(1, 1000))]),
    t(sum_bad, fun() -> sum([1 | 2]) end),
    p(reverse, reverse([a, {b}, "c"])),
    p(echo, [echo(X) =:= X || X <- [1, 1 bsl 80, 1.5, a, "s", {}, #{}, <<1:3>>, self(), fun() -> ok end]]),
    p(make, make(3)),
    p(types, [types(X) || X <- [1, 1.5, a, [], [a], {}, #{}, <<>>, <<1:1>>, self(), make_ref(), fun() -> ok end, 1 bsl 70]]),
    p(atom, [atom("known"), atom([229])]),
    p(resource, begin C = counter(), [bump(C), bump(C), is_reference(C), bump(element(2, {x, C}))] end),
    t(resource_bad, fun() -> bump(make_ref()) end),
    p(resource_gc, begin [counter() || _ <- lists:seq(1, 100)], garbage_collect(), timer:sleep(10), resource_size(x) end),
    p(map, lists:sort(maps:to_list(map(#{a => 1, b => 2})))),
    t(raise, fun() -> raise({my, reason}) end),
    p(binary, [binary(<<"abc">>), byte_size(binary(binary:copy(<<"x">>, 1000))), binary(["io", [<<"list">>]])]),
    p(send, begin send(self(), {hello, [1, 2]}), receive M -> M after 1000 -> none end end),
    p(dirty, [dirty(cpu), dirty(io)]),
    p(compare, [compare(A, B) || {A, B} <- [{1, 2}, {a, a}, {[], {}}, {1, 1.0}]]),
    p(big, [big(0), big(1 bsl 63), big((1 bsl 64) - 1)]),
    t(big_bad, fun() -> big(1 bsl 64) end),
    p(strings, strings("text")),
    p(sched, sched(5)),
    p(parallel, begin Me = self(), [spawn(fun() -> Me ! {r, sum(lists:seq(1, N))} end) || N <- lists:seq(1, 50)], lists:sum([receive {r, X} -> X end || _ <- lists:seq(1, 50)]) end),
    p(missing_lib, element(1, element(2, erlang:load_nif("./no_such_lib", 0)))).

load() -> erlang:load_nif("./tbnif", 7).

add(_, _) -> erlang:nif_error(not_loaded).
sum(_) -> erlang:nif_error(not_loaded).
reverse(_) -> erlang:nif_error(not_loaded).
echo(_) -> erlang:nif_error(not_loaded).
make(_) -> erlang:nif_error(not_loaded).
types(_) -> erlang:nif_error(not_loaded).
atom(_) -> erlang:nif_error(not_loaded).
counter() -> erlang:nif_error(not_loaded).
bump(_) -> erlang:nif_error(not_loaded).
map(_) -> erlang:nif_error(not_loaded).
raise(_) -> erlang:nif_error(not_loaded).
binary(_) -> erlang:nif_error(not_loaded).
send(_, _) -> erlang:nif_error(not_loaded).
dirty(_) -> erlang:nif_error(not_loaded).
compare(_, _) -> erlang:nif_error(not_loaded).
big(_) -> erlang:nif_error(not_loaded).
strings(_) -> erlang:nif_error(not_loaded).
sched(_) -> erlang:nif_error(not_loaded).
resource_size(_) -> erlang:nif_error(not_loaded).

source() -> "
#include <erl_nif.h>
#include <string.h>
#define FN(name) static ERL_NIF_TERM name(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
static ErlNifResourceType *type;
static int alive = 0;
static void gone(ErlNifEnv *env, void *obj) { __atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST); }
static int load(ErlNifEnv *env, void **priv, ERL_NIF_TERM info) {
    int n;
    if (!enif_get_int(env, info, &n) || n != 7) return 1;
    type = enif_open_resource_type(env, NULL, \"counter\", gone, ERL_NIF_RT_CREATE, NULL);
    return type == NULL;
}
FN(add) {
    ErlNifSInt64 a, b; double x, y;
    if (enif_get_int64(env, argv[0], &a) && enif_get_int64(env, argv[1], &b)) return enif_make_int64(env, a + b);
    if (enif_get_int64(env, argv[1], &b)) y = (double)b; else if (!enif_get_double(env, argv[1], &y)) return enif_make_badarg(env);
    if (!enif_get_double(env, argv[0], &x)) return enif_make_badarg(env);
    return enif_make_double(env, x + y);
}
FN(sum) {
    ERL_NIF_TERM head, tail = argv[0]; long s = 0, n;
    while (enif_get_list_cell(env, tail, &head, &tail)) { if (!enif_get_long(env, head, &n)) return enif_make_badarg(env); s += n; }
    if (!enif_is_empty_list(env, tail)) return enif_make_badarg(env);
    return enif_make_long(env, s);
}
FN(reverse) { ERL_NIF_TERM r; return enif_make_reverse_list(env, argv[0], &r) ? r : enif_make_badarg(env); }
FN(echo) { return argv[0]; }
FN(make) {
    ERL_NIF_TERM l = enif_make_list(env, 0), m = enif_make_new_map(env); int i, n;
    if (!enif_get_int(env, argv[0], &n)) return enif_make_badarg(env);
    for (i = 0; i < n; i++) {
        l = enif_make_list_cell(env, enif_make_tuple2(env, enif_make_int(env, i), enif_make_string(env, \"s\", ERL_NIF_LATIN1)), l);
        enif_make_map_put(env, m, enif_make_int(env, i), enif_make_atom(env, \"v\"), &m);
    }
    return enif_make_tuple4(env, l, m, enif_make_uint64(env, 18446744073709551615ull), enif_make_double(env, 0.5));
}
FN(types) {
    static const char *names[] = {\"?\", \"atom\", \"bitstring\", \"float\", \"fun\", \"integer\", \"list\", \"map\", \"pid\", \"port\", \"reference\", \"tuple\"};
    int t = enif_term_type(env, argv[0]);
    return enif_make_tuple3(env, enif_make_atom(env, names[t]), enif_make_int(env, enif_is_number(env, argv[0])), enif_make_int(env, enif_is_binary(env, argv[0])));
}
FN(atom) {
    char buf[256]; ERL_NIF_TERM a;
    if (enif_get_string(env, argv[0], buf, sizeof buf, ERL_NIF_LATIN1) < 1) return enif_make_badarg(env);
    return enif_make_existing_atom(env, buf, &a, ERL_NIF_LATIN1) ? enif_make_tuple2(env, enif_make_atom(env, \"old\"), a) : enif_make_atom(env, buf);
}
FN(counter) {
    int *c = enif_alloc_resource(type, sizeof(int)); ERL_NIF_TERM t;
    *c = 0; __atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    t = enif_make_resource(env, c); enif_release_resource(c); return t;
}
FN(bump) { void *c; return enif_get_resource(env, argv[0], type, &c) ? enif_make_int(env, ++*(int *)c) : enif_make_badarg(env); }
FN(resource_size) { return enif_make_int(env, __atomic_load_n(&alive, __ATOMIC_SEQ_CST) < 100); }
FN(map) {
    ErlNifMapIterator it; ERL_NIF_TERM k, v, m = enif_make_new_map(env); size_t n;
    if (!enif_get_map_size(env, argv[0], &n) || !enif_map_iterator_create(env, argv[0], &it, ERL_NIF_MAP_ITERATOR_FIRST)) return enif_make_badarg(env);
    while (enif_map_iterator_get_pair(env, &it, &k, &v)) { enif_make_map_put(env, m, v, k, &m); enif_map_iterator_next(env, &it); }
    enif_map_iterator_destroy(env, &it);
    enif_make_map_put(env, m, enif_make_atom(env, \"size\"), enif_make_ulong(env, n), &m);
    return m;
}
FN(raise) { return enif_raise_exception(env, argv[0]); }
FN(binary) {
    ErlNifBinary in; ERL_NIF_TERM t; unsigned char *out; size_t i;
    if (!enif_inspect_iolist_as_binary(env, argv[0], &in)) return enif_make_badarg(env);
    out = enif_make_new_binary(env, in.size, &t);
    for (i = 0; i < in.size; i++) out[i] = in.data[in.size - 1 - i];
    return t;
}
FN(send) {
    ErlNifPid to; ErlNifEnv *e = enif_alloc_env(); int ok;
    if (!enif_get_local_pid(env, argv[0], &to)) { enif_free_env(e); return enif_make_badarg(env); }
    ok = enif_send(env, &to, e, enif_make_tuple2(e, enif_make_atom(e, \"sent\"), enif_make_copy(e, argv[1])));
    enif_free_env(e);
    return enif_make_int(env, ok);
}
FN(dirty) { return enif_make_int(env, enif_thread_type()); }
FN(compare) { int c = enif_compare(argv[0], argv[1]); return enif_make_tuple2(env, enif_make_int(env, (c > 0) - (c < 0)), enif_make_int(env, enif_is_identical(argv[0], argv[1]) != 0)); }
FN(big) { ErlNifUInt64 n; return enif_get_uint64(env, argv[0], &n) ? enif_make_uint64(env, n) : enif_make_badarg(env); }
FN(strings) {
    char buf[8]; int a = enif_get_string(env, argv[0], buf, 3, ERL_NIF_LATIN1), b = enif_get_string(env, argv[0], buf, 8, ERL_NIF_LATIN1);
    return enif_make_list2(env, enif_make_int(env, a), enif_make_int(env, b));
}
FN(step) {
    int n; enif_get_int(env, argv[0], &n);
    if (n == 0) return enif_make_atom(env, \"done\");
    { ERL_NIF_TERM next[1] = {enif_make_int(env, n - 1)}; return enif_schedule_nif(env, \"step\", n % 2 ? ERL_NIF_DIRTY_JOB_CPU_BOUND : 0, step, 1, next); }
}
static ErlNifFunc fns[] = {{\"add\", 2, add}, {\"sum\", 1, sum}, {\"reverse\", 1, reverse}, {\"echo\", 1, echo}, {\"make\", 1, make}, {\"types\", 1, types}, {\"atom\", 1, atom},
    {\"counter\", 0, counter}, {\"bump\", 1, bump}, {\"resource_size\", 1, resource_size}, {\"map\", 1, map}, {\"raise\", 1, raise}, {\"binary\", 1, binary}, {\"send\", 2, send}, {\"dirty\", 1, dirty, ERL_NIF_DIRTY_JOB_CPU_BOUND},
    {\"compare\", 2, compare}, {\"big\", 1, big}, {\"strings\", 1, strings}, {\"sched\", 1, step}};
ERL_NIF_INIT(nif_calls, fns, load, NULL, NULL, NULL)
".
