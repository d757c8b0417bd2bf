%% vm: own
%% timeout: 60
%% Libraries compiled with old headers have shorter structures: nothing is written behind them.
-module(nif_old_binaries).
-export([main/0, inspect/1, iolist/1, alloc/1, realloc/2, external/1]).
-import(tb, [p/2, t/2]).

main() ->
    Include = filename:join([code:root_dir(), "usr", "include"]),
    ok = file:write_file("old.c", source()),
    p(cc, os:cmd("cc -O1 -Wall -shared -fPIC -I" ++ Include ++ " -o old.so old.c")),
    p(load, erlang:load_nif("./old", 0)),
    p(inspect, [inspect(B) || B <- [<<>>, <<"abc">>, binary:copy(<<"x">>, 100)]]),
    p(iolist, [iolist(L) || L <- ["abc", [], [<<"a">>, [$b]], <<"c">>]]),
    p(alloc, [{N, byte_size(B), W} || N <- [0, 10, 100], {B, W} <- [alloc(N)]]),
    p(realloc, [{N, M, byte_size(B), W} || {N, M} <- [{1, 100}, {100, 1}, {100, 200}], {B, W} <- [realloc(N, M)]]),
    p(external, [external(T) || T <- [a, {1, [2]}]]).

inspect(_) -> erlang:nif_error(none).
iolist(_) -> erlang:nif_error(none).
alloc(_) -> erlang:nif_error(none).
realloc(_, _) -> erlang:nif_error(none).
external(_) -> erlang:nif_error(none).

source() -> "
#include <erl_nif.h>
#include <string.h>
/* As it was, with what may lie behind it. */
typedef struct { size_t size; unsigned char *data; void *own[2]; unsigned char behind[16]; } Old;
#define B(old) ((ErlNifBinary *)(void *)(old))
static void init(Old *b) { memset(b, 0, sizeof *b); memset(b->behind, 0x55, 16); }
static ERL_NIF_TERM answer(ErlNifEnv *env, Old *b, ERL_NIF_TERM t) {
    int i, whole = 1;
    for (i = 0; i < 16; i++) if (b->behind[i] != 0x55) whole = 0;
    return enif_make_tuple2(env, t, enif_make_atom(env, whole ? \"whole\" : \"overwritten\"));
}
static ERL_NIF_TERM inspect(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
    Old b; init(&b);
    if (!enif_inspect_binary(env, argv[0], B(&b))) return enif_make_badarg(env);
    return answer(env, &b, enif_make_int(env, b.size));
}
static ERL_NIF_TERM iolist(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
    Old b; init(&b);
    if (!enif_inspect_iolist_as_binary(env, argv[0], B(&b))) return enif_make_badarg(env);
    return answer(env, &b, enif_make_int(env, b.size));
}
static ERL_NIF_TERM alloc(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
    Old b; int n; init(&b);
    if (!enif_get_int(env, argv[0], &n) || !enif_alloc_binary(n, B(&b))) return enif_make_badarg(env);
    memset(b.data, 1, b.size);
    return answer(env, &b, enif_make_binary(env, B(&b)));
}
static ERL_NIF_TERM re_alloc(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
    Old b; int n, m; init(&b);
    if (!enif_get_int(env, argv[0], &n) || !enif_get_int(env, argv[1], &m)) return enif_make_badarg(env);
    if (!enif_alloc_binary(n, B(&b))) return enif_make_badarg(env);
    memset(b.data, 1, b.size);
    if (!enif_realloc_binary(B(&b), m)) return enif_make_badarg(env);
    memset(b.data, 2, b.size);
    return answer(env, &b, enif_make_binary(env, B(&b)));
}
static ERL_NIF_TERM external(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
    Old b; ERL_NIF_TERM t; init(&b);
    if (!enif_term_to_binary(env, argv[0], B(&b))) return enif_make_badarg(env);
    t = enif_make_int(env, b.size);
    enif_release_binary(B(&b));
    return answer(env, &b, t);
}
static ErlNifFunc functions[] = { {\"inspect\", 1, inspect}, {\"iolist\", 1, iolist}, {\"alloc\", 1, alloc},
                                  {\"realloc\", 2, re_alloc}, {\"external\", 1, external} };
ERL_NIF_INIT(nif_old_binaries, functions, NULL, NULL, NULL, NULL)
".
