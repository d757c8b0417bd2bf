%% vm: own
%% timeout: 60
%% What a driver says of the time that its callbacks take is taken from the time slice of who has called it.
-module(driver_slices).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    Include = filename:join([code:root_dir(), "usr", "include"]),
    ok = file:write_file("slices_drv.c", source()),
    p(cc, os:cmd("cc -O1 -Wall -shared -fPIC -I" ++ Include ++ " -o slices_drv.so slices_drv.c")),
    p(load, erl_ddll:load_driver(".", slices_drv)),
    Port = open_port({spawn_driver, "slices_drv"}, [binary]),
    Consume = fun(Percent) -> erlang:yield(), [Answer] = port_control(Port, Percent, ""), Answer end,
    p(fresh, [Consume(N) || N <- [0, 1, 5]]),
    p(over, [Consume(N) || N <- [100, 101, 200]]),
    %% Half of a slice and half of it.
    p(halves, Consume(255)),
    p(counted, [counted(N, Consume) || N <- [1, 10, 100]]),
    %% The driver's timer: nobody's slice.
    port_command(Port, ""),
    p(timeout, receive {Port, {data, Said}} -> binary_to_list(Said) end),
    p(no_port, port_control(Port, 254, "")),
    port_close(Port),
    p(unload, erl_ddll:unload_driver(slices_drv)).

%% Whether about so many percent of 4,000 reductions are counted.
counted(Percent, F) ->
    erlang:yield(),
    {reductions, Before} = process_info(self(), reductions),
    F(Percent),
    {reductions, After} = process_info(self(), reductions),
    After - Before >= Percent * 40 * 9 div 10.

source() -> "
#include <erl_driver.h>
static ErlDrvData start(ErlDrvPort port, char *command) { return (ErlDrvData)port; }
static void output(ErlDrvData data, char *bytes, ErlDrvSizeT n) { driver_set_timer((ErlDrvPort)data, 1); }
static void timeout(ErlDrvData data) {
    ErlDrvPort port = (ErlDrvPort)data;
    char said[4];
    said[0] = erl_drv_consume_timeslice(port, 1);
    said[1] = erl_drv_consume_timeslice(port, 50);
    said[2] = erl_drv_consume_timeslice(port, 50);
    said[3] = erl_drv_consume_timeslice(port, 1);
    driver_output(port, said, 4);
}
static ErlDrvSSizeT control(ErlDrvData data, unsigned command, char *bytes, ErlDrvSizeT n, char **to, ErlDrvSizeT room) {
    ErlDrvPort port = (ErlDrvPort)data;
    switch (command) {
    case 254: **to = -erl_drv_consume_timeslice((ErlDrvPort)-1, 1); break;
    case 255:
        **to = 10 * erl_drv_consume_timeslice(port, 50);
        **to += erl_drv_consume_timeslice(port, 50);
        break;
    default: **to = erl_drv_consume_timeslice(port, command);
    }
    return 1;
}
static ErlDrvEntry entry = {
    .start = start, .output = output, .timeout = timeout, .control = control, .driver_name = \"slices_drv\",
    .extended_marker = ERL_DRV_EXTENDED_MARKER, .major_version = ERL_DRV_EXTENDED_MAJOR_VERSION,
    .minor_version = ERL_DRV_EXTENDED_MINOR_VERSION, .driver_flags = ERL_DRV_FLAG_USE_PORT_LOCKING,
};
DRIVER_INIT(slices_drv) { return &entry; }
".
