//! Ports on started programs: `{spawn, Command}` and `{spawn_executable, File}` [sys_drivers.c, erl_child_setup.c].

use super::driver::{Driver, DriverEntry, OpenOptions, PortName, StartError};
use super::fd::{End, FdDriver, Program};
use super::{PortCx, children};
use sys::child::{self, Spec};

pub(super) fn entry() -> DriverEntry {
    DriverEntry { system: true, ..DriverEntry::new("spawn", start) }
}

fn start(
    p: &mut PortCx<'_>,
    name: &PortName,
    o: &OpenOptions,
) -> Result<Box<dyn Driver>, StartError> {
    let text = name.text().into_owned();
    let program = match name {
        PortName::SpawnExecutable(_) => child::Program::Executable {
            path: text,
            args: o.args.clone().unwrap_or_default(),
            arg0: o.arg0.clone(),
        },
        _ => child::Program::Shell(text),
    };
    let base = crate::env::all();
    let base = base.iter().map(|(k, v)| (k.as_slice(), v.as_slice()));
    let spec = Spec {
        program,
        env: child::environment(base, &o.env)?,
        cwd: o.cwd.clone(),
        read: o.read,
        write: o.write,
        use_stdio: o.use_stdio,
        stderr_to_stdout: o.stderr_to_stdout,
    };
    // A program goes where it likes, wherever this thread is bound.
    let here = crate::sched::scheduler();
    let child = p.vm().sched.binding.unbound(here, || child::spawn(&spec))?;
    let mut driver = FdDriver::new(child.input.map(End::of), child.output.map(End::of), o);
    driver.is_pipe = true;
    if o.exit_status {
        driver.program = Program::Running;
    }
    p.set_os_pid(Some(child.pid.into()));
    children::watch(p.vm(), child.pid, p.id())?;
    driver.begin(p)?;
    Ok(Box::new(driver))
}
