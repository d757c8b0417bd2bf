//! Reading floats: a sign, digits, a point, digits, perhaps an exponent.
//!
//! A comma serves as the point too, as in the reference.

/// How many bytes at the front are a float; with `e` not followed by digits, the float ends before it.
fn scan(text: &[u8]) -> Option<(usize, usize)> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.iter().position(|c| !c.is_ascii_digit()).unwrap_or(rest.len())
    };
    let sign = |at: usize| usize::from(matches!(text.get(at), Some(b'+' | b'-')));
    let start = sign(0);
    let point = start + digits(start);
    if point == start || !matches!(text.get(point), Some(b'.' | b',')) {
        return None;
    }
    let fraction = digits(point + 1);
    if fraction == 0 {
        return None;
    }
    let mut end = point + 1 + fraction;
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let from = end + 1 + sign(end + 1);
        let exponent = digits(from);
        if exponent > 0 {
            end = from + exponent;
        }
    }
    Some((point, end))
}

/// The float that `text` begins with, and how many bytes it takes: what `string:to_float/1` reads. `None` when there is none,
/// or when it is beyond the range of floats.
pub fn parse_prefix(text: &[u8]) -> Option<(f64, usize)> {
    let (point, end) = scan(text)?;
    let value: f64 = if text[point] == b',' {
        let mut copy = text[..end].to_vec();
        copy[point] = b'.';
        std::str::from_utf8(&copy).ok()?.parse().ok()?
    } else {
        std::str::from_utf8(&text[..end]).ok()?.parse().ok()?
    };
    value.is_finite().then_some((value, end))
}

/// A float with nothing around it: `list_to_float/1`, `binary_to_float/1`. The text ends at the first zero byte, as the
/// reference's C string does.
pub fn parse(text: &[u8]) -> Option<f64> {
    let end = text.iter().position(|&c| c == 0).unwrap_or(text.len());
    parse_prefix(&text[..end]).filter(|&(_, len)| len == end).map(|(value, _)| value)
}
