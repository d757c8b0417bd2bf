%% vm: own
%% timeout: 120
%% modes: plain
%% A node in Java, made with JInterface: it needs a Java compiler and OTP's archive, and is not among the enabled for that.
-module(java_nodes).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    ok = tb_nodes:alive(java_nodes),
    register(main, self()),
    net_kernel:monitor_nodes(true, [{node_type, all}]),
    [Jar | _] = filelib:wildcard("/usr/lib/erlang/lib/jinterface-*/priv/OtpErlang.jar") ++ ["none"],
    file:write_file("Peer.java", source()),
    p(compile, os:cmd("javac -nowarn -cp " ++ Jar ++ " Peer.java 2>&1")),
    Host = lists:last(string:split(atom_to_list(node()), "@")),
    open_port({spawn_executable, os:find_executable("java")},
              [{args, ["-cp", Jar ++ ":.", "Peer", "jnode", "tb_cookie", atom_to_list(node())]}, {line, 1000}, stderr_to_stdout]),
    J = hear(hello),
    N = list_to_atom("jnode@" ++ Host),
    p(node, {node(J) =:= N, nodes(), nodes(hidden) =:= [N], net_adm:ping(N)}),
    p(echo, [T || T <- terms(J), echo(J, T) =/= T]),
    p(large, [echo(J, B) =:= B || B <- [binary:copy(<<"j">>, 2000000), lists:seq(1, 50000)]]),
    {mbox, N} ! {self(), named},
    p(named, hear(echo)),
    p(rpc, begin J ! {self(), rpc}, hear(rpc) end),
    process_flag(trap_exit, true),
    link(J),
    J ! {self(), link_other},
    Other = hear(linked),
    link(Other),
    Other ! {self(), exit},
    p(exit, receive {'EXIT', Other, R} -> R after 20000 -> none end),
    P = spawn(fun() -> receive stop -> exit(over) end end),
    J ! {self(), {link, P}},
    hear(linked),
    P ! stop,
    p(their_exit, hear(exit)),
    M = monitor(process, J),
    monitor_node(N, true),
    J ! {self(), halt},
    p(gone, [receive {'DOWN', M, process, J, R1} -> R1 after 20000 -> none end,
             receive {'EXIT', J, R2} -> R2 after 20000 -> none end,
             receive {nodedown, N} -> down after 20000 -> none end]),
    tb_nodes:halt_all([]).

hear(What) -> receive {What, X} -> X after 20000 -> {no, What} end.
echo(J, T) -> J ! {self(), {echo, T}}, hear(echo).

terms(J) ->
    [a, 'å', 1, 255, 256, -1, 1 bsl 31, 1 bsl 62, 1 bsl 64, -(1 bsl 200), 1.5, "string", [1, 2 | 3], [], <<>>, <<"bin">>, <<1:3>>,
     {}, {1}, #{}, #{a => #{b => 1}}, fun lists:map/2, make_ref(), alias(), self(), J, hd(erlang:ports()), node(J)].

source() -> "import com.ericsson.otp.erlang.*;

public class Peer {
    static OtpMbox box;
    static OtpErlangPid main;
    static void tell(String tag, OtpErlangObject o) {
        box.send(main, new OtpErlangTuple(new OtpErlangObject[] { new OtpErlangAtom(tag), o }));
    }
    public static void main(String[] args) throws Exception {
        OtpNode node = new OtpNode(args[0], args[1]);
        box = node.createMbox(\"mbox\");
        OtpErlangAtom yes = new OtpErlangAtom(\"yes\");
        box.send(\"main\", args[2], new OtpErlangTuple(new OtpErlangObject[] { new OtpErlangAtom(\"hello\"), box.self() }));
        OtpMbox other = null;
        for (;;) {
            OtpErlangObject o;
            try { o = box.receive(); }
            catch (OtpErlangExit e) { tell(\"exit\", e.reason()); continue; }
            OtpErlangTuple t = (OtpErlangTuple) o;
            main = (OtpErlangPid) t.elementAt(0);
            OtpErlangObject m = t.elementAt(1);
            if (m instanceof OtpErlangTuple && ((OtpErlangTuple) m).elementAt(0).toString().equals(\"echo\"))
                tell(\"echo\", ((OtpErlangTuple) m).elementAt(1));
            else if (m instanceof OtpErlangTuple) {
                box.link((OtpErlangPid) ((OtpErlangTuple) m).elementAt(1));
                tell(\"linked\", yes);
            } else switch (m.toString()) {
            case \"named\": tell(\"echo\", m); break;
            case \"rpc\": {
                OtpSelf self = new OtpSelf(\"jrpc\", args[1]);
                OtpConnection c = self.connect(new OtpPeer(args[2]));
                c.sendRPC(\"lists\", \"sum\", new OtpErlangList(new OtpErlangList(new OtpErlangObject[] {
                    new OtpErlangLong(20), new OtpErlangLong(22) })));
                tell(\"rpc\", c.receiveRPC());
                c.close();
                break;
            }
            case \"link_other\": {
                final OtpMbox b = node.createMbox();
                tell(\"linked\", b.self());
                new Thread(() -> {
                    try { b.receive(); b.exit(\"java_is_over\"); } catch (Exception e) { }
                }).start();
                break;
            }
            case \"halt\": Runtime.getRuntime().halt(0);
            }
        }
    }
}
".
