/* NIFs that do what they must not do, for the checking mode. */
#include <erl_nif.h>
#include <unistd.h>

#define NIF(name) static ERL_NIF_TERM name(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])

static ERL_NIF_TERM kept_term;
static ErlNifEnv *kept_env;
static ErlNifResourceType *type;
static ErlNifMutex *mutex;
static ErlNifRWLock *rwlock;

static ERL_NIF_TERM atom(ErlNifEnv *env, const char *name) { return enif_make_atom(env, name); }
static ERL_NIF_TERM pair(ErlNifEnv *env) { return enif_make_tuple2(env, atom(env, "a"), atom(env, "b")); }

NIF(good)
{
    ErlNifPid self;
    ErlNifEnv *own = enif_alloc_env();
    ERL_NIF_TERM list = enif_make_list2(env, argv[0], pair(env));
    enif_mutex_lock(mutex);
    enif_mutex_unlock(mutex);
    enif_self(env, &self);
    enif_send(env, &self, own, pair(own));
    list = enif_make_list_cell(env, enif_make_copy(env, pair(own)), list);
    enif_free_env(own);
    return list;
}
NIF(keep)
{
    kept_term = argv[0];
    kept_env = env;
    return atom(env, "ok");
}
NIF(late_term)
{
    ERL_NIF_TERM head, tail;
    return enif_get_list_cell(env, kept_term, &head, &tail) ? head : atom(env, "none");
}
NIF(late_env)
{
    enif_make_list_cell(kept_env, atom(env, "a"), enif_make_list(env, 0));
    return atom(env, "ok");
}
NIF(freed_env)
{
    ErlNifEnv *own = enif_alloc_env();
    enif_free_env(own);
    enif_make_tuple1(own, atom(env, "a"));
    return atom(env, "ok");
}
NIF(cleared_env)
{
    unsigned n;
    ErlNifEnv *own = enif_alloc_env();
    ERL_NIF_TERM t = enif_make_list1(own, atom(own, "a"));
    enif_clear_env(own);
    enif_get_list_length(env, t, &n);
    enif_free_env(own);
    return atom(env, "ok");
}
NIF(freed_twice)
{
    ErlNifEnv *own = enif_alloc_env();
    enif_free_env(own);
    enif_free_env(own);
    return atom(env, "ok");
}
NIF(frees_call)
{
    enif_free_env(env);
    return atom(env, "ok");
}
NIF(mixes)
{
    ErlNifEnv *own = enif_alloc_env();
    ERL_NIF_TERM t = enif_make_list1(env, pair(own));
    (void)t;
    enif_free_env(own);
    return atom(env, "ok");
}
NIF(returns_other)
{
    if (!kept_env) kept_env = enif_alloc_env();
    return pair(enif_alloc_env());
}
NIF(sends_other)
{
    ErlNifPid self;
    ErlNifEnv *own = enif_alloc_env();
    enif_self(env, &self);
    enif_send(env, &self, own, pair(env));
    enif_free_env(own);
    return atom(env, "ok");
}
NIF(resource_twice)
{
    void *r = enif_alloc_resource(type, 8);
    ERL_NIF_TERM t = enif_make_resource(env, r);
    enif_release_resource(r);
    enif_release_resource(r);
    (void)t;
    return atom(env, "ok");
}
NIF(binary_twice)
{
    ErlNifBinary b, same;
    enif_alloc_binary(100, &b);
    same = b;
    enif_release_binary(&b);
    enif_release_binary(&same);
    return atom(env, "ok");
}
NIF(holds_mutex)
{
    enif_mutex_lock(mutex);
    return atom(env, "ok");
}
NIF(holds_rwlock)
{
    enif_rwlock_rlock(rwlock);
    return atom(env, "ok");
}
static void *other_thread(void *env)
{
    enif_make_tuple1(env, enif_make_int(env, 1));
    return NULL;
}
NIF(other_thread_env)
{
    ErlNifTid tid;
    enif_thread_create("other", &tid, other_thread, env, NULL);
    enif_thread_join(tid, NULL);
    return atom(env, "ok");
}
NIF(slow)
{
    usleep(100000);
    return atom(env, "ok");
}
NIF(unlock)
{
    enif_mutex_unlock(mutex);
    enif_rwlock_runlock(rwlock);
    return atom(env, "ok");
}

static int load(ErlNifEnv *env, void **data, ERL_NIF_TERM info)
{
    type = enif_open_resource_type(env, NULL, "thing", NULL, ERL_NIF_RT_CREATE, NULL);
    mutex = enif_mutex_create("the mutex");
    rwlock = enif_rwlock_create("the rwlock");
    return 0;
}

static ErlNifFunc functions[] = {
    {"good", 1, good}, {"keep", 1, keep}, {"late_term", 0, late_term}, {"late_env", 0, late_env},
    {"freed_env", 0, freed_env}, {"cleared_env", 0, cleared_env}, {"freed_twice", 0, freed_twice},
    {"frees_call", 0, frees_call}, {"mixes", 0, mixes}, {"returns_other", 0, returns_other},
    {"sends_other", 0, sends_other}, {"resource_twice", 0, resource_twice}, {"binary_twice", 0, binary_twice},
    {"holds_mutex", 0, holds_mutex}, {"holds_rwlock", 0, holds_rwlock}, {"other_thread_env", 0, other_thread_env},
    {"slow", 0, slow}, {"unlock", 0, unlock},
};

ERL_NIF_INIT(checked, functions, load, NULL, NULL, NULL)
