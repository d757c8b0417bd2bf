%% vm: own
%% timeout: 60
%% A linked-in driver, written in C and compiled on the spot.
-module(linked_driver).
-export([main/0]).
-import(tb, [p/2, t/2]).

main() ->
    Include = filename:join([code:root_dir(), "usr", "include"]),
    file:write_file("tbdrv.c", source()),
    p(cc, os:cmd("cc -O1 -Wall -shared -fPIC -I" ++ Include ++ " -o tbdrv.so tbdrv.c")),
    p(load, erl_ddll:load_driver(".", tbdrv)),
    p(loaded, element(2, erl_ddll:loaded_drivers()) -- (element(2, erl_ddll:loaded_drivers()) -- ["tbdrv"])),
    P = open_port({spawn_driver, "tbdrv with args"}, [binary]),
    p(start, receive {P, {data, D1}} -> D1 after 1000 -> none end),
    p(output, begin port_command(P, "hello"), receive {P, {data, D2}} -> D2 after 1000 -> none end end),
    p(outputv, begin port_command(P, ["io", <<"list">>]), receive {P, {data, D3}} -> D3 after 1000 -> none end end),
    p(control, [port_control(P, 1, "abc"), port_control(P, 2, "")]),
    p(call, erlang:port_call(P, 7, {term, [1, 2]})),
    t(control_bad, fun() -> port_control(P, 99, "") end),
    p(timer, begin port_control(P, 3, ""), receive {P, {data, D4}} -> D4 after 1000 -> none end end),
    p(term, begin port_control(P, 4, ""), receive {tbdrv, X} -> X after 1000 -> none end end),
    p(async, begin port_control(P, 5, ""), receive {P, {data, D5}} -> D5 after 2000 -> none end end),
    p(info, [erlang:port_info(P, name), erlang:port_info(P, connected) =:= {connected, self()}]),
    %% The driver that ends its port cuts the owner's link first.
    p(exit, begin process_flag(trap_exit, true), port_control(P, 6, ""), receive {'EXIT', P, R} -> R after 1000 -> none end end),
    p(second, begin Q = open_port({spawn_driver, tbdrv}, []), receive {Q, {data, D6}} -> port_close(Q), D6 after 1000 -> none end end),
    p(unload, erl_ddll:unload_driver(tbdrv)),
    p(missing, element(1, erl_ddll:load_driver(".", no_such_driver))).

source() -> "
#include <erl_driver.h>
#include <string.h>
typedef struct { ErlDrvPort port; ErlDrvTermData term; } Data;
static ErlDrvData start(ErlDrvPort port, char *command) {
    Data *d = driver_alloc(sizeof(Data));
    d->port = port; d->term = driver_mk_port(port);
    set_port_control_flags(port, PORT_CONTROL_FLAG_BINARY);
    driver_output(port, command, strlen(command));
    return (ErlDrvData)d;
}
static void stop(ErlDrvData h) { driver_free((void *)h); }
static void output(ErlDrvData h, char *buf, ErlDrvSizeT len) {
    char out[256]; ErlDrvSizeT i;
    for (i = 0; i < len && i < sizeof out; i++) out[i] = buf[len - 1 - i];
    driver_output(((Data *)h)->port, out, i);
}
static void work(void *p) { *(int *)p += 41; }
static void ready_async(ErlDrvData h, ErlDrvThreadData p) {
    char c = (char)*(int *)p; driver_free(p); driver_output(((Data *)h)->port, &c, 1);
}
static ErlDrvSSizeT control(ErlDrvData h, unsigned int cmd, char *buf, ErlDrvSizeT len, char **rbuf, ErlDrvSizeT rlen) {
    Data *d = (Data *)h; ErlDrvBinary *b;
    switch (cmd) {
    case 1: b = driver_alloc_binary(len * 2); memcpy(b->orig_bytes, buf, len); memcpy(b->orig_bytes + len, buf, len); *rbuf = (char *)b; return len * 2;
    case 2: *rbuf = NULL; return 0;
    case 3: driver_set_timer(d->port, 5); *rbuf = NULL; return 0;
    case 4: {
        ErlDrvTermData t[] = {ERL_DRV_ATOM, driver_mk_atom(\"tbdrv\"), ERL_DRV_INT, 42, ERL_DRV_ATOM, driver_mk_atom(\"ok\"), ERL_DRV_NIL, ERL_DRV_LIST, 3, ERL_DRV_TUPLE, 2};
        erl_drv_output_term(d->term, t, sizeof t / sizeof *t); *rbuf = NULL; return 0; }
    case 5: { int *n = driver_alloc(sizeof(int)); *n = 1; driver_async(d->port, NULL, work, n, NULL); *rbuf = NULL; return 0; }
    case 6: driver_exit(d->port, 0); *rbuf = NULL; return 0;
    }
    return -1;
}
static void timeout(ErlDrvData h) { driver_output(((Data *)h)->port, \"tick\", 4); }
static ErlDrvSSizeT call(ErlDrvData h, unsigned int cmd, char *buf, ErlDrvSizeT len, char **rbuf, ErlDrvSizeT rlen, unsigned int *flags) {
    if (rlen < len) *rbuf = driver_alloc(len);
    memcpy(*rbuf, buf, len);
    return len;
}
static ErlDrvEntry entry = {NULL, start, stop, output, NULL, NULL, \"tbdrv\", NULL, NULL, control, timeout, NULL, ready_async, NULL, call, NULL,
    ERL_DRV_EXTENDED_MARKER, ERL_DRV_EXTENDED_MAJOR_VERSION, ERL_DRV_EXTENDED_MINOR_VERSION, 0};
DRIVER_INIT(tbdrv) { return &entry; }
".
