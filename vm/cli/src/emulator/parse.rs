//! Reads the emulator's argument vector into an [`EmuConfig`].

use super::config::{Cpus, EmuConfig};
use super::flags::{Complaint, Flag, Form, MAX_SCHEDULERS, Phase, find};
use super::memory;
use super::values::{Pair, atoi, pair};
use crate::word::{Word, show, to_path};

/// A configuration in the making.
pub struct Draft {
    pub config: EmuConfig,
    pub cpus: Cpus,
    /// `+S`: total and online.
    scheds: (i64, i64),
    /// `+SDcpu`: total and online.
    dirty: (i64, i64),
    pub percent: (i64, i64),
    pub dirty_percent: (i64, i64),
    pub poll_sets_percent: Option<u32>,
    pub poll_threads_percent: Option<u32>,
}

/// What came of parsing.
#[derive(Debug)]
pub struct Parsed {
    /// Lines for standard error that do not stop the start.
    pub remarks: Vec<String>,
    /// The configuration, or why there is none.
    pub result: Result<EmuConfig, Complaint>,
}

/// One flag of the vector with its value.
struct Token<'a> {
    flag: &'static Flag,
    value: &'a [u8],
    memory: Option<memory::Switch>,
}

/// Reads a vector whose first word is the program.
///
/// `env` gives the variables that count as flags.
pub fn parse(
    argv: &[Word],
    release: u32,
    cpus: Cpus,
    env: &dyn Fn(&str) -> Option<Word>,
) -> Parsed {
    let mut draft = Draft::new(release, cpus);
    draft.config.program = argv.first().cloned().unwrap_or_default();
    draft.config.arguments = argv.get(1..).unwrap_or_default().to_vec();
    draft.environment(env);
    let mut remarks = Vec::new();
    let result = draft.read(argv, &mut remarks).map(|()| draft.config);
    Parsed { remarks, result }
}

impl Draft {
    fn new(release: u32, cpus: Cpus) -> Self {
        let scheds = (cpus.configured, cpus.available);
        Self {
            config: EmuConfig::new(release),
            cpus,
            scheds,
            dirty: scheds,
            percent: (100, 100),
            dirty_percent: (100, 100),
            poll_sets_percent: None,
            poll_threads_percent: None,
        }
    }

    /// Variables that set what flags set; flags win.
    fn environment(&mut self, env: &dyn Fn(&str) -> Option<Word>) {
        let number = |name: &str| env(name).map(|v| atoi(&v));
        if let Some(n) = number("ERL_THREAD_POOL_SIZE") {
            self.config.async_threads = u32::try_from(n.clamp(1, 1024)).unwrap_or(1);
        }
        if let Some(n) = number("ERL_MAX_ETS_TABLES") {
            self.config.ets_tables = u32::try_from(n.clamp(0, i64::from(i32::MAX))).unwrap_or(0);
        }
        if let Some(n) = number("ERL_FULLSWEEP_AFTER") {
            // Taken modulo 2^16 by the reference.
            self.config.fullsweep_after = u16::try_from(n.rem_euclid(1 << 16)).unwrap_or(u16::MAX);
        }
        if let Some(n) = number("ERL_MAX_PORTS") {
            self.config.max_ports = u32::try_from(n).ok();
        }
    }

    fn read(&mut self, argv: &[Word], remarks: &mut Vec<String>) -> Result<(), Complaint> {
        let (tokens, rest) = self.tokens(argv);
        for phase in [Phase::Early, Phase::Memory, Phase::Polling] {
            for token in tokens.iter().filter(|t| t.flag.phase == phase) {
                match &token.memory {
                    Some(switch) => switch.check(token.value)?,
                    None => (token.flag.set)(self, token.value)?,
                }
            }
            match phase {
                Phase::Early => self.settle_schedulers()?,
                // An unknown allocator switch is noticed while values are still unread.
                Phase::Memory => {
                    if let Err((Phase::Memory, complaint)) = &rest {
                        return Err(complaint.clone());
                    }
                }
                _ => self.settle_polling()?,
            }
        }
        for token in tokens.iter().filter(|t| t.flag.phase == Phase::Main) {
            match (token.flag.set)(self, token.value) {
                Err(Complaint::Remark(text)) => remarks.push(text),
                other => other?,
            }
        }
        self.arguments(rest.map_err(|(_, complaint)| complaint)?);
        Ok(())
    }

    /// Splits the vector into flags and what follows their `--`, or the complaint that ends the flags.
    #[allow(clippy::type_complexity)]
    fn tokens<'a>(
        &self,
        argv: &'a [Word],
    ) -> (Vec<Token<'a>>, Result<&'a [Word], (Phase, Complaint)>) {
        let release = self.config.release;
        let mut tokens = Vec::new();
        let mut at = 1;
        let stop = |text: String| (Phase::Main, Complaint::Usage(text));
        let rest = loop {
            let Some(word) = argv.get(at) else { break Ok(&[][..]) };
            at += 1;
            if word == b"--" {
                break Ok(argv.get(at..).unwrap_or_default());
            }
            let Some(name) = word.strip_prefix(b"-") else { break Err(stop(String::new())) };
            let Some((flag, attached)) = find(name, release) else {
                let program = argv.first().map_or("".into(), |p| show(p));
                break Err(stop(format!("{program} unknown flag {}", show(word))));
            };
            let next = argv.get(at).map(Vec::as_slice);
            let mut memory = None;
            let takes_next = match flag.form {
                Form::Exact | Form::Alone => None,
                Form::Value => Some(attached),
                Form::Memory => match memory::switch(attached) {
                    Ok(switch) => {
                        let value = attached.get(switch.length..).unwrap_or_default();
                        memory = Some(switch);
                        Some(value)
                    }
                    Err(complaint) => break Err((Phase::Memory, complaint)),
                },
                Form::BreakLetter => {
                    let letter = next.and_then(|n| n.first());
                    let attached_letter = matches!(attached.first(), Some(b'i' | b'c' | b'd'));
                    (!attached_letter && matches!(letter, Some(b'i' | b'c' | b'd')))
                        .then_some(&b""[..])
                }
                Form::OptionalBoolean => (attached.is_empty()
                    && matches!(next, Some(b"true" | b"false")))
                .then_some(&b""[..]),
            };
            let value = match (takes_next, next) {
                (Some(b""), Some(next)) => {
                    at += 1;
                    next
                }
                (Some(b""), None) => break Err(stop("too few arguments".into())),
                _ => takes_next.unwrap_or(attached),
            };
            tokens.push(Token { flag, value, memory });
        };
        (tokens, rest)
    }

    /// A flag's letters for a message.
    pub fn shown<'v>(&self, letters: &'v [u8]) -> std::borrow::Cow<'v, str> {
        show(letters)
    }

    /// `+S`.
    pub fn schedulers(&mut self, value: &[u8]) -> Result<(), Complaint> {
        self.scheds = counts(
            value,
            (self.cpus.configured, self.cpus.available),
            self.scheds.1,
            "amount of schedulers",
        )?;
        Ok(())
    }

    /// `+SDcpu`.
    pub fn dirty_cpu(&mut self, value: &[u8]) -> Result<(), Complaint> {
        self.dirty = counts(
            value,
            (self.cpus.configured, self.cpus.available),
            self.dirty.1,
            "amount of dirty CPU schedulers",
        )?;
        Ok(())
    }

    /// Applies percentages and bounds to the numbers of schedulers.
    fn settle_schedulers(&mut self) -> Result<(), Complaint> {
        let percent = |n: i64, p: i64| n.saturating_mul(p) / 100;
        let (mut total, mut online) = self.scheds;
        if self.percent != (100, 100) {
            total = percent(total, self.percent.0).max(1);
            if total > MAX_SCHEDULERS {
                let p = self.percent.0;
                return Err(Complaint::Usage(format!(
                    "bad schedulers percentage {p} (total amount of schedulers {total})"
                )));
            }
            online = percent(online, self.percent.1).max(1);
            if total < online {
                let p = self.percent.1;
                return Err(Complaint::Usage(format!(
                    "bad schedulers online percentage {p} (total amount of schedulers {total}, online {online})"
                )));
            }
        }
        let (mut dirty, mut dirty_online) = self.dirty;
        if self.dirty_percent != (100, 100) {
            dirty = percent(dirty, self.dirty_percent.0);
            dirty_online = percent(dirty_online, self.dirty_percent.1);
        }
        let count = |n: i64, most: i64| u32::try_from(n.min(most).max(1)).unwrap_or(1);
        self.config.schedulers = count(total, MAX_SCHEDULERS);
        self.config.schedulers_online = count(online, total);
        self.config.dirty_cpu_schedulers = count(dirty, total);
        self.config.dirty_cpu_schedulers_online = count(dirty_online, online.min(dirty));
        self.config.system_requests = self.config.schedulers.saturating_mul(2);
        Ok(())
    }

    /// Applies percentages to poll threads and sets.
    fn settle_polling(&mut self) -> Result<(), Complaint> {
        let config = &mut self.config;
        if let Some(percent) = self.poll_threads_percent {
            config.poll_threads = (config.schedulers.saturating_mul(percent) / 100).max(1);
        }
        if let Some(percent) = self.poll_sets_percent {
            config.poll_sets = (config.poll_threads.saturating_mul(percent) / 100).max(1);
        }
        if config.poll_threads < config.poll_sets {
            return Err(Complaint::Usage(format!(
                "number of IO poll threads has to be greater or equal to the number of \nIO pollsets. \
                 Current values are set to: \n  -IOt {} -IOp {}",
                config.poll_threads, config.poll_sets
            )));
        }
        Ok(())
    }

    /// Takes the arguments for `init`; root and program directory stand among them.
    fn arguments(&mut self, rest: &[Word]) {
        let value = |name: &[u8]| {
            let own = rest.iter().take_while(|w| *w != b"-extra");
            let mut pairs = own.clone().zip(own.skip(1));
            pairs.find(|(flag, _)| *flag == name).map(|(_, value)| to_path(value))
        };
        self.config.root = value(b"-root");
        self.config.bindir = value(b"-bindir");
        self.config.init_args = rest.to_vec();
    }
}

/// `N`, `N:M` or `:M`: zero and less count from what the machine has.
fn counts(
    value: &[u8],
    machine: (i64, i64),
    online_now: i64,
    what: &str,
) -> Result<(i64, i64), Complaint> {
    let (asked, asked_online) = match pair(value) {
        Some(Pair::First(total)) => (total, total.min(online_now)),
        Some(Pair::Second(online)) => (machine.0, online),
        Some(Pair::Both(total, online)) => (total, online),
        None => return Err(Complaint::Usage(format!("bad {what} {}", show(value)))),
    };
    let resolve = |n: i64, base: i64| if n > 0 { n } else { base.saturating_add(n) };
    let total = resolve(asked, machine.0);
    let online = resolve(asked_online, machine.1);
    if !(1..=MAX_SCHEDULERS).contains(&total) {
        return Err(Complaint::Usage(format!("bad {what} {asked}")));
    }
    if !(1..=total).contains(&online) {
        let kind = what.trim_start_matches("amount of ");
        return Err(Complaint::Usage(format!(
            "bad {what} online {online} (total amount of {kind} {total})"
        )));
    }
    Ok((total, online))
}

#[cfg(test)]
mod tests;
