%% A native library is loaded, upgraded and purged again and again: main([Rounds]). Memory must stand still, every version
%% must have been unloaded, and nothing of the last may be open.
-module(nif_rounds).
-export([main/1]).

main([Rounds]) -> run(list_to_integer(Rounds)).

run(Rounds) ->
    Directory = filename:join("/tmp", "nif_rounds." ++ os:getpid()),
    ok = filelib:ensure_dir(filename:join(Directory, "x")),
    Beam = build(Directory),
    Path = filename:join(Directory, "rounds"),
    Warm = max(Rounds div 5, 1),
    rounds(Warm, Beam, Path),
    Before = settled(),
    rounds(Rounds - Warm, Beam, Path),
    After = settled(),
    Open = open(Path),
    ok = file:del_dir_r(Directory),
    Grown = (After - Before) / (Rounds - Warm),
    io:format("nif_rounds: ~b rounds, ~b kB before and ~b kB after the last ~b: ~.1f bytes a round~n",
              [Rounds, Before div 1024, After div 1024, Rounds - Warm, Grown]),
    %% Leaked versions would be many kilobytes each.
    case After - Before < 1 bsl 20 andalso Open =:= 0 of
        true -> ok;
        false -> io:format("nif_rounds: grows, or ~b mappings are left~n", [Open]), halt(1)
    end.

rounds(0, _, _) -> ok;
rounds(N, Beam, Path) ->
    {module, rounds} = code:load_binary(rounds, "rounds.erl", Beam),
    ok = rounds:load(Path, N),
    R = rounds:resource(),
    N = rounds:read(R),
    %% An upgrade takes the type over.
    {module, rounds} = code:load_binary(rounds, "rounds.erl", Beam),
    ok = rounds:load(Path, -N),
    false = code:purge(rounds),
    N = rounds:read(R),
    true = code:delete(rounds),
    false = code:purge(rounds),
    rounds(N - 1, Beam, Path).

%% Resident bytes when all that is delayed is done.
settled() ->
    garbage_collect(),
    timer:sleep(1000),
    {ok, Text} = file:read_file("/proc/self/statm"),
    [_, Pages | _] = binary:split(Text, <<" ">>, [global]),
    binary_to_integer(Pages) * 4096.

open(Path) ->
    {ok, Maps} = file:read_file("/proc/self/maps"),
    length(binary:matches(Maps, list_to_binary(Path))).

build(Directory) ->
    In = fun(Name) -> filename:join(Directory, Name) end,
    ok = file:write_file(In("rounds.erl"),
        "-module(rounds).\n-export([load/2, resource/0, read/1]).\n"
        "load(P, I) -> erlang:load_nif(P, I).\nresource() -> erlang:nif_error(none).\nread(_) -> erlang:nif_error({none, [a]}).\n"),
    {ok, _, Beam} = compile:file(In("rounds.erl"), [binary, return_errors]),
    ok = file:write_file(In("rounds.c"), source()),
    Include = filename:join([code:root_dir(), "usr", "include"]),
    "" = os:cmd("cc -O1 -shared -fPIC -I " ++ Include ++ " -o " ++ In("rounds.so") ++ " " ++ In("rounds.c")),
    Beam.

source() -> "
#include <erl_nif.h>
static ErlNifResourceType *type;
typedef struct { int number; } Data;
static void dtor(ErlNifEnv *env, void *object) { }
static int open_type(ErlNifEnv *env) {
    type = enif_open_resource_type(env, 0, \"thing\", dtor, ERL_NIF_RT_CREATE | ERL_NIF_RT_TAKEOVER, 0);
    return !type;
}
static int load(ErlNifEnv *env, void **data, ERL_NIF_TERM info) {
    Data *d = enif_alloc(sizeof *d);
    if (!enif_get_int(env, info, &d->number)) return 1;
    *data = d;
    return open_type(env);
}
static int upgrade(ErlNifEnv *env, void **data, void **old, ERL_NIF_TERM info) { return load(env, data, info); }
static void unload(ErlNifEnv *env, void *data) { enif_free(data); }
static ERL_NIF_TERM resource(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
    int *o = enif_alloc_resource(type, sizeof *o);
    ERL_NIF_TERM t = enif_make_resource(env, o);
    *o = ((Data *)enif_priv_data(env))->number;
    enif_release_resource(o);
    return t;
}
static ERL_NIF_TERM read_it(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
    void *o;
    if (!enif_get_resource(env, argv[0], type, &o)) return enif_make_badarg(env);
    return enif_make_int(env, *(int *)o);
}
static ErlNifFunc functions[] = { {\"resource\", 0, resource}, {\"read\", 1, read_it} };
ERL_NIF_INIT(rounds, functions, load, NULL, upgrade, unload)
".
