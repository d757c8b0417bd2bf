%% vm: own
%% timeout: 120
%% modes: plain
%% C nodes made with erl_interface: they connect or are connected to, and speak every control message that such nodes know.
-module(c_nodes).
-export([main/0, wait/0]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(c_nodes),
    register(main, self()),
    ok = file:write_file("c_node.c", source()),
    p(cc, cc(libraries())),
    net_kernel:monitor_nodes(true, [{node_type, all}, nodedown_reason]),
    p(client, client()),
    p(server, server()),
    tb_nodes:halt_all([]).

%% The library of a later release may be for a later C library; that of another one will do then.
libraries() ->
    Other = filename:join([code:root_dir(), "..", "..", "..", "25", "lib", "erlang", "lib", "erl_interface-*"]),
    [code:lib_dir(erl_interface) | filelib:wildcard(Other)].

cc([Ei | More]) ->
    Command = ["cc -O1 -D_REENTRANT -w -o c_node c_node.c -I", Ei, "/include -L", Ei, "/lib -lei -lpthread"],
    case os:cmd(lists:flatten(Command)) of
        "" -> ok;
        _ when More =/= [] -> cc(More);
        Text -> io:format("~ts~n", [Text])
    end.

host() -> lists:last(string:split(atom_to_list(node()), "@")).

start(How, Name) ->
    open_port({spawn_executable, "./c_node"}, [{args, [How, Name, "tb_cookie", atom_to_list(node())]}, stderr_to_stdout, exit_status]).

%% It connects with us and says hello.
client() ->
    start("connect", "cc"),
    C = hear(hello),
    N = node(C),
    p(node, {N =:= list_to_atom("cc@" ++ host()), nodes(), nodes(hidden) =:= [N], up(N)}),
    p(echo, [T || T <- terms(C), echo(C, T) =/= {send, T}]),
    p(named, [begin {any_name, N} ! {self(), T}, hear(echo) end || T <- [1, {a, "b"}]]),
    p(large, [element(2, echo(C, B)) =:= B || B <- [binary:copy(<<"c">>, 3000000), lists:seq(1, 100000)]]),
    p(rpc, [ask(C, rpc, {erlang, node, []}) =:= node(), ask(C, rpc, {lists, sum, [[1, 2, 3]]}),
            element(1, ask(C, rpc, {erlang, hd, [[]]}))]),
    p(many, begin [C ! {self(), I} || I <- lists:seq(1, 5000)], [element(2, hear(echo)) || _ <- lists:seq(1, 5000)] =:= lists:seq(1, 5000) end),
    p(global, [ask(C, global, x), global:whereis_name(c_name) =:= C, ask(C, unglobal, x), global:whereis_name(c_name)]),
    %% What the library itself shows of links.
    process_flag(trap_exit, true),
    link(C),
    p(link, hear(control)),
    exit(C, reason),
    p(exit2, hear(control)),
    C ! {exits, self()},
    p(exits, receive {'EXIT', C, R} -> R after 10000 -> none end),
    %% The rest as raw control messages.
    C ! {raw, x},
    p(raw, raw(C, N)),
    P = spawn(?MODULE, wait, []),
    M = monitor(process, C), M2 = monitor(process, {some_name, N}),
    link(C), hear(raw),
    monitor_node(N, true),
    do(C, {1, C, P}),
    sync(C),
    C ! {stop, x},
    p(gone, [[receive {'DOWN', X, process, _, R1} -> R1 after 10000 -> none end || X <- [M, M2]],
             receive {'EXIT', C, R2} -> R2 after 10000 -> none end,
             receive {nodedown, N} -> nodedown after 10000 -> none end,
             receive {nodedown, N, I} -> lists:sort(I) after 10000 -> none end,
             tb_nodes:until(fun() -> not is_process_alive(P) end), nodes(hidden)]),
    done.

raw(C, N) ->
    New = fun() -> spawn(?MODULE, wait, []) end,
    A = New(), do(C, {1, C, A}), sync(C), exit(A, {my, reason}),
    p(linked, hear(raw) =:= {3, A, C, {my, reason}}),
    p(linked, begin do(C, {1, C, A}), hear(raw) =:= {3, A, C, noproc} end),
    B = New(), do(C, {1, C, B}), do(C, {35, 17, C, B}),
    p(unlinked, begin sync(C), hear(raw) =:= {36, 17, B, C} end),
    D = New(), MD = monitor(process, D), do(C, {1, C, D}), do(C, {3, C, D, over}),
    p(exit, receive {'DOWN', MD, _, _, W1} -> W1 after 10000 -> none end),
    E = New(), ME = monitor(process, E), do(C, {8, C, E, kill}),
    p(exit2, receive {'DOWN', ME, _, _, W2} -> W2 after 10000 -> none end),
    %% Such nodes know no monitors: none of what concerns them is sent; a monitor watches the connection.
    Ref = reference(N, 5),
    F = New(), do(C, {19, C, F, Ref}), sync(C), exit(F, seen),
    do(C, {19, C, F, Ref}), do(C, {19, C, nobody, Ref}),
    H = New(), do(C, {19, C, H, Ref}), do(C, {20, C, H, Ref}), sync(C), exit(H, unseen),
    M = monitor(process, C), M2 = monitor(process, {some_name, N}), M3 = monitor(process, C),
    p(demonitor, [demonitor(X, [info]) || X <- [M2, M3]]),
    do(C, {21, C, self(), M, ended}),
    p(down, receive {'DOWN', M, process, C, W3} -> W3 after 10000 -> none end),
    p(silent, begin sync(C), receive {raw, Any} -> Any after 0 -> none end end),
    link(C),
    p(link, hear(raw) =:= {1, self(), C}),
    unlink(C),
    {35, Id, _, _} = U = hear(raw),
    p(unlink, {is_integer(Id), U =:= {35, Id, self(), C}}),
    do(C, {36, Id, C, self()}),
    link(C),
    p(link, hear(raw) =:= {1, self(), C}),
    unlink(C),
    {35, Id2, _, _} = hear(raw),
    do(C, {36, Id2, C, self()}),
    group_leader(self(), C),
    p(leader, hear(raw) =:= {7, self(), C}),
    Q = spawn_request(N, erlang, node, [], []),
    p(spawn, receive {spawn_reply, Q, error, W4} -> W4 after 10000 -> none end),
    p(alias, begin do(C, {33, C, alias()}), sync(C), tb_nodes:until(fun() -> nodes(hidden) =:= [N] end) end),
    done.

%% What was done so far has been seen by the other side, and its own signals by us.
sync(C) -> C ! {sync, x}, hear(synced).

do(C, Control) -> C ! {do, Control}, ok.

reference(Node, I) ->
    Name = atom_to_binary(Node),
    binary_to_term(<<131, 90, 3:16, 119, (byte_size(Name)), Name/binary, 3:32, I:32, 0:32, 0:32>>).

%% It publishes a name and is connected to.
server() ->
    Port = start("accept", "cs"),
    hear_port(Port, "listening"),
    N = list_to_atom("cs@" ++ host()),
    p(ping, [net_adm:ping(N), up(N), nodes(hidden) =:= [N]]),
    {any, N} ! {self(), first},
    p(first, hear(echo)),
    p(rpc, rpc:call(N, no, matter, [])),
    p(erpc, try erpc:call(N, no, matter, []) catch C:R -> {C, R} end),
    p(gen, gen_server:call({server, N}, question)),
    M = monitor_node(N, true),
    p(disconnect, [M, erlang:disconnect_node(N), receive {nodedown, N} -> down after 10000 -> none end]),
    p(ended, receive {Port, {exit_status, S}} -> S after 10000 -> none end),
    p(again, tb_nodes:until(fun() -> net_adm:ping(N) =:= pang end)).

up(N) -> receive {nodeup, N, I} -> I after 10000 -> none end.

hear(What) -> receive {What, X} -> X after 10000 -> {no, What} end.

hear_port(Port, Text) ->
    receive {Port, {data, D}} -> case string:find(D, Text) of nomatch -> hear_port(Port, Text); _ -> ok end after 10000 -> none end.

echo(C, T) -> C ! {self(), T}, hear(echo).

ask(C, What, T) -> C ! {What, T}, hear(What).

wait() -> receive stop -> ok end.

terms(C) ->
    [a, 'å', list_to_atom(lists:duplicate(255, $a)), 1, 255, 256, -1, 1 bsl 31, 1 bsl 62, 1 bsl 64, -(1 bsl 2000), 1.5,
     -1.0e300, "string", [1, 2 | 3], [300], [], <<>>, <<"bin">>, <<1:3>>, {}, {1}, list_to_tuple(lists:seq(1, 300)),
     #{}, #{a => #{b => 1}}, fun lists:map/2, fun() -> C end, make_ref(), alias(), self(), C, hd(erlang:ports()), node(C)].

source() -> "#include <ei.h>
#include <string.h>
#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>
#include <arpa/inet.h>

static ei_cnode ec;
static int fd;

static void fail(const char *why) { printf(\"failed: %s %d\\n\", why, erl_errno); exit(2); }

static void begin(ei_x_buff *x, const char *tag) {
    ei_x_new_with_version(x);
    ei_x_encode_tuple_header(x, 2);
    ei_x_encode_atom(x, tag);
}
static void tell(ei_x_buff *x) {
    if (ei_reg_send(&ec, fd, \"main\", x->buff, x->index) < 0) fail(\"send\");
    ei_x_free(x);
}
static void tell_atom(const char *tag, const char *what) {
    ei_x_buff x;
    begin(&x, tag);
    ei_x_encode_atom(&x, what);
    tell(&x);
}

/* Raw packets: a length, the byte of old nodes, terms. */
static void all(int out, char *p, size_t n) {
    while (n > 0) {
        ssize_t k = out ? write(fd, p, n) : read(fd, p, n);
        if (k <= 0) exit(0);
        p += k, n -= k;
    }
}
static void raw_phase(void) {
    for (;;) {
        unsigned int be;
        all(0, (char *)&be, 4);
        int n = ntohl(be);
        if (n == 0) { all(1, (char *)&be, 4); continue; }
        char *buf = malloc(n);
        all(0, buf, n);
        int i = 1, version, arity, start, end;
        long op;
        ei_decode_version(buf, &i, &version);
        start = i;
        ei_decode_tuple_header(buf, &i, &arity);
        ei_decode_long(buf, &i, &op);
        end = start;
        ei_skip_term(buf, &end);
        if (op != 2 && op != 22 && op != 6) {
            ei_x_buff x;
            begin(&x, \"raw\");
            ei_x_append_buf(&x, buf + start, end - start);
            tell(&x);
        } else {
            char what[MAXATOMLEN];
            i = end;
            ei_decode_version(buf, &i, &version);
            ei_decode_tuple_header(buf, &i, &arity);
            ei_decode_atom(buf, &i, what);
            if (!strcmp(what, \"stop\")) exit(0);
            if (!strcmp(what, \"sync\")) tell_atom(\"synced\", \"ok\");
            if (!strcmp(what, \"do\")) {
                int to = i;
                ei_skip_term(buf, &to);
                char *out = malloc(to - i + 6 + 3);
                int op_at = i + 0, len = to - i, more = 0;
                long code;
                ei_decode_tuple_header(buf, &op_at, &arity);
                ei_decode_long(buf, &op_at, &code);
                memcpy(out + 4, \"p\\203\", 2);
                memcpy(out + 6, buf + i, len);
                if (code == 33) { memcpy(out + 6 + len, \"\\203a\\1\", 3); more = 3; }
                be = htonl(len + 2 + more);
                memcpy(out, &be, 4);
                all(1, out, len + 6 + more);
                free(out);
            }
        }
        free(buf);
    }
}

static void do_rpc(char *buf, int i) {
    int arity, end;
    char mod[MAXATOMLEN], fun[MAXATOMLEN];
    ei_decode_tuple_header(buf, &i, &arity);
    ei_decode_atom(buf, &i, mod);
    ei_decode_atom(buf, &i, fun);
    end = i;
    ei_skip_term(buf, &end);
    ei_x_buff result, x;
    ei_x_new(&result);
    if (ei_rpc(&ec, fd, mod, fun, buf + i, end - i, &result) < 0) fail(\"rpc\");
    begin(&x, \"rpc\");
    ei_x_append_buf(&x, result.buff, result.index);
    ei_x_free(&result);
    tell(&x);
}

/* {'$gen_call', {Pid, Tag}, Question}: the answer is yes. */
static void answer(char *buf, int i) {
    erlang_pid from;
    int arity, tag, end;
    ei_x_buff x;
    ei_decode_tuple_header(buf, &i, &arity);
    ei_decode_pid(buf, &i, &from);
    tag = end = i;
    ei_skip_term(buf, &end);
    ei_x_new_with_version(&x);
    ei_x_encode_tuple_header(&x, 2);
    ei_x_append_buf(&x, buf + tag, end - tag);
    ei_x_encode_atom(&x, \"yes\");
    if (ei_send(fd, &from, x.buff, x.index) < 0) fail(\"answer\");
    ei_x_free(&x);
}

static void message(erlang_msg *m, char *buf) {
    int i = 0, version, arity, type, size, end;
    char what[MAXATOMLEN];
    ei_decode_version(buf, &i, &version);
    if (ei_decode_tuple_header(buf, &i, &arity) < 0) return;
    ei_get_type(buf, &i, &type, &size);
    if (type == ERL_PID_EXT || type == ERL_NEW_PID_EXT) {
        ei_x_buff x;
        ei_skip_term(buf, &i);
        end = i;
        ei_skip_term(buf, &end);
        begin(&x, \"echo\");
        ei_x_encode_tuple_header(&x, 2);
        ei_x_encode_atom(&x, m->msgtype == ERL_REG_SEND ? m->toname : \"send\");
        ei_x_append_buf(&x, buf + i, end - i);
        tell(&x);
        return;
    }
    if (ei_decode_atom(buf, &i, what) < 0) return;
    if (!strcmp(what, \"$gen_call\")) answer(buf, i);
    else if (!strcmp(what, \"rpc\")) do_rpc(buf, i);
    else if (!strcmp(what, \"raw\")) raw_phase();
    else if (!strcmp(what, \"global\")) tell_atom(what, ei_global_register(fd, \"c_name\", ei_self(&ec)) ? \"no\" : \"yes\");
    else if (!strcmp(what, \"unglobal\")) tell_atom(what, ei_global_unregister(&ec, fd, \"c_name\") ? \"no\" : \"yes\");
    else if (!strcmp(what, \"exits\")) {
        erlang_pid to;
        ei_decode_pid(buf, &i, &to);
        if (ei_send_exit(fd, ei_self(&ec), &to, \"c_is_over\") < 0) fail(\"exit\");
    }
}

static void serve(void) {
    erlang_msg m;
    ei_x_buff x;
    ei_x_new(&x);
    for (;;) {
        x.index = 0;
        switch (ei_xreceive_msg(fd, &m, &x)) {
        case ERL_TICK: break;
        case ERL_ERROR: exit(0);
        default:
            switch (m.msgtype) {
            case ERL_SEND: case ERL_REG_SEND: message(&m, x.buff); break;
            case ERL_LINK: tell_atom(\"control\", \"link\"); break;
            case ERL_UNLINK: tell_atom(\"control\", \"unlink\"); break;
            case ERL_EXIT: tell_atom(\"control\", \"exit\"); break;
            case ERL_EXIT2: tell_atom(\"control\", \"exit2\"); break;
            default: tell_atom(\"control\", \"other\");
            }
        }
    }
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    ei_init();
    if (ei_connect_init(&ec, argv[2], argv[3], 3) < 0) fail(\"init\");
    if (!strcmp(argv[1], \"connect\")) {
        ei_x_buff x;
        if ((fd = ei_connect(&ec, argv[4])) < 0) fail(\"connect\");
        begin(&x, \"hello\");
        ei_x_encode_pid(&x, ei_self(&ec));
        tell(&x);
    } else {
        int port = 0, lfd;
        ErlConnect peer;
        if ((lfd = ei_listen(&ec, &port, 5)) < 0) fail(\"listen\");
        if (ei_publish(&ec, port) < 0) fail(\"publish\");
        printf(\"listening\\n\");
        if ((fd = ei_accept(&ec, lfd, &peer)) < 0) fail(\"accept\");
        close(lfd);
    }
    serve();
}
".
