//! epmd's server: one thread, sockets that never block, and limits on what a peer can take up.
//!
//! A connection is read until its one request is complete, answered, and closed; only that of a registered node stays
//! open, and its end ends the name. Connections that say nothing, or do not take their answer, are closed after the
//! packet timeout. When descriptors run out, new connections wait; existing names are never dropped for that.

use super::Options;
use super::log::Log;
use super::protocol::{Answer, MAX_REQUEST, Peer, Settings, Then, answer};
use super::registry::Registry;
use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};
use sys::poll::{Interest, Poller};

/// How long an idle server waits before it looks for connections that time out.
const IDLE: Duration = Duration::from_secs(5);
/// Descriptors that are kept free for other purposes.
const SPARE: usize = 16;

/// Why there is no server.
#[derive(Debug)]
pub enum NoServer {
    /// Another epmd has the port.
    Running,
    /// An address of the list is none.
    Address(String),
    Failed(io::Error),
}

/// The sockets to listen on: every address of the list and loopback, or all addresses of the machine.
pub fn listen(addresses: &[String], port: u16) -> Result<Vec<TcpListener>, NoServer> {
    if addresses.is_empty() {
        let any = bind(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port);
        let socket = match any {
            Err(NoServer::Failed(_)) => bind(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port),
            other => other,
        };
        return Ok(vec![socket?]);
    }
    let mut wanted = Vec::new();
    for text in addresses {
        let address: IpAddr = text.parse().map_err(|_| NoServer::Address(text.clone()))?;
        wanted.push(address);
    }
    // Not every machine has both; that of the list must be there.
    let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let mut sockets = Vec::new();
    for address in loopback {
        match bind(address, port) {
            Ok(socket) => sockets.push(socket),
            Err(NoServer::Failed(_)) => {}
            Err(other) => return Err(other),
        }
    }
    for address in wanted.into_iter().filter(|a| !loopback.contains(a)) {
        sockets.push(bind(address, port)?);
    }
    Ok(sockets)
}

fn bind(address: IpAddr, port: u16) -> Result<TcpListener, NoServer> {
    let socket = TcpListener::bind((address, port)).and_then(|socket| {
        socket.set_nonblocking(true)?;
        Ok(socket)
    });
    socket.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => NoServer::Running,
        _ => NoServer::Failed(error),
    })
}

/// What a connection is doing.
enum State {
    /// Its request comes in.
    Reading(Vec<u8>),
    /// It keeps a node registered.
    Alive,
    /// Its answer goes out; then this.
    Writing { answer: Vec<u8>, sent: usize, then: Then },
    /// It has its answer and should close.
    Lingering,
}

struct Connection {
    stream: TcpStream,
    peer: Peer,
    state: State,
    active: Instant,
}

/// What became of a connection after an event.
enum Fate {
    /// It waits for this.
    Wait(Interest),
    Closed,
    /// epmd was told to leave.
    Exit,
}

/// The server.
pub struct Server<'a> {
    options: &'a Options,
    log: Log,
    poller: Poller,
    listeners: Vec<TcpListener>,
    connections: HashMap<i32, Connection>,
    names: Registry,
    /// Accepting rests until then, for want of descriptors.
    resting: Option<Instant>,
}

impl<'a> Server<'a> {
    pub fn new(options: &'a Options, listeners: Vec<TcpListener>, log: Log) -> io::Result<Self> {
        Ok(Self {
            options,
            log,
            poller: Poller::new()?,
            listeners,
            connections: HashMap::new(),
            names: Registry::new(options.debug > 0),
            resting: None,
        })
    }

    /// Serves until it is told to stop.
    pub fn run(&mut self) -> io::Result<()> {
        for listener in &self.listeners {
            self.poller.arm(listener.as_raw_fd(), 0, Interest::READ)?;
        }
        self.log.note(2, "entering the main loop");
        let timeout = Duration::from_secs(self.options.packet_timeout);
        let pause = if timeout < IDLE { Duration::from_secs(1) } else { IDLE };
        let mut ready = Vec::new();
        loop {
            ready.clear();
            let pause = if self.resting.is_some() { Duration::from_millis(100) } else { pause };
            self.poller.wait(u64::try_from(pause.as_nanos()).ok(), &mut ready)?;
            if self.options.delay_accept > 0 && !ready.is_empty() {
                std::thread::sleep(Duration::from_secs(self.options.delay_accept));
            }
            for event in &ready {
                if self.connections.contains_key(&event.fd) {
                    if self.serve(event.fd) {
                        return Ok(());
                    }
                } else {
                    self.accept(event.fd)?;
                }
            }
            if self.resting.is_some_and(|until| until <= Instant::now()) {
                self.resting = None;
                for listener in &self.listeners {
                    self.poller.arm(listener.as_raw_fd(), 0, Interest::READ)?;
                }
            }
            self.close_silent(timeout);
        }
    }

    /// Takes every waiting connection of a listening socket.
    fn accept(&mut self, fd: i32) -> io::Result<()> {
        let limit = usize::try_from(sys::limits::max_fds()).unwrap_or(usize::MAX);
        let limit = limit.saturating_sub(SPARE.saturating_add(self.listeners.len()));
        loop {
            let Some(listener) = self.listeners.iter().find(|l| l.as_raw_fd() == fd) else {
                return Ok(());
            };
            if self.connections.len() >= limit {
                self.resting = Some(Instant::now() + Duration::from_secs(1));
                return Ok(());
            }
            match listener.accept() {
                Ok((stream, address)) => self.open(stream, address),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => {
                        return self.poller.arm(fd, 0, Interest::READ);
                    }
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => {
                        self.log.note(0, &format!("error in accept: {error}"));
                        self.resting = Some(Instant::now() + Duration::from_secs(1));
                        return Ok(());
                    }
                },
            }
        }
    }

    fn open(&mut self, stream: TcpStream, address: SocketAddr) {
        let fd = stream.as_raw_fd();
        let local = stream.local_addr().is_ok_and(|own| is_local(address.ip(), own.ip()));
        let state = State::Reading(Vec::new());
        let peer = Peer { connection: fd, local };
        let ready =
            stream.set_nonblocking(true).and_then(|()| self.poller.arm(fd, 0, Interest::READ));
        if ready.is_ok() {
            let which = if local { "Local" } else { "Non-local" };
            self.log.note(2, &format!("{which} peer connected on file descriptor {fd}"));
            let connection = Connection { stream, peer, state, active: Instant::now() };
            self.connections.insert(fd, connection);
        }
    }

    /// Goes on with a connection; true when epmd is to leave.
    fn serve(&mut self, fd: i32) -> bool {
        match self.step(fd) {
            Fate::Wait(interest) => {
                if self.poller.arm(fd, 0, interest).is_err() {
                    self.close(fd);
                }
                false
            }
            Fate::Closed => {
                self.close(fd);
                false
            }
            Fate::Exit => true,
        }
    }

    fn step(&mut self, fd: i32) -> Fate {
        let Some(connection) = self.connections.get_mut(&fd) else { return Fate::Closed };
        connection.active = Instant::now();
        match &mut connection.state {
            // A node says nothing more: its end, or anything else, ends the name.
            State::Alive | State::Lingering => {
                let mut byte = [0];
                match connection.stream.read(&mut byte) {
                    Err(error) if is_temporary(&error) => Fate::Wait(Interest::READ),
                    _ => Fate::Closed,
                }
            }
            State::Reading(_) => match receive(connection) {
                Ok(true) => self.respond(fd),
                Ok(false) => Fate::Wait(Interest::READ),
                Err(why) => {
                    self.log.note(0, &why);
                    Fate::Closed
                }
            },
            State::Writing { .. } => self.send(fd),
        }
    }

    /// Answers a complete request.
    fn respond(&mut self, fd: i32) -> Fate {
        let Some(connection) = self.connections.get_mut(&fd) else { return Fate::Closed };
        let State::Reading(request) = &connection.state else { return Fate::Closed };
        self.log.dump("got", request);
        let settings = Settings { port: self.options.port, relaxed: self.options.relaxed };
        let body = request.get(2..).unwrap_or_default();
        let Answer { bytes, then, note } =
            answer(&mut self.names, settings, connection.peer, body, now());
        self.log.note(note.0, &note.1);
        self.log.dump("sending", &bytes);
        if let Then::CloseAlso(node) = then {
            connection.state = State::Writing { answer: bytes, sent: 0, then: Then::Close };
            self.close(node);
        } else {
            connection.state = State::Writing { answer: bytes, sent: 0, then };
        }
        if self.options.delay_write > 0 {
            std::thread::sleep(Duration::from_secs(self.options.delay_write));
        }
        self.send(fd)
    }

    /// Sends as much of the answer as goes.
    fn send(&mut self, fd: i32) -> Fate {
        let Some(connection) = self.connections.get_mut(&fd) else { return Fate::Closed };
        let State::Writing { answer, sent, then } = &mut connection.state else {
            return Fate::Closed;
        };
        while let Some(rest) = answer.get(*sent..).filter(|rest| !rest.is_empty()) {
            match connection.stream.write(rest) {
                Ok(0) => return Fate::Closed,
                Ok(count) => *sent = sent.saturating_add(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Fate::Wait(Interest::WRITE);
                }
                // An answer that a killer does not wait for does not save us.
                Err(_) if *then == Then::Exit => return Fate::Exit,
                Err(_) => return Fate::Closed,
            }
        }
        match then {
            Then::Exit => Fate::Exit,
            Then::Keep => {
                connection.state = State::Alive;
                Fate::Wait(Interest::READ)
            }
            Then::Linger => {
                connection.state = State::Lingering;
                Fate::Wait(Interest::READ)
            }
            Then::Close | Then::CloseAlso(_) => Fate::Closed,
        }
    }

    /// Closes a connection and ends the name it kept.
    fn close(&mut self, fd: i32) {
        if let Some(node) = self.names.end_connection(fd) {
            let name = String::from_utf8_lossy(&node.node.name);
            let (creation, port) = (node.creation(), node.node.port);
            self.log.note(1, &format!("unregistering '{name}:{creation}', port {port}"));
        }
        self.poller.forget(fd);
        if self.connections.remove(&fd).is_some() {
            self.log.note(2, &format!("closing connection on file descriptor {fd}"));
        }
    }

    /// Closes what has been silent for too long; nodes may be.
    fn close_silent(&mut self, timeout: Duration) {
        let silent: Vec<i32> = self
            .connections
            .iter()
            .filter(|(_, c)| !matches!(c.state, State::Alive) && c.active.elapsed() > timeout)
            .map(|(fd, _)| *fd)
            .collect();
        for fd in silent {
            self.log.note(1, "closing because timed out on receive");
            self.close(fd);
        }
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Reads what is there; true when the request is complete, an error text when it never will be.
fn receive(connection: &mut Connection) -> Result<bool, String> {
    let State::Reading(request) = &mut connection.state else { return Ok(false) };
    let mut chunk = [0; 1024];
    loop {
        match connection.stream.read(&mut chunk) {
            Ok(0) => {
                let got = request.len();
                return Err(format!("got partial packet only ({got} bytes)"));
            }
            Ok(count) => request.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(format!("error in read: {error}")),
        }
        let [high, low, ..] = request[..] else { continue };
        let want = usize::from(u16::from_be_bytes([high, low]));
        if !(1..=MAX_REQUEST).contains(&want) {
            return Err(format!("invalid packet size ({want})"));
        }
        let got = request.len().saturating_sub(2);
        match got.cmp(&want) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => return Ok(true),
            std::cmp::Ordering::Greater => {
                return Err(format!("got {got} bytes in packet, expected {want}"));
            }
        }
    }
}

/// Whether a peer is on this machine: a loopback address, or the same address as ours.
fn is_local(peer: IpAddr, own: IpAddr) -> bool {
    let (peer, own) = (peer.to_canonical(), own.to_canonical());
    peer.is_loopback() || peer == own
}

/// Seconds since 1970, as the seed of creations.
fn now() -> u32 {
    let seconds = sys::clock::system_ns().div_euclid(1_000_000_000);
    u32::try_from(seconds & 0xffff_ffff).unwrap_or(4)
}
