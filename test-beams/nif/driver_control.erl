%% vm: own
%% timeout: 60
%% A driver without a start function, whose control operation answers in all the ways there are.
-module(driver_control).
-export([main/0]).
-import(tb, [p/2, t/2]).

main() ->
    Include = filename:join([code:root_dir(), "usr", "include"]),
    file:write_file("ways_drv.c", source()),
    p(cc, os:cmd("cc -O1 -Wall -shared -fPIC -I" ++ Include ++ " -o ways_drv.so ways_drv.c")),
    p(load, erl_ddll:load_driver(".", ways_drv)),
    Port = open_port({spawn_driver, "ways_drv"}, []),
    p(port, is_port(Port)),
    p(small, port_control(Port, 0, "abc")),
    p(nothing, port_control(Port, 1, "abc")),
    p(allocated, port_control(Port, 2, "abc")),
    t(error, fun() -> port_control(Port, 3, "abc") end),
    p(no_output, catch port_command(Port, "x")),
    p(close, port_close(Port)),
    p(unload, erl_ddll:unload_driver(ways_drv)).

source() ->
    "#include <string.h>
#include <erl_driver.h>
static ErlDrvSSizeT control(ErlDrvData d, unsigned op, char *buf, ErlDrvSizeT n, char **answer, ErlDrvSizeT room)
{
    switch (op) {
    case 0: memcpy(*answer, buf, n); return n;
    case 1: *answer = NULL; return 0;
    case 2: *answer = driver_alloc(1000); memset(*answer, 'x', 1000); return 100;
    default: return -1;
    }
}
static ErlDrvEntry entry = {
    NULL, NULL, NULL, NULL, NULL, NULL, \"ways_drv\", NULL, NULL, control, NULL, NULL, NULL, NULL, NULL, NULL,
    ERL_DRV_EXTENDED_MARKER, ERL_DRV_EXTENDED_MAJOR_VERSION, ERL_DRV_EXTENDED_MINOR_VERSION, ERL_DRV_FLAG_USE_PORT_LOCKING,
    NULL, NULL, NULL
};
DRIVER_INIT(ways_drv) { return &entry; }
".
