//! Ports on plain files: `open_port("name", …)`, a relic that still works.

use super::PortCx;
use super::driver::{Driver, DriverEntry, OpenOptions, PortName, StartError};
use super::fd::{End, FdDriver};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub(super) fn entry() -> DriverEntry {
    DriverEntry { system: true, ..DriverEntry::new("vanilla", start) }
}

fn start(
    p: &mut PortCx<'_>,
    name: &PortName,
    o: &OpenOptions,
) -> Result<Box<dyn Driver>, StartError> {
    let name = name.text();
    let file = std::fs::OpenOptions::new()
        .read(o.read)
        .write(o.write)
        .create(o.write)
        .truncate(o.write && !o.read)
        .open(OsStr::from_bytes(&name))
        .map_err(|_| StartError::General)?;
    let fd: std::os::fd::OwnedFd = file.into();
    sys::fd::set_nonblocking(std::os::fd::AsRawFd::as_raw_fd(&fd), true)?;
    let second = if o.read && o.write { Some(fd.try_clone()?) } else { None };
    let (input, output) = match (o.read, second) {
        (true, second) => (Some(End::of(fd)), second.map(End::of)),
        (false, _) => (None, Some(End::of(fd))),
    };
    let driver = FdDriver::new(input, output, o);
    driver.begin(p)?;
    Ok(Box::new(driver))
}
