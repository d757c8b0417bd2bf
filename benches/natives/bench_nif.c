/* What the benches of group natives call. */
#include <erl_nif.h>

static ErlNifResourceType *type;

static ERL_NIF_TERM nothing(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    return argv[0];
}

/* [N-1, ..., 0]: built as most libraries do, cell by cell. */
static ERL_NIF_TERM list(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    int n, i;
    ERL_NIF_TERM all = enif_make_list(env, 0);
    if (!enif_get_int(env, argv[0], &n)) return enif_make_badarg(env);
    for (i = 0; i < n; i++) all = enif_make_list_cell(env, enif_make_int(env, i), all);
    return all;
}

/* The sum of a list of integers. */
static ERL_NIF_TERM sum(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    long all = 0, n;
    ERL_NIF_TERM head, rest = argv[0];
    while (enif_get_list_cell(env, rest, &head, &rest)) {
        if (!enif_get_long(env, head, &n)) return enif_make_badarg(env);
        all += n;
    }
    return enif_make_long(env, all);
}

static ERL_NIF_TERM resource(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    long *r = enif_alloc_resource(type, sizeof *r);
    ERL_NIF_TERM t = enif_make_resource(env, r);
    *r = 1;
    enif_release_resource(r);
    return t;
}

static ERL_NIF_TERM read_resource(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    void *r;
    if (!enif_get_resource(env, argv[0], type, &r)) return enif_make_badarg(env);
    return enif_make_long(env, *(long *)r);
}

/* N messages {bench, I} to the caller, from an environment of their own. */
static ERL_NIF_TERM send_some(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    int n, i;
    ErlNifPid self;
    ErlNifEnv *own = enif_alloc_env();
    if (!enif_get_int(env, argv[0], &n)) return enif_make_badarg(env);
    enif_self(env, &self);
    for (i = 0; i < n; i++) {
        ERL_NIF_TERM m = enif_make_tuple2(own, enif_make_atom(own, "bench"), enif_make_int(own, i));
        enif_send(env, &self, own, m);
        enif_clear_env(own);
    }
    enif_free_env(own);
    return argv[0];
}

/* The bytes of a binary, each changed, in a new one. */
static ERL_NIF_TERM invert(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    ErlNifBinary in;
    ERL_NIF_TERM t;
    unsigned char *out;
    size_t i;
    if (!enif_inspect_binary(env, argv[0], &in)) return enif_make_badarg(env);
    out = enif_make_new_binary(env, in.size, &t);
    for (i = 0; i < in.size; i++) out[i] = ~in.data[i];
    return t;
}

static void gone(ErlNifEnv *env, void *object)
{
}

static int load(ErlNifEnv *env, void **data, ERL_NIF_TERM info)
{
    type = enif_open_resource_type(env, NULL, "bench", gone, ERL_NIF_RT_CREATE, NULL);
    return type == NULL;
}

static ErlNifFunc functions[] = {
    {"nothing", 1, nothing},
    {"list", 1, list},
    {"sum", 1, sum},
    {"resource", 0, resource},
    {"read_resource", 1, read_resource},
    {"send_some", 1, send_some},
    {"invert", 1, invert},
};

ERL_NIF_INIT(bench_nif, functions, load, NULL, NULL, NULL)
