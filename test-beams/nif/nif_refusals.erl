%% vm: own
%% timeout: 60
%% Libraries of other versions and kinds, files that are none, old code, on_load: what load_nif says of each.
-module(nif_refusals).
-export([main/0]).
-import(tb, [p/2, t/2]).

main() ->
    _ = [cc(Name, Options) || {Name, Options} <- kinds()],
    {ok, Whole} = file:read_file("good.so"),
    ok = file:write_file("empty.so", <<>>),
    ok = file:write_file("short.so", binary:part(Whole, 0, 100)),
    ok = file:make_dir("directory.so"),
    Beam = beam("tbr", "", ""),
    {module, tbr} = code:load_binary(tbr, "tbr.erl", Beam),
    [p(list_to_atom(N), tell(tbr:load("./" ++ N, 0))) || {N, _} <- kinds(), N =/= "good", N =/= "no_upgrade"],
    [p(list_to_atom(N), tell(tbr:load("./" ++ N, 0))) || N <- ["empty", "short", "directory", "missing", "no/such/place"]],
    p(binary_path, tell(tbr:load(<<"./missing">>, 0))),
    [t({path, P}, fun() -> tbr:load(P, 0) end) || P <- [["a" | b], [-1], ["deep"], [0, $a], <<1:1>>, 17]],
    p(not_loaded, catch_nif(tbr)),
    p(load, tbr:load("./good", 0)),
    p(version, tbr:version()),
    %% A process that still runs this version, when it is old.
    Old = spawn(fun() -> tbr:wait() end),
    {module, tbr} = code:load_binary(tbr, "tbr.erl", Beam),
    p(no_upgrade, tbr:load("./no_upgrade", 0)),
    p(current, catch_nif(tbr)),
    Old ! {self(), "./good"},
    p(old_code, receive {Old, Answer} -> Answer after 5000 -> late end),
    p(upgrade, tbr:load("./good", 0)),
    p(version_again, tbr:version()),
    exit(Old, kill),
    %% Loading when the module is loaded.
    p(on_load, code:load_binary(tbo, "tbo.erl", beam("tbo", "-on_load(start/0).", "start() -> load(\"./on_load\", 0)."))),
    p(on_load_version, tbo:version()),
    Failing = beam("tbf", "-on_load(start/0).", "start() -> load(\"./missing\", 0)."),
    p(on_load_failing, code:load_binary(tbf, "tbf.erl", Failing)),
    p(on_load_failed, code:is_loaded(tbf)).

catch_nif(M) -> try M:version() catch C:R -> {C, R} end.

%% The emulator's own versions differ.
tell({error, {Why, Text}}) ->
    {error, {Why, re:replace(Text, "runtime \\([0-9.]+\\)", "runtime (N)", [{return, list}])}};
tell(Other) -> Other.

kinds() ->
    [{"good", ""}, {"null", "-DENTRY=NULL"}, {"major_1", "-DMAJOR=1 -DMINOR=0"}, {"first_maps", "-DMAJOR=2 -DMINOR=5"},
     {"major_3", "-DMAJOR=3 -DMINOR=0"}, {"minor_99", "-DMINOR=99"}, {"variant", "-DVARIANT='\"beam.debug\"'"},
     {"veto", "-DRESULT=-1"}, {"no_upgrade", "-DUPGRADE=NULL"}, {"on_load", "-DNAME='\"tbo\"'"}].

beam(Name, Attribute, More) ->
    Text = ["-module(", Name, ").\n-export([load/2, version/0, wait/0]).\n", Attribute, "\n"
            "load(P, I) -> erlang:load_nif(P, I).\nversion() -> erlang:nif_error(none).\n"
            "wait() -> receive {From, P} -> From ! {self(), load(P, 0)}, wait() end.\n", More, "\n"],
    ok = file:write_file(Name ++ ".erl", Text),
    {ok, _, Bin} = compile:file(Name ++ ".erl", [binary, return_errors]),
    Bin.

cc(Name, Options) ->
    Include = filename:join([code:root_dir(), "usr", "include"]),
    ok = file:write_file("refused.c", source()),
    "" = os:cmd(lists:flatten(["cc -O1 -Wall -shared -fPIC ", Options, " -I", Include, " -o ", Name, ".so refused.c"])).

source() -> "
#include <erl_nif.h>
#ifndef ENTRY
#define ENTRY &entry
#endif
#ifndef MAJOR
#define MAJOR 2
#endif
#ifndef MINOR
#define MINOR 14
#endif
#ifndef VARIANT
#define VARIANT \"beam.vanilla\"
#endif
#ifndef RESULT
#define RESULT 0
#endif
#ifndef UPGRADE
#define UPGRADE upgrade
#endif
#ifndef NAME
#define NAME \"tbr\"
#endif
static int load(ErlNifEnv *env, void **data, ERL_NIF_TERM info) { return RESULT; }
int upgrade(ErlNifEnv *env, void **data, void **old, ERL_NIF_TERM info) { return 0; }
static ERL_NIF_TERM version(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) { return enif_make_int(env, MINOR); }
static ErlNifFunc functions[] = { {\"version\", 0, version} };
ErlNifEntry entry = { MAJOR, MINOR, NAME, 1, functions, load, NULL, UPGRADE, NULL, VARIANT, 1,
                             sizeof(ErlNifResourceTypeInit), \"erts-99.0\" };
ErlNifEntry *nif_init(void) { return ENTRY; }
".
