//! Local and universal time through the C library's time zone.
//!
//! The rules are those of `erlang:localtime_to_universaltime/2` and its inverse: years from 1902, fields checked, a
//! daylight-saving flag that the zone cannot honour is read as "not given".

use std::ffi::CStr;
use std::mem::MaybeUninit;

/// A calendar date and a time of day, without a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime {
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
}

impl DateTime {
    /// Does the date exist, from 1902 on?
    pub fn is_valid(&self) -> bool {
        const DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let Some(&days) = DAYS.get((self.month as usize).wrapping_sub(1)) else { return false };
        let days = days + u32::from(self.month == 2 && leap);
        (1902..i64::from(i32::MAX)).contains(&self.year)
            && (1..=days).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
    }

    fn from_tm(tm: &libc::tm) -> DateTime {
        DateTime {
            year: i64::from(tm.tm_year) + 1900,
            month: tm.tm_mon as u32 + 1,
            day: tm.tm_mday as u32,
            hour: tm.tm_hour as u32,
            minute: tm.tm_min as u32,
            second: tm.tm_sec as u32,
        }
    }
}

fn zero_tm() -> libc::tm {
    // SAFETY: all zeroes is a valid tm: integers and a null zone name.
    unsafe { MaybeUninit::<libc::tm>::zeroed().assume_init() }
}

/// Seconds since 1970 of a universal time. `None` when the date does not exist or lies before 1902.
pub fn universal_to_unix(t: &DateTime) -> Option<i64> {
    if !t.is_valid() {
        return None;
    }
    // Days by counting years from March, so that the leap day is the last of its year.
    let (y, m) = if t.month > 2 { (t.year, t.month - 3) } else { (t.year - 1, t.month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + i64::from((153 * m + 2) / 5 + t.day - 1);
    let days = days - 719_468;
    Some(days * 86_400 + i64::from(t.hour * 3600 + t.minute * 60 + t.second))
}

/// The universal time at `seconds` since 1970, or `None` when its year does not fit.
pub fn unix_to_universal(seconds: i64) -> Option<DateTime> {
    let (time, mut tm) = (seconds as libc::time_t, zero_tm());
    // SAFETY: both are valid for the call.
    let p = unsafe { libc::gmtime_r(&time, &mut tm) };
    (!p.is_null()).then(|| DateTime::from_tm(&tm))
}

/// The local time at `seconds` since 1970, or `None` when its year does not fit.
pub fn unix_to_local(seconds: i64) -> Option<DateTime> {
    let (time, mut tm) = (seconds as libc::time_t, zero_tm());
    // SAFETY: both are valid for the call. It reads TZ, which Erlang code can change only through the VM's own copy of the
    // environment.
    let p = unsafe { libc::localtime_r(&time, &mut tm) };
    (!p.is_null()).then(|| DateTime::from_tm(&tm))
}

/// The time at `seconds` since 1970, local or universal, as C's `strftime` formats it. `None` when it cannot be told or the text
/// is empty or longer than a thousand bytes.
pub fn format(format: &CStr, seconds: i64, universal: bool) -> Option<Vec<u8>> {
    let (time, mut tm) = (seconds as libc::time_t, zero_tm());
    let mut text = vec![0u8; 1024];
    // SAFETY: all are valid for the calls, and at most the text's length is written.
    let length = unsafe {
        let p = if universal {
            libc::gmtime_r(&time, &mut tm)
        } else {
            libc::localtime_r(&time, &mut tm)
        };
        if p.is_null() {
            return None;
        }
        libc::strftime(text.as_mut_ptr().cast(), text.len(), format.as_ptr(), &tm)
    };
    text.truncate(length);
    (length > 0).then_some(text)
}

/// Universal time of a local one. `dst`: was daylight saving in force; `None` leaves it to the zone's rules.
/// `None` when the date does not exist, lies before 1902, or cannot be told.
pub fn local_to_universal(t: &DateTime, dst: Option<bool>) -> Option<DateTime> {
    if !t.is_valid() {
        return None;
    }
    let convert = |isdst: i32| {
        let mut tm = zero_tm();
        tm.tm_year = i32::try_from(t.year - 1900).ok()?;
        tm.tm_mon = t.month as i32 - 1;
        tm.tm_mday = t.day as i32;
        tm.tm_hour = t.hour as i32;
        tm.tm_min = t.minute as i32;
        tm.tm_sec = t.second as i32;
        tm.tm_isdst = isdst;
        // SAFETY: `tm` is valid for the call.
        let seconds = unsafe { libc::mktime(&mut tm) };
        if seconds != -1 {
            return Some(seconds as i64);
        }
        // -1 is an error, or the second before 1970: then the second before that is -2.
        tm.tm_sec -= 1;
        // SAFETY: as above.
        (unsafe { libc::mktime(&mut tm) } == -2).then_some(-1)
    };
    let isdst = dst.map_or(-1, i32::from);
    let seconds = convert(isdst).or_else(|| if isdst != 0 { convert(0) } else { None })?;
    unix_to_universal(seconds)
}

/// Local time of a universal one. `None` when the date does not exist or lies before 1902.
pub fn universal_to_local(t: &DateTime) -> Option<DateTime> {
    unix_to_local(universal_to_unix(t)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(year: i64, month: u32, day: u32, hour: u32) -> DateTime {
        DateTime { year, month, day, hour, minute: 34, second: 56 }
    }

    #[test]
    fn unix_both_ways() {
        for t in [at(1970, 1, 1, 0), at(2000, 2, 29, 23), at(2024, 12, 31, 12), at(9999, 3, 1, 1)] {
            assert_eq!(unix_to_universal(universal_to_unix(&t).unwrap()), Some(t));
        }
        assert_eq!(universal_to_unix(&at(1969, 12, 31, 23)), Some(34 * 60 + 56 - 3600));
        assert_eq!(universal_to_unix(&at(1901, 12, 31, 23)), None);
        assert_eq!(universal_to_unix(&at(2023, 2, 29, 0)), None);
        assert_eq!(universal_to_unix(&at(2023, 0, 1, 0)), None);
        assert_eq!(universal_to_unix(&at(2023, 13, 1, 0)), None);
        assert_eq!(unix_to_universal(i64::MAX), None);
    }

    #[test]
    fn local_round_trip() {
        let t = at(2024, 6, 15, 12);
        let u = local_to_universal(&t, None).unwrap();
        assert_eq!(universal_to_local(&u), Some(t));
        assert_eq!(local_to_universal(&at(2024, 6, 31, 12), None), None);
    }
}
