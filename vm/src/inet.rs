//! Sockets as OTP's `inet` uses them: the drivers `tcp_inet`, `udp_inet` and `sctp_inet` [inet_drv.c, packet_parser.c].
//!
//! `prim_inet` speaks to them by `port_control` with numbers and bytes (`code`), sends by `port_command`, and gets the
//! outcome as messages: `{inet_async, …}`, `{inet_reply, …}`, `{tcp, …}`. Calls of the system are in `sys::socket`.

mod accept;
mod address;
mod code;
mod control;
mod descriptor;
pub mod http;
mod interface;
mod options;
pub mod packet;
mod tcp;
mod tcp_input;
mod tcp_output;
mod timers;
pub mod tls;
mod udp;

use crate::port::DriverEntry;

/// The drivers.
pub(crate) fn entries() -> Vec<DriverEntry> {
    vec![tcp::entry(), udp::entry(), udp::sctp_entry()]
}
