//! epmd over real sockets; against the reference's nodes and its own epmd client where they are installed.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

struct Epmd {
    child: Child,
    port: u16,
}

impl Epmd {
    /// Starts one on a free port. Another program may take the port first; then there is another try.
    fn start(args: &[&str]) -> Self {
        for _ in 0..10 {
            let port = free_port();
            let child = Command::new(env!("CARGO_BIN_EXE_oxbeam"))
                .args(["--as", "epmd", "-port", &port.to_string()])
                .args(args)
                .stderr(Stdio::null())
                .spawn()
                .expect("epmd");
            let mut epmd = Self { child, port };
            for _ in 0..500 {
                if epmd.child.try_wait().expect("state").is_some() {
                    break;
                }
                if epmd.owns_port() {
                    return epmd;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        panic!("epmd does not listen");
    }

    /// Whether our child, and not somebody else, answers: it is alive before and after an answer.
    fn owns_port(&mut self) -> bool {
        let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) else {
            return false;
        };
        let mut answer = Vec::new();
        stream.write_all(b"\0\x01n").is_ok()
            && stream.read_to_end(&mut answer).is_ok()
            && answer == u32::from(self.port).to_be_bytes()
            && self.child.try_wait().expect("state").is_none()
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("time-out");
        stream
    }

    fn send(&self, request: &[u8]) -> TcpStream {
        let mut stream = self.connect();
        let length = u16::try_from(request.len()).expect("short").to_be_bytes();
        stream.write_all(&[&length, request].concat()).expect("sent");
        stream
    }

    /// The whole answer, up to the end of the connection.
    fn ask(&self, request: &[u8]) -> Vec<u8> {
        let mut answer = Vec::new();
        match self.send(request).read_to_end(&mut answer) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("{error}"),
        }
        answer
    }

    fn names(&self) -> String {
        let answer = self.ask(b"n");
        assert_eq!(answer[..4], u32::from(self.port).to_be_bytes());
        String::from_utf8(answer[4..].to_vec()).expect("text")
    }

    fn eventually(&self, names: &str) {
        for _ in 0..200 {
            if self.names() == names {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(self.names(), names);
    }

    fn cli(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_oxbeam"))
            .args(["--as", "epmd", "-port", &self.port.to_string()])
            .args(args)
            .output()
            .expect("epmd")
    }
}

impl Drop for Epmd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bound");
    listener.local_addr().expect("address").port()
}

fn alive(name: &[u8]) -> Vec<u8> {
    let length = u16::try_from(name.len()).expect("short").to_be_bytes();
    [&b"x\x04\xd2M\0\0\x06\0\x05"[..], &length, name, &[0, 0]].concat()
}

fn read<const N: usize>(stream: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).expect("an answer");
    bytes
}

#[test]
fn a_name_lives_as_long_as_its_connection() {
    let epmd = Epmd::start(&[]);
    let mut first = epmd.send(&alive(b"one"));
    let answer: [u8; 6] = read(&mut first);
    assert_eq!(answer[..2], [b'v', 0]);
    let creation = u32::from_be_bytes(answer[2..].try_into().expect("four bytes"));
    assert!(creation >= 4);
    let mut second = epmd.send(&alive(b"one"));
    assert_eq!(read::<6>(&mut second), *b"v\x01\0\0\0c");
    assert_eq!(epmd.names(), "name one at port 1234\n");
    drop(first);
    epmd.eventually("");
    let mut again = epmd.send(&alive(b"one"));
    assert_eq!(
        u32::from_be_bytes(read::<6>(&mut again)[2..].try_into().expect("four")),
        creation + 1
    );
    // A word on a node's connection ends it.
    again.write_all(b"x").expect("sent");
    epmd.eventually("");
}

#[test]
fn hostile_input_does_no_harm() {
    let epmd = Epmd::start(&["-packet_timeout", "1"]);
    let mut node = epmd.send(&alive(b"steady"));
    read::<6>(&mut node);
    let mut silent = epmd.connect();
    for bytes in [&b"\0\0"[..], b"\xff\xffx", b"\0\x01nmore", b"\0\x03q\xff\0", b"\0\x05z"] {
        let mut stream = epmd.connect();
        stream.write_all(bytes).expect("sent");
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty(), "{bytes:?} gave {answer:?}");
    }
    // Piecemeal requests are fine.
    let mut slow = epmd.connect();
    for byte in b"\0\x07zsteady" {
        slow.write_all(&[*byte]).expect("sent");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(read::<4>(&mut slow), *b"w\0\x04\xd2");
    let crowd: Vec<TcpStream> = (0..200).map(|_| epmd.connect()).collect();
    assert_eq!(epmd.names(), "name steady at port 1234\n");
    drop(crowd);
    // Who says nothing is sent away; the node is not.
    assert_eq!(silent.read(&mut [0]).expect("closed"), 0);
    assert_eq!(epmd.names(), "name steady at port 1234\n");
}

#[test]
fn command_line_client() {
    let mut epmd = Epmd::start(&["-relaxed_command_check"]);
    let mut node = epmd.send(&alive(b"n1"));
    read::<6>(&mut node);
    let names = epmd.cli(&["-names"]);
    let text =
        format!("epmd: up and running on port {} with data:\nname n1 at port 1234\n", epmd.port);
    assert_eq!(String::from_utf8_lossy(&names.stdout), text);
    assert!(epmd.cli(&["-started"]).status.success());
    assert_eq!(epmd.cli(&["-stop", "n2"]).stdout, b"NOEXIST\n");
    assert_eq!(epmd.cli(&["-stop", "n1"]).stdout, b"STOPPED\n");
    assert_eq!(node.read(&mut [0]).expect("closed"), 0);
    assert_eq!(epmd.cli(&["-kill"]).stdout, b"Killed\n");
    assert!(epmd.child.wait().expect("ended").success());
    let gone = epmd.cli(&["-names"]);
    assert_eq!(gone.status.code(), Some(1));
    assert_eq!(gone.stderr, b"epmd: Cannot connect to local epmd\n");
}

#[test]
fn killing_needs_no_living_nodes() {
    let epmd = Epmd::start(&[]);
    let mut node = epmd.send(&alive(b"n1"));
    read::<6>(&mut node);
    let kill = epmd.cli(&["-kill"]);
    assert_eq!(kill.stdout, b"Killing not allowed - living nodes in database.\n");
    assert_eq!(kill.status.code(), Some(1));
    // A second one on the same port has nothing to do.
    assert!(epmd.cli(&[]).status.success());
}

#[test]
fn daemon_listens_before_its_parent_leaves() {
    let port = free_port();
    let epmd = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oxbeam"));
        command
            .args(["--as", "epmd", "-port", &port.to_string()])
            .args(args)
            .output()
            .expect("epmd")
    };
    assert!(epmd(&["-daemon"]).status.success());
    assert_eq!(epmd(&["-names"]).status.code(), Some(0));
    assert_eq!(epmd(&["-kill"]).stdout, b"Killed\n");
}

/// The reference's programs, unless they are not installed.
fn reference(program: &str) -> Option<Command> {
    let path = std::path::Path::new("/usr/lib/erlang/bin").join(program);
    path.is_file().then(|| Command::new(path))
}

#[test]
fn nodes_of_the_reference() {
    let (Some(mut node), Some(mut client)) = (reference("erl"), reference("epmd")) else { return };
    let epmd = Epmd::start(&[]);
    let port = epmd.port.to_string();
    let script = "{ok, L} = net_adm:names(), [{\"a\", _}] = [X || X <- L, element(1, X) =:= \"a\"], \
                  {port, _, 6} = erl_epmd:port_please(\"a\", {127,0,0,1}), \
                  noport = erl_epmd:port_please(\"b\", {127,0,0,1}), io:put_chars(\"well\"), halt().";
    let out = node
        .args(["-sname", "a", "-start_epmd", "false", "-noinput", "-eval", script])
        .env("ERL_EPMD_PORT", &port)
        .env("HOME", std::env::temp_dir())
        .output()
        .expect("erl");
    assert_eq!(String::from_utf8_lossy(&out.stdout), "well", "{out:?}");
    epmd.eventually("");
    let names = client.args(["-port", &port, "-names"]).output().expect("epmd");
    let text = format!("epmd: up and running on port {port} with data:\n");
    assert_eq!(String::from_utf8_lossy(&names.stdout), text);
}
