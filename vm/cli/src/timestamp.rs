//! Dates in the diagnostics of programs.

use sys::localtime;

/// Local time as C's `ctime` prints it (`Sun Nov 22 21:56:52 2026`), or nothing if it cannot be told.
pub fn now() -> String {
    unix(sys::clock::system_ns().div_euclid(1_000_000_000))
}

/// The same for seconds since 1970.
pub fn unix(seconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Some(t) = localtime::unix_to_local(seconds) else { return String::new() };
    // 1 January 1970 was a Thursday.
    let days = localtime::universal_to_unix(&t).unwrap_or(0).div_euclid(86_400);
    let day = usize::try_from(days.rem_euclid(7)).ok().and_then(|d| DAYS.get(d)).unwrap_or(&"???");
    let month = usize::try_from(t.month).ok().and_then(|m| MONTHS.get(m.checked_sub(1)?));
    let month = month.copied().unwrap_or("???");
    format!("{day} {month} {:>2} {:02}:{:02}:{:02} {}", t.day, t.hour, t.minute, t.second, t.year)
}

#[cfg(test)]
mod tests {
    #[test]
    fn weekdays() {
        // Noon, so that every time zone but the outermost has the same date.
        assert!(super::unix(1_795_348_800).starts_with("Sun Nov 22 "));
        assert!(super::unix(43_200).starts_with("Thu Jan  1 "));
        assert!(super::unix(951_825_600).starts_with("Tue Feb 29 "));
    }
}
