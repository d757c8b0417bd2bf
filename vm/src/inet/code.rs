//! The numbers by which `prim_inet` speaks to the drivers.

/// `port_control` operations start here.
pub const MAGIC: u32 = 0x03f1_a300;

pub mod req {
    //! Operations.
    pub const OPEN: u32 = 1;
    pub const CLOSE: u32 = 2;
    pub const CONNECT: u32 = 3;
    pub const PEER: u32 = 4;
    pub const NAME: u32 = 5;
    pub const BIND: u32 = 6;
    pub const SETOPTS: u32 = 7;
    pub const GETOPTS: u32 = 8;
    pub const GETSTAT: u32 = 11;
    pub const GETHOSTNAME: u32 = 12;
    pub const FDOPEN: u32 = 13;
    pub const GETFD: u32 = 14;
    pub const GETTYPE: u32 = 15;
    pub const GETSTATUS: u32 = 16;
    pub const GETSERVBYNAME: u32 = 17;
    pub const GETSERVBYPORT: u32 = 18;
    pub const SETNAME: u32 = 19;
    pub const SETPEER: u32 = 20;
    pub const GETIFLIST: u32 = 21;
    pub const IFGET: u32 = 22;
    pub const IFSET: u32 = 23;
    pub const SUBSCRIBE: u32 = 24;
    pub const GETIFADDRS: u32 = 25;
    pub const ACCEPT: u32 = 26;
    pub const LISTEN: u32 = 27;
    pub const IGNOREFD: u32 = 28;
    pub const GETLADDRS: u32 = 29;
    pub const GETPADDRS: u32 = 30;
    pub const TCP_RECV: u32 = 42;
    pub const TCP_UNRECV: u32 = 43;
    pub const TCP_SHUTDOWN: u32 = 44;
    pub const TCP_SENDFILE: u32 = 45;
    pub const PACKET_RECV: u32 = 60;
}

pub mod opt {
    //! Options.
    pub const REUSEADDR: u8 = 0;
    pub const KEEPALIVE: u8 = 1;
    pub const DONTROUTE: u8 = 2;
    pub const LINGER: u8 = 3;
    pub const BROADCAST: u8 = 4;
    pub const OOBINLINE: u8 = 5;
    pub const SNDBUF: u8 = 6;
    pub const RCVBUF: u8 = 7;
    pub const PRIORITY: u8 = 8;
    pub const TOS: u8 = 9;
    pub const NODELAY: u8 = 10;
    pub const MULTICAST_IF: u8 = 11;
    pub const MULTICAST_TTL: u8 = 12;
    pub const MULTICAST_LOOP: u8 = 13;
    pub const ADD_MEMBERSHIP: u8 = 14;
    pub const DROP_MEMBERSHIP: u8 = 15;
    pub const IPV6_V6ONLY: u8 = 16;
    pub const REUSEPORT: u8 = 17;
    pub const REUSEPORT_LB: u8 = 18;
    pub const BUFFER: u8 = 20;
    pub const HEADER: u8 = 21;
    pub const ACTIVE: u8 = 22;
    pub const PACKET: u8 = 23;
    pub const MODE: u8 = 24;
    pub const DELIVER: u8 = 25;
    pub const EXIT_ON_CLOSE: u8 = 26;
    pub const HIGH_WATERMARK: u8 = 27;
    pub const LOW_WATERMARK: u8 = 28;
    pub const SEND_TIMEOUT: u8 = 30;
    pub const DELAY_SEND: u8 = 31;
    pub const PACKET_SIZE: u8 = 32;
    pub const READ_PACKETS: u8 = 33;
    pub const RAW: u8 = 34;
    pub const SEND_TIMEOUT_CLOSE: u8 = 35;
    pub const HIGH_MSGQ: u8 = 36;
    pub const LOW_MSGQ: u8 = 37;
    pub const NETNS: u8 = 38;
    pub const SHOW_ECONNRESET: u8 = 39;
    pub const LINE_DELIMITER: u8 = 40;
    pub const TCLASS: u8 = 41;
    pub const BIND_TO_DEVICE: u8 = 42;
    pub const RECVTOS: u8 = 43;
    pub const RECVTCLASS: u8 = 44;
    pub const PKTOPTIONS: u8 = 45;
    pub const TTL: u8 = 46;
    pub const RECVTTL: u8 = 47;
    pub const NOPUSH: u8 = 48;
    pub const READ_AHEAD: u8 = 49;
    pub const DEBUG: u8 = 99;
}

pub mod af {
    //! Families of addresses.
    pub const UNSPEC: u8 = 0;
    pub const INET: u8 = 1;
    pub const INET6: u8 = 2;
    pub const ANY: u8 = 3;
    pub const LOOPBACK: u8 = 4;
    pub const LOCAL: u8 = 5;
    pub const UNDEFINED: u8 = 6;
}

pub mod kind {
    //! Types of sockets.
    pub const STREAM: u8 = 1;
    pub const DGRAM: u8 = 2;
    pub const SEQPACKET: u8 = 3;
}

pub mod stat {
    //! Statistics.
    pub const RECV_CNT: u8 = 1;
    pub const RECV_MAX: u8 = 2;
    pub const RECV_AVG: u8 = 3;
    pub const RECV_DVI: u8 = 4;
    pub const SEND_CNT: u8 = 5;
    pub const SEND_MAX: u8 = 6;
    pub const SEND_AVG: u8 = 7;
    pub const SEND_PEND: u8 = 8;
    pub const RECV_OCT: u8 = 9;
    pub const SEND_OCT: u8 = 10;
}

pub mod ifopt {
    //! Properties of interfaces.
    pub const ADDR: u8 = 1;
    pub const BROADADDR: u8 = 2;
    pub const DSTADDR: u8 = 3;
    pub const MTU: u8 = 4;
    pub const NETMASK: u8 = 5;
    pub const FLAGS: u8 = 6;
    pub const HWADDR: u8 = 7;
}

/// Subscription to an empty queue.
pub const SUBS_EMPTY_OUT_Q: u8 = 1;

// Values of `active`.
pub const PASSIVE: i32 = 0;
pub const ONCE: i32 = 2;
pub const MULTI: i32 = 3;

pub const INFINITY: u32 = u32::MAX;
