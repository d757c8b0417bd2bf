//! The names of the system's error numbers, as Erlang code sees them.

macro_rules! names {
    ($($(#[$attr:meta])* $constant:ident => $name:literal;)*) => {
        /// The atom's text for an error number (`"enoent"`), or `"unknown"`.
        pub fn name(errno: i32) -> &'static str {
            match errno {
                $($(#[$attr])* libc::$constant => $name,)*
                _ => "unknown",
            }
        }

        /// The error number of a name that [`name`] gives.
        pub fn number(name: &str) -> Option<i32> {
            match name {
                $($(#[$attr])* $name => Some(libc::$constant),)*
                _ => None,
            }
        }
    };
}

names! {
    EPERM => "eperm";
    ENOENT => "enoent";
    ESRCH => "esrch";
    EINTR => "eintr";
    EIO => "eio";
    ENXIO => "enxio";
    E2BIG => "e2big";
    ENOEXEC => "enoexec";
    EBADF => "ebadf";
    ECHILD => "echild";
    EAGAIN => "eagain";
    ENOMEM => "enomem";
    EACCES => "eacces";
    EFAULT => "efault";
    ENOTBLK => "enotblk";
    EBUSY => "ebusy";
    EEXIST => "eexist";
    EXDEV => "exdev";
    ENODEV => "enodev";
    ENOTDIR => "enotdir";
    EISDIR => "eisdir";
    EINVAL => "einval";
    ENFILE => "enfile";
    EMFILE => "emfile";
    ENOTTY => "enotty";
    ETXTBSY => "etxtbsy";
    EFBIG => "efbig";
    ENOSPC => "enospc";
    ESPIPE => "espipe";
    EROFS => "erofs";
    EMLINK => "emlink";
    EPIPE => "epipe";
    EDOM => "edom";
    ERANGE => "erange";
    EDEADLK => "edeadlk";
    ENAMETOOLONG => "enametoolong";
    ENOLCK => "enolck";
    ENOSYS => "enosys";
    ENOTEMPTY => "enotempty";
    ELOOP => "eloop";
    ENOMSG => "enomsg";
    EIDRM => "eidrm";
    ENOSTR => "enostr";
    ENODATA => "enodata";
    ETIME => "etime";
    ENOSR => "enosr";
    EREMOTE => "eremote";
    ENOLINK => "enolink";
    EPROTO => "eproto";
    EMULTIHOP => "emultihop";
    EBADMSG => "ebadmsg";
    EOVERFLOW => "eoverflow";
    EILSEQ => "eilseq";
    EUSERS => "eusers";
    ENOTSOCK => "enotsock";
    EDESTADDRREQ => "edestaddrreq";
    EMSGSIZE => "emsgsize";
    EPROTOTYPE => "eprototype";
    ENOPROTOOPT => "enoprotoopt";
    EPROTONOSUPPORT => "eprotonosupport";
    ESOCKTNOSUPPORT => "esocktnosupport";
    ENOTSUP => "enotsup";
    EPFNOSUPPORT => "epfnosupport";
    EAFNOSUPPORT => "eafnosupport";
    EADDRINUSE => "eaddrinuse";
    EADDRNOTAVAIL => "eaddrnotavail";
    ENETDOWN => "enetdown";
    ENETUNREACH => "enetunreach";
    ENETRESET => "enetreset";
    ECONNABORTED => "econnaborted";
    ECONNRESET => "econnreset";
    ENOBUFS => "enobufs";
    EISCONN => "eisconn";
    ENOTCONN => "enotconn";
    ESHUTDOWN => "eshutdown";
    ETOOMANYREFS => "etoomanyrefs";
    ETIMEDOUT => "etimedout";
    ECONNREFUSED => "econnrefused";
    EHOSTDOWN => "ehostdown";
    EHOSTUNREACH => "ehostunreach";
    EALREADY => "ealready";
    EINPROGRESS => "einprogress";
    ESTALE => "estale";
    EDQUOT => "edquot";
    #[cfg(target_os = "linux")]
    ECHRNG => "echrng";
    #[cfg(target_os = "linux")]
    EL2NSYNC => "el2nsync";
    #[cfg(target_os = "linux")]
    EL3HLT => "el3hlt";
    #[cfg(target_os = "linux")]
    EL3RST => "el3rst";
    #[cfg(target_os = "linux")]
    ELNRNG => "elnrng";
    #[cfg(target_os = "linux")]
    EUNATCH => "eunatch";
    #[cfg(target_os = "linux")]
    ENOCSI => "enocsi";
    #[cfg(target_os = "linux")]
    EL2HLT => "el2hlt";
    #[cfg(target_os = "linux")]
    EBADE => "ebade";
    #[cfg(target_os = "linux")]
    EBADR => "ebadr";
    #[cfg(target_os = "linux")]
    EXFULL => "exfull";
    #[cfg(target_os = "linux")]
    ENOANO => "enoano";
    #[cfg(target_os = "linux")]
    EBADRQC => "ebadrqc";
    #[cfg(target_os = "linux")]
    EBADSLT => "ebadslt";
    #[cfg(target_os = "linux")]
    EBFONT => "ebfont";
    #[cfg(target_os = "linux")]
    ENONET => "enonet";
    #[cfg(target_os = "linux")]
    ENOPKG => "enopkg";
    #[cfg(target_os = "linux")]
    EADV => "eadv";
    #[cfg(target_os = "linux")]
    ESRMNT => "esrmnt";
    #[cfg(target_os = "linux")]
    ECOMM => "ecomm";
    #[cfg(target_os = "linux")]
    EDOTDOT => "edotdot";
    #[cfg(target_os = "linux")]
    ENOTUNIQ => "enotuniq";
    #[cfg(target_os = "linux")]
    EBADFD => "ebadfd";
    #[cfg(target_os = "linux")]
    EREMCHG => "eremchg";
    #[cfg(target_os = "linux")]
    ELIBACC => "elibacc";
    #[cfg(target_os = "linux")]
    ELIBBAD => "elibbad";
    #[cfg(target_os = "linux")]
    ELIBSCN => "elibscn";
    #[cfg(target_os = "linux")]
    ELIBMAX => "elibmax";
    #[cfg(target_os = "linux")]
    ELIBEXEC => "elibexec";
    #[cfg(target_os = "linux")]
    EUCLEAN => "euclean";
    #[cfg(target_os = "linux")]
    ENOTNAM => "enotnam";
    #[cfg(target_os = "linux")]
    ENAVAIL => "enavail";
    #[cfg(target_os = "linux")]
    EREMOTEIO => "eremoteio";
}

/// The name of an I/O error: that of its number, or the nearest one for errors that std made up.
pub fn of(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as K;
    if let Some(n) = error.raw_os_error() {
        return name(n);
    }
    match error.kind() {
        K::NotFound => "enoent",
        K::PermissionDenied => "eacces",
        K::AlreadyExists => "eexist",
        K::InvalidInput | K::InvalidData => "einval",
        K::UnexpectedEof | K::BrokenPipe | K::WriteZero => "epipe",
        K::OutOfMemory => "enomem",
        K::TimedOut => "etimedout",
        K::Interrupted => "eintr",
        K::WouldBlock => "eagain",
        K::Unsupported => "enotsup",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_both_ways() {
        assert_eq!(name(libc::ENOENT), "enoent");
        assert_eq!(name(libc::ENOTSUP), "enotsup");
        assert_eq!(name(-1), "unknown");
        assert_eq!(number("eacces"), Some(libc::EACCES));
        assert_eq!(number("enothing"), None);
        for n in 0..200 {
            let name = name(n);
            assert!(name == "unknown" || number(name) == Some(n), "{n} {name}");
        }
        let e = std::fs::File::open("/nonexistent").unwrap_err();
        assert_eq!(of(&e), "enoent");
    }
}
