%% vm: own
%% timeout: 60
%% A driver that says of one of its ports that it is busy while another of them runs: who sends waits, shows as
%% suspended, and goes on.
-module(driver_busy).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    Include = filename:join([code:root_dir(), "usr", "include"]),
    file:write_file("gate_drv.c", source()),
    p(cc, os:cmd("cc -O1 -Wall -shared -fPIC -I" ++ Include ++ " -o gate_drv.so gate_drv.c")),
    p(load, erl_ddll:load_driver(".", gate_drv)),
    Gate = open_port({spawn_driver, "gate_drv gate"}, []),
    Way = open_port({spawn_driver, "gate_drv way"}, []),
    p(open, sent(Way, nosuspend)),
    Gate ! {self(), {command, "shut"}},
    p(shut, sent(Way, nosuspend)),
    p(command, erlang:port_command(Way, "x", [nosuspend])),
    Self = self(),
    Senders = [sender(fun() -> Way ! {Self, {command, "x"}} end), sender(fun() -> port_command(Way, "x") end)],
    p(suspended, [suspended(S) || {S, _} <- Senders]),
    Gate ! {self(), {command, "open"}},
    p(done, [receive {'DOWN', R, process, _, Why} -> Why end || {_, R} <- Senders]),
    p(open, sent(Way, nosuspend)),
    Gate ! {self(), {command, "shut"}},
    {Killed, R} = sender(fun() -> port_command(Way, "x") end),
    p(suspended, suspended(Killed)),
    exit(Killed, kill),
    p(killed, receive {'DOWN', R, process, _, Why} -> Why end),
    p(close, [port_close(P) || P <- [Way, Gate]]),
    p(unload, erl_ddll:unload_driver(gate_drv)).

sent(Port, Option) -> erlang:send(Port, {self(), {command, "x"}}, [Option]).

sender(F) -> spawn_monitor(F).

suspended(P) ->
    case process_info(P, status) of
        {status, suspended} -> suspended;
        _ -> timer:sleep(1), suspended(P)
    end.

source() ->
    "#include <string.h>
#include <erl_driver.h>
static ErlDrvPort way;
static ErlDrvData start(ErlDrvPort port, char *command)
{
    int gate = strstr(command, \" gate\") != NULL;
    if (!gate) way = port;
    return (ErlDrvData)(gate ? 1L : 0L);
}
static void output(ErlDrvData gate, char *buf, ErlDrvSizeT n)
{
    if (gate) set_busy_port(way, buf[0] == 's');
}
static ErlDrvEntry entry = {
    NULL, start, NULL, output, NULL, NULL, \"gate_drv\", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    ERL_DRV_EXTENDED_MARKER, ERL_DRV_EXTENDED_MAJOR_VERSION, ERL_DRV_EXTENDED_MINOR_VERSION, 0,
    NULL, NULL, NULL
};
DRIVER_INIT(gate_drv) { return &entry; }
".
