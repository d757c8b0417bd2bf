//! What nodes can do: the flags of the handshake, by release (`dist_ops.tsv`).

pub const PUBLISHED: u64 = 1;
pub const EXTENDED_REFERENCES: u64 = 1 << 2;
pub const DIST_MONITOR: u64 = 1 << 3;
pub const FUN_TAGS: u64 = 1 << 4;
pub const DIST_MONITOR_NAME: u64 = 1 << 5;
pub const HIDDEN_ATOM_CACHE: u64 = 1 << 6;
pub const NEW_FUN_TAGS: u64 = 1 << 7;
pub const EXTENDED_PIDS_PORTS: u64 = 1 << 8;
pub const EXPORT_PTR_TAG: u64 = 1 << 9;
pub const BIT_BINARIES: u64 = 1 << 10;
pub const NEW_FLOATS: u64 = 1 << 11;
pub const UNICODE_IO: u64 = 1 << 12;
pub const DIST_HDR_ATOM_CACHE: u64 = 1 << 13;
pub const SMALL_ATOM_TAGS: u64 = 1 << 14;
pub const UTF8_ATOMS: u64 = 1 << 16;
pub const MAP_TAG: u64 = 1 << 17;
pub const BIG_CREATION: u64 = 1 << 18;
pub const SEND_SENDER: u64 = 1 << 19;
pub const BIG_SEQTRACE_LABELS: u64 = 1 << 20;
pub const EXIT_PAYLOAD: u64 = 1 << 22;
pub const FRAGMENTS: u64 = 1 << 23;
pub const HANDSHAKE_23: u64 = 1 << 24;
pub const UNLINK_ID: u64 = 1 << 25;
pub const MANDATORY_25_DIGEST: u64 = 1 << 26;
pub const SPAWN: u64 = 1 << 32;
pub const V4_NC: u64 = 1 << 34;
pub const ALIAS: u64 = 1 << 35;
/// Signals with priority. OTP 28.
pub const ALTACT_SIG: u64 = 1 << 37;
/// OTP 29.
pub const NATIVE_RECORDS: u64 = 1 << 38;

const ATOM_CACHE: u64 = 1 << 1;

const MANDATORY_25: u64 = EXTENDED_REFERENCES
    | FUN_TAGS
    | EXTENDED_PIDS_PORTS
    | UTF8_ATOMS
    | NEW_FUN_TAGS
    | BIG_CREATION
    | NEW_FLOATS
    | MAP_TAG
    | EXPORT_PTR_TAG
    | BIT_BINARIES
    | HANDSHAKE_23;

/// What a peer must be able to do.
pub fn mandatory(release: u32) -> u64 {
    if release >= 26 { MANDATORY_25 | V4_NC | UNLINK_ID } else { MANDATORY_25 }
}

/// What this node offers.
pub fn offered(release: u32) -> u64 {
    let late = if release >= 28 { NATIVE_RECORDS | ALTACT_SIG } else { 0 };
    mandatory(release)
        | late
        | DIST_MONITOR
        | DIST_MONITOR_NAME
        | SPAWN
        | ALIAS
        | UNLINK_ID
        | UNICODE_IO
        | DIST_HDR_ATOM_CACHE
        | SMALL_ATOM_TAGS
        | SEND_SENDER
        | BIG_SEQTRACE_LABELS
        | EXIT_PAYLOAD
        | FRAGMENTS
        | V4_NC
        | MANDATORY_25_DIGEST
}

/// What a carrier may refuse.
pub const REJECTABLE: u64 = DIST_HDR_ATOM_CACHE | HIDDEN_ATOM_CACHE | FRAGMENTS | ATOM_CACHE;

/// What needs packets to arrive in order.
pub const STRICT_ORDER: u64 = DIST_HDR_ATOM_CACHE;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_reference() {
        let all = [offered(25), mandatory(25), offered(25), REJECTABLE, STRICT_ORDER];
        assert_eq!(all, [55966662588, 17239956, 55966662588, 8396866, 8192]);
    }
}
