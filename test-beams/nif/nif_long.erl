%% vm: own
%% timeout: 60
%% A NIF that holds its scheduler is told of by system_monitor's long_schedule, one that is dirty or short is not.
-module(nif_long).
-export([main/0, hold/1, hold_dirty/1]).
-nifs([hold/1, hold_dirty/1]).
-import(tb, [p/2]).

main() ->
    Include = filename:join([code:root_dir(), "usr", "include"]),
    ok = file:write_file("nif_long.c", source()),
    p(cc, os:cmd("cc -O1 -Wall -shared -fPIC -I" ++ Include ++ " -o nif_long.so nif_long.c")),
    p(load, erlang:load_nif("./nif_long", 0)),
    erlang:system_monitor(self(), [{long_schedule, 50}]),
    {Pid, Ref} = spawn_monitor(fun() -> erlang:yield(), caller(120), exit(done) end),
    p(told, receive {monitor, Pid, long_schedule, Info} -> shown(Info) after 10000 -> none end),
    p(ended, receive {'DOWN', Ref, _, _, Why} -> Why end),
    {Dirty, Ref1} = spawn_monitor(fun() -> erlang:yield(), exit(hold_dirty(120)) end),
    p(dirty, receive {'DOWN', Ref1, _, _, Why1} -> Why1 end),
    p(not_told, receive {monitor, Dirty, long_schedule, Info1} -> shown(Info1) after 100 -> none end),
    erlang:system_monitor(undefined).

caller(Ms) ->
    ok = hold(Ms),
    erlang:yield(),
    ok.

shown(Info) ->
    {timeout, Ms} = lists:keyfind(timeout, 1, Info),
    {[element(1, I) || I <- Info], Ms >= 100, [element(1, F) || {_, F} <- Info, is_tuple(F)]}.

hold(_) -> erlang:nif_error(not_loaded).
hold_dirty(_) -> erlang:nif_error(not_loaded).

source() -> "
#include <erl_nif.h>
#include <unistd.h>
static ERL_NIF_TERM hold(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
    int ms;
    if (!enif_get_int(env, argv[0], &ms)) return enif_make_badarg(env);
    usleep(ms * 1000);
    return enif_make_atom(env, \"ok\");
}
static ErlNifFunc functions[] = {
    {\"hold\", 1, hold},
    {\"hold_dirty\", 1, hold, ERL_NIF_DIRTY_JOB_IO_BOUND},
};
ERL_NIF_INIT(nif_long, functions, NULL, NULL, NULL, NULL)
".
