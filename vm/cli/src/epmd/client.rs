//! epmd's questions to a running epmd: `-names`, `-kill`, `-stop`.

use super::protocol::{DUMP_REQ, KILL_REQ, NAMES_REQ, STOP_REQ};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpStream};
use std::process::ExitCode;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    Names,
    /// Names without output: is it running?
    Started,
    Dump,
    Kill,
    Stop(Vec<u8>),
}

/// Asks the epmd on `port` of this machine and prints what it says.
pub fn ask(port: u16, question: &Question) -> ExitCode {
    let silent = *question == Question::Started;
    let Ok(stream) = connect(port) else {
        if !silent {
            let _ = writeln!(io::stderr(), "epmd: Cannot connect to local epmd");
        }
        return ExitCode::FAILURE;
    };
    let mut out = io::stdout();
    match question {
        Question::Names | Question::Started => list(stream, NAMES_REQ, silent),
        Question::Dump => list(stream, DUMP_REQ, silent),
        Question::Kill => match exchange::<2>(stream, &[KILL_REQ]) {
            Ok(answer) if answer == *b"OK" => {
                let _ = writeln!(out, "Killed");
                ExitCode::SUCCESS
            }
            Ok(_) => {
                let _ = writeln!(out, "Killing not allowed - living nodes in database.");
                ExitCode::FAILURE
            }
            Err(got) => unexpected(&got),
        },
        Question::Stop(name) if name.len() > 1000 => {
            let _ = writeln!(out, "epmd: Name too long!");
            ExitCode::FAILURE
        }
        Question::Stop(name) => match exchange::<7>(stream, &[&[STOP_REQ], &name[..]].concat()) {
            Ok(answer) => {
                let _ = writeln!(out, "{}", String::from_utf8_lossy(&answer));
                ExitCode::SUCCESS
            }
            Err(got) => unexpected(&got),
        },
    }
}

fn connect(port: u16) -> io::Result<TcpStream> {
    TcpStream::connect((Ipv6Addr::LOCALHOST, port))
        .or_else(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)))
}

fn send(stream: &mut TcpStream, request: &[u8]) -> io::Result<()> {
    let length = u16::try_from(request.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), request].concat())
}

/// Sends a request and reads an answer of `N` bytes; else what came instead.
fn exchange<const N: usize>(mut stream: TcpStream, request: &[u8]) -> Result<[u8; N], Vec<u8>> {
    let mut got = Vec::new();
    if send(&mut stream, request).is_ok() {
        let limit = u64::try_from(N).unwrap_or(u64::MAX);
        let _ = stream.take(limit).read_to_end(&mut got);
    }
    <[u8; N]>::try_from(got.as_slice()).map_err(|_| got)
}

fn unexpected(got: &[u8]) -> ExitCode {
    let got = String::from_utf8_lossy(got);
    let _ = writeln!(io::stdout(), "epmd: local epmd responded with <{got}>");
    ExitCode::FAILURE
}

/// Prints what epmd lists.
fn list(mut stream: TcpStream, request: u8, silent: bool) -> ExitCode {
    let mut port = [0; 4];
    if send(&mut stream, &[request]).and_then(|()| stream.read_exact(&mut port)).is_err() {
        if !silent {
            let _ = writeln!(io::stdout(), "epmd: no response from local epmd");
        }
        return ExitCode::FAILURE;
    }
    if !silent {
        let port = u32::from_be_bytes(port);
        let mut out = io::stdout();
        let _ = writeln!(out, "epmd: up and running on port {port} with data:");
        let _ = io::copy(&mut stream, &mut out);
    }
    ExitCode::SUCCESS
}
