/* A driver that sends back what it gets. */
#include <erl_driver.h>
#include <string.h>

static ErlDrvData start(ErlDrvPort port, char *command)
{
    set_port_control_flags(port, PORT_CONTROL_FLAG_BINARY);
    return (ErlDrvData)port;
}

static void output(ErlDrvData data, char *bytes, ErlDrvSizeT n)
{
    driver_output((ErlDrvPort)data, bytes, n);
}

static ErlDrvSSizeT control(ErlDrvData data, unsigned int command, char *bytes, ErlDrvSizeT n, char **to,
                            ErlDrvSizeT room)
{
    ErlDrvBinary *b = driver_alloc_binary(n);
    memcpy(b->orig_bytes, bytes, n);
    *to = (char *)b;
    return n;
}

static ErlDrvEntry entry = {
    .start = start,
    .output = output,
    .control = control,
    .driver_name = "bench_drv",
    .extended_marker = ERL_DRV_EXTENDED_MARKER,
    .major_version = ERL_DRV_EXTENDED_MAJOR_VERSION,
    .minor_version = ERL_DRV_EXTENDED_MINOR_VERSION,
    .driver_flags = ERL_DRV_FLAG_USE_PORT_LOCKING,
};

DRIVER_INIT(bench_drv)
{
    return &entry;
}
