%% vm: own
%% timeout: 60
%% Loading native libraries: what is refused and how, versions of a module, resources that outlive their module.
-module(nif_loading).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    p(good, [begin cc("lib" ++ V, source(["-DVERSION=" ++ V])) end || V <- ["1", "2"]]),
    [cc(N, source(O)) || {N, O} <- bad()],
    {ok, nolib} = file:write_file("text.so", "this is no library") =:= ok andalso {ok, nolib},
    Beam = beam("tbv"),
    {module, tbv} = code:load_binary(tbv, "tbv.erl", Beam),
    p(missing, shorten(tbv:load("./none", 0))),
    p(text, element(1, element(2, tbv:load("./text", 0)))),
    [p(list_to_atom(N), tbv:load("./" ++ N, 0)) || {N, _} <- bad()],
    p(veto, tbv:load("./lib1", 77)),
    p(path, catch tbv:load(not_a_path, 0)),
    p(applied, apply(tb:id(erlang), load_nif, ["./lib1", 0])),
    p(load, tbv:load("./lib1", self())),
    p(calls, flush()),
    p(again, tbv:load("./lib1", 0)),
    p(version, [tbv:version(), tbv:counter()]),
    R = tbv:resource(<<"first">>),
    p(resource, tbv:read(R)),
    %% A second version takes the private data and the resources over.
    {module, tbv} = code:load_binary(tbv, "tbv.erl", Beam),
    p(unloaded_yet, [catch tbv:version(), flush()]),
    p(upgrade_veto, tbv:load("./lib2", 77)),
    p(upgrade, tbv:load("./lib2", self())),
    p(upgrade_calls, flush()),
    p(version_2, [tbv:version(), tbv:counter(), tbv:read(R)]),
    p(purge, [code:purge(tbv), flush()]),
    p(after_purge, [tbv:version(), tbv:read(R)]),
    %% Gone, but a resource of it is still there.
    p(delete, [code:delete(tbv), code:purge(tbv), flush()]),
    p(is_reference, is_reference(R)),
    true = keep(R),
    garbage_collect(),
    erts_debug:set_internal_state(available_internal_state, true),
    erts_debug:set_internal_state(wait, aux_work),
    p(gone, flush()),
    p(taints, lists:member(tbv, erlang:system_info(taints))).

keep(R) -> is_reference(R).

shorten({error, {Why, Text}}) -> {Why, lists:sublist(Text, 26)}.

flush() -> receive M -> [M | flush()] after 100 -> [] end.

beam(Name) ->
    Text = ["-module(", Name, ").\n-export([load/2, version/0, counter/0, resource/1, read/1, other/0]).\n"
            "-nifs([version/0, counter/0, resource/1, read/1]).\n"
            "load(P, I) -> erlang:load_nif(P, I).\n"
            "version() -> erlang:nif_error(none).\ncounter() -> erlang:nif_error(none).\n"
            "resource(_) -> erlang:nif_error(none).\nread(_) -> erlang:nif_error(none).\nother() -> ok.\n"],
    ok = file:write_file(Name ++ ".erl", Text),
    {ok, _, Bin} = compile:file(Name ++ ".erl", [binary, return_errors]),
    Bin.

bad() ->
    [{"other_module", ["-DVERSION=1 -DMODULE=other"]}, {"unknown_function", ["-DVERSION=1 -DEXTRA='{\"nope\",0,version},'"]},
     {"no_nif", ["-DVERSION=1 -DEXTRA='{\"other\",0,version},'"]}, {"twice", ["-DVERSION=1 -DEXTRA='{\"version\",0,version},'"]},
     {"bad_flags", ["-DVERSION=1 -DFLAGS=8"]}, {"no_init", ["-DNO_INIT"]}].

cc(Name, {Options, Source}) ->
    Include = filename:join([code:root_dir(), "usr", "include"]),
    ok = file:write_file(Name ++ ".c", Source),
    os:cmd(lists:flatten(["cc -O1 -Wall -shared -fPIC ", Options, " -I", Include, " -o ", Name, ".so ", Name, ".c"])).

source(Options) -> {Options, "
#include <erl_nif.h>
#include <string.h>
#ifdef NO_INIT
int nothing;
#else
#ifndef MODULE
#define MODULE tbv
#endif
#ifndef EXTRA
#define EXTRA
#endif
#ifndef FLAGS
#define FLAGS 0
#endif
typedef struct { ErlNifPid to; int counter; } Data;
static ErlNifResourceType *type;
static Data last;
static void tell(const char *what) {
    ErlNifEnv *m = enif_alloc_env();
    enif_send(NULL, &last.to, m, enif_make_tuple2(m, enif_make_atom(m, what), enif_make_int(m, VERSION)));
    enif_free_env(m);
}
static void dtor(ErlNifEnv *env, void *o) { tell(\"dtor\"); }
static int open_type(ErlNifEnv *env) {
    ErlNifResourceFlags tried;
    type = enif_open_resource_type(env, NULL, \"thing\", dtor, ERL_NIF_RT_CREATE | ERL_NIF_RT_TAKEOVER, &tried);
    return !type;
}
static int load(ErlNifEnv *env, void **priv, ERL_NIF_TERM info) {
    int n;
    if (enif_get_int(env, info, &n)) return n;
    if (!enif_get_local_pid(env, info, &last.to)) return 1;
    Data *d = enif_alloc(sizeof *d); *d = last; d->counter = 100; *priv = d;
    tell(\"load\");
    return open_type(env);
}
static int upgrade(ErlNifEnv *env, void **priv, void **old, ERL_NIF_TERM info) {
    int n;
    if (enif_get_int(env, info, &n)) return n;
    last = *(Data *)*old; *priv = *old; *old = NULL;
    tell(\"upgrade\");
    return open_type(env);
}
static void unload(ErlNifEnv *env, void *priv) { tell(priv ? \"unload\" : \"unload_old\"); enif_free(priv); }
static ERL_NIF_TERM version(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) { return enif_make_int(env, VERSION); }
static ERL_NIF_TERM counter(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) { return enif_make_int(env, ((Data *)enif_priv_data(env))->counter++); }
static ERL_NIF_TERM resource(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
    ErlNifBinary b; char *o; ERL_NIF_TERM t;
    if (!enif_inspect_binary(env, argv[0], &b)) return enif_make_badarg(env);
    o = enif_alloc_resource(type, b.size); memcpy(o, b.data, b.size);
    t = enif_make_resource(env, o); enif_release_resource(o);
    return t;
}
static ERL_NIF_TERM readr(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
    void *o; ERL_NIF_TERM t; size_t n;
    if (!enif_get_resource(env, argv[0], type, &o)) return enif_make_badarg(env);
    n = enif_sizeof_resource(o); memcpy(enif_make_new_binary(env, n, &t), o, n);
    return t;
}
static ErlNifFunc funcs[] = { EXTRA {\"version\", 0, version, FLAGS}, {\"counter\", 0, counter}, {\"resource\", 1, resource}, {\"read\", 1, readr} };
#define INIT(M) ERL_NIF_INIT(M, funcs, load, NULL, upgrade, unload)
INIT(MODULE)
#endif
"}.
