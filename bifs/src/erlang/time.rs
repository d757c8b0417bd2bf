//! Clocks and calendars [erl_time_sup.c, bif.c].

use sys::localtime::{self, DateTime};
use term::atom::am;
use term::{Term, atom};
use vm::time::{self, UNIT};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    /// Nanoseconds that never go back
    Plain "monotonic_time"/0 => monotonic_time();
    Plain "monotonic_time"/1 => monotonic_time_in(0);
    /// Nanoseconds since 1970
    Plain "system_time"/0 => system_time();
    Plain "system_time"/1 => system_time_in(0);
    /// System time less monotonic time
    Plain "time_offset"/0 => time_offset();
    Plain "time_offset"/1 => time_offset_in(0);
    /// System time as `{MegaSeconds, Seconds, MicroSeconds}`
    Plain "timestamp"/0 => timestamp();
    /// The like, and never twice the same
    Plain "now"/0 => now();
    /// Local `{Year, Month, Day}`
    Plain "date"/0 => date();
    /// Local `{Hour, Minute, Second}`
    Plain "time"/0 => time_of_day();
    Plain "localtime"/0 => localtime();
    Plain "universaltime"/0 => universaltime();
    /// The second argument: was daylight saving in force? `true`, `false` or `undefined`
    Plain "localtime_to_universaltime"/2 => localtime_to_universaltime(0, 1);
    Plain "universaltime_to_localtime"/1 => universaltime_to_localtime(0);
    Plain "universaltime_to_posixtime"/1 => universaltime_to_posixtime(0);
    Plain "posixtime_to_universaltime"/1 => posixtime_to_universaltime(0);
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// Native time units in a second
    Plain "time_unit"/0 => time_unit();
    /// Steps of `os:perf_counter/0` in a second
    Plain "perf_counter_unit"/0 => time_unit();
} }

/// How many of a unit are in a second. `None`: it is no unit, or a number beyond 64 bits.
fn per_second(unit: Term<'_>) -> Option<i64> {
    if let Some(a) = unit.as_atom() {
        return match a {
            am::SECOND => Some(1),
            am::MILLISECOND => Some(1_000),
            am::MICROSECOND => Some(1_000_000),
            am::NANOSECOND | am::NATIVE | am::PERF_COUNTER => Some(UNIT),
            _ => match a.name() {
                "seconds" => Some(1),
                "milli_seconds" => Some(1_000),
                "micro_seconds" => Some(1_000_000),
                "nano_seconds" => Some(UNIT),
                _ => None,
            },
        };
    }
    unit.as_i64().filter(|&n| n > 0)
}

/// Nanoseconds in another unit, rounded down.
fn scale(ns: i64, per_second: i64) -> i128 {
    (i128::from(ns) * i128::from(per_second)).div_euclid(i128::from(UNIT))
}

/// `ns` in `unit`; `badarg` if that is none.
pub(crate) fn convert<'p>(cx: &Cx<'p>, ns: i64, unit: Term<'p>) -> BifResult<'p> {
    match per_second(unit) {
        Some(n) => Ok(cx.heap().i128(scale(ns, n))),
        // A long number is a unit too; Erlang code can multiply those.
        None if unit.as_big().is_some_and(|b| !b.is_negative()) => Err(cx.trap(
            am::ERLANG,
            atom!("convert_time_unit"),
            &[cx.heap().int(ns), cx.heap().int(UNIT), unit],
        )),
        None => Err(cx.badarg()),
    }
}

fn monotonic_time<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(cx.heap().int(time::monotonic_ns()))
}

fn monotonic_time_in<'p>(cx: &Cx<'p>, unit: Term<'p>) -> BifResult<'p> {
    convert(cx, time::monotonic_ns(), unit)
}

fn system_time<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(cx.heap().int(time::system_ns()))
}

fn system_time_in<'p>(cx: &Cx<'p>, unit: Term<'p>) -> BifResult<'p> {
    convert(cx, time::system_ns(), unit)
}

fn time_offset<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(cx.heap().int(time::time_offset_ns()))
}

fn time_offset_in<'p>(cx: &Cx<'p>, unit: Term<'p>) -> BifResult<'p> {
    convert(cx, time::time_offset_ns(), unit)
}

fn time_unit<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(cx.heap().int(UNIT))
}

/// `{MegaSeconds, Seconds, MicroSeconds}`
pub(crate) fn mega_seconds<'p>(cx: &Cx<'p>, us: i64) -> Term<'p> {
    const MEGA: i64 = 1_000_000;
    let (s, us) = (us.div_euclid(MEGA), us.rem_euclid(MEGA));
    let (mega, s) = (s.div_euclid(MEGA), s.rem_euclid(MEGA));
    cx.heap().tuple(&[Term::small(mega), Term::small(s), Term::small(us)])
}

fn timestamp<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(mega_seconds(cx, time::system_ns().div_euclid(1000)))
}

fn now<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(mega_seconds(cx, time::now_us()))
}

fn seconds_now() -> i64 {
    sys::clock::system_ns().div_euclid(UNIT)
}

fn date_term<'p>(cx: &Cx<'p>, t: &DateTime) -> Term<'p> {
    let small = |n: u32| Term::small(i64::from(n));
    cx.heap().tuple(&[cx.heap().int(t.year), small(t.month), small(t.day)])
}

fn time_term<'p>(cx: &Cx<'p>, t: &DateTime) -> Term<'p> {
    let small = |n: u32| Term::small(i64::from(n));
    cx.heap().tuple(&[small(t.hour), small(t.minute), small(t.second)])
}

fn date_time<'p>(cx: &Cx<'p>, t: &DateTime) -> Term<'p> {
    cx.heap().tuple(&[date_term(cx, t), time_term(cx, t)])
}

fn local_now<'p>(cx: &Cx<'p>) -> BifResult<'p, DateTime> {
    cx.need(localtime::unix_to_local(seconds_now()))
}

fn date<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(date_term(cx, &local_now(cx)?))
}

fn time_of_day<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(time_term(cx, &local_now(cx)?))
}

fn localtime<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(date_time(cx, &local_now(cx)?))
}

fn universaltime<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(date_time(cx, &universal(seconds_now())))
}

/// `{{Year, Month, Day}, {Hour, Minute, Second}}`; fields out of any range are `None`.
fn parts(t: Term<'_>) -> Option<DateTime> {
    let [date, time] = t.as_tuple_of()?;
    let [year, month, day] = date.as_tuple_of()?;
    let [hour, minute, second] = time.as_tuple_of()?;
    let field = |t: Term<'_>| t.as_small().and_then(|n| u32::try_from(n).ok());
    Some(DateTime {
        year: year.as_small()?,
        month: field(month)?,
        day: field(day)?,
        hour: field(hour)?,
        minute: field(minute)?,
        second: field(second)?,
    })
}

fn localtime_to_universaltime<'p>(cx: &Cx<'p>, t: Term<'p>, dst: Term<'p>) -> BifResult<'p> {
    let dst = match dst.as_atom() {
        Some(am::TRUE) => Some(true),
        Some(am::FALSE) => Some(false),
        Some(am::UNDEFINED) => None,
        _ => return Err(cx.badarg()),
    };
    let t = cx.need(parts(t).and_then(|t| localtime::local_to_universal(&t, dst)))?;
    Ok(date_time(cx, &t))
}

fn universaltime_to_localtime<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    let t = cx.need(parts(t).and_then(|t| localtime::universal_to_local(&t)))?;
    Ok(date_time(cx, &t))
}

fn universaltime_to_posixtime<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    let seconds = cx.need(parts(t).and_then(|t| posix(&t)))?;
    Ok(cx.heap().int(seconds))
}

fn posixtime_to_universaltime<'p>(cx: &Cx<'p>, seconds: i64) -> BifResult<'p> {
    Ok(date_time(cx, &universal(seconds)))
}

const DAY: i64 = 86_400;
/// Days from 0000-03-01 to 1970-01-01 in the Gregorian calendar.
const EPOCH: i64 = 719_468;

/// Seconds since 1970 of a universal time from year 1600 on.
fn posix(t: &DateTime) -> Option<i64> {
    const DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = t.year % 4 == 0 && (t.year % 100 != 0 || t.year % 400 == 0);
    let days = *DAYS.get((t.month as usize).checked_sub(1)?)? + u32::from(t.month == 2 && leap);
    let valid = (1600..i64::from(i32::MAX)).contains(&t.year)
        && (1..=days).contains(&t.day)
        && t.hour < 24
        && t.minute < 60
        && t.second < 60;
    if !valid {
        return None;
    }
    // Years from March, so that the leap day is the last of its year.
    let (y, m) = if t.month > 2 { (t.year, t.month - 3) } else { (t.year - 1, t.month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + i64::from((153 * m + 2) / 5 + t.day - 1);
    let seconds = i64::from(t.hour * 3600 + t.minute * 60 + t.second);
    Some((days - EPOCH) * DAY + seconds)
}

/// The universal time at any number of seconds around 1970. Divisions round towards zero, as in the reference: dates before the
/// year 0 are what they are there.
fn universal(seconds: i64) -> DateTime {
    let (days, seconds) = (seconds.div_euclid(DAY) + EPOCH, seconds.rem_euclid(DAY) as u32);
    let before = |y: i64| 365 * y + y / 4 - y / 100 + y / 400;
    let mut year = (10_000 * days + 14_780) / 3_652_425;
    if days < before(year) {
        year -= 1;
    }
    // Day of the year, and months, both counted from March.
    let day = days - before(year);
    let month = (100 * day + 52) / 3_060;
    DateTime {
        year: year + (month + 2) / 12,
        month: ((month + 2) % 12 + 1) as u32,
        day: (day - (month * 306 + 5) / 10 + 1) as u32,
        hour: seconds / 3600,
        minute: seconds / 60 % 60,
        second: seconds % 60,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use term::{Atom, Heap};

    #[test]
    fn units() {
        let h = Heap::new();
        let of = |name| per_second(Atom::new(name).into());
        assert_eq!(of("milli_seconds"), Some(1000));
        assert_eq!(of("native"), Some(UNIT));
        assert_eq!(of("minute"), None);
        assert_eq!(per_second(Term::small(0)), None);
        assert_eq!(per_second(Term::small(7)), Some(7));
        assert_eq!(per_second(h.big(false, &[0, 1])), None);
        assert_eq!(scale(-1, 1), -1);
        assert_eq!(scale(1_999_999_999, 1), 1);
        assert_eq!(scale(i64::MIN, i64::MAX).signum(), -1);
    }

    #[test]
    fn posix_both_ways() {
        let at = |year, month, day| DateTime { year, month, day, hour: 1, minute: 2, second: 3 };
        assert_eq!(posix(&at(1970, 1, 1)), Some(3723));
        assert_eq!(posix(&at(1600, 1, 1)), Some(-11_676_096_000 + 3723));
        assert_eq!(posix(&at(1599, 12, 31)), None);
        assert_eq!(posix(&at(1900, 2, 29)), None);
        assert_eq!(posix(&at(2001, 0, 1)), None);
        for t in [at(1600, 2, 29), at(1969, 12, 31), at(2000, 12, 31), at(123_456, 3, 1)] {
            assert_eq!(posix(&t).map(universal), Some(t));
        }
        // As the reference says.
        let (t, l) = (universal(67_767_976_233_446_399), universal(1 << 60));
        assert_eq!((t.year, t.month, t.day, t.hour), (2_147_483_647, 12, 30, 23));
        assert_eq!((l.year, l.month, l.day, l.second), (36_534_630_048, 5, 13, 16));
        universal(i64::MIN);
        universal(i64::MAX);
    }
}
