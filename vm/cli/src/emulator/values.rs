//! Values of flags, read as the reference reads them: `atoi`, `strtol`, `sscanf`.

use super::config::BusyWait;
use sys::cpu::Cpu;
use vm::sched::binding::Order;

/// Leading blanks, a sign, digits; what follows is left over. Too large numbers stop at the ends of `i64`.
/// Nothing if there is no digit.
fn leading_number(text: &[u8]) -> Option<(i64, &[u8])> {
    let blanks = text.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let text = text.get(blanks..)?;
    let (negative, digits) = match text.first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if count == 0 {
        return None;
    }
    let (number, rest) = digits.split_at(count);
    let magnitude = number
        .iter()
        .fold(0i64, |n, &d| n.saturating_mul(10).saturating_add(i64::from(d.saturating_sub(b'0'))));
    Some((if negative { magnitude.saturating_neg() } else { magnitude }, rest))
}

/// `atoi`: 0 for text without a number.
pub fn atoi(text: &[u8]) -> i64 {
    leading_number(text).map_or(0, |(n, _)| n)
}

/// A whole number and nothing else.
pub fn exact(text: &[u8]) -> Option<i64> {
    leading_number(text).filter(|(_, rest)| rest.is_empty()).map(|(n, _)| n)
}

/// A number at the start; nothing without one.
pub fn leading(text: &[u8]) -> Option<i64> {
    leading_number(text).map(|(n, _)| n)
}

/// `true` or `false`.
pub fn boolean(text: &[u8]) -> Option<bool> {
    match text {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

/// `A`, `A:B` or `:B`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pair {
    First(i64),
    Second(i64),
    Both(i64, i64),
}

/// Reads a [`Pair`]; like `sscanf`, it does not mind what follows.
pub fn pair(text: &[u8]) -> Option<Pair> {
    if let Some((first, rest)) = leading_number(text) {
        let second = rest.strip_prefix(b":").and_then(leading_number);
        return Some(second.map_or(Pair::First(first), |(second, _)| Pair::Both(first, second)));
    }
    let (second, _) = leading_number(text.strip_prefix(b":")?)?;
    Some(Pair::Second(second))
}

/// Degrees of busy waiting.
pub fn busy_wait(text: &[u8]) -> Option<BusyWait> {
    Some(match text {
        b"none" => BusyWait::None,
        b"very_short" => BusyWait::VeryShort,
        b"short" => BusyWait::Short,
        b"medium" => BusyWait::Medium,
        b"long" => BusyWait::Long,
        b"very_long" => BusyWait::VeryLong,
        _ => return None,
    })
}

/// Bind types of schedulers.
pub fn bind_type(text: &[u8]) -> Option<Order> {
    Some(match text {
        b"u" => Order::Unbound,
        b"ns" => Order::NoSpread,
        b"ts" => Order::ThreadSpread,
        b"ps" => Order::ProcessorSpread,
        b"s" => Order::Spread,
        b"nnts" => Order::NoNodeThreadSpread,
        b"nnps" => Order::NoNodeProcessorSpread,
        b"tnnps" | b"db" => Order::ThreadNoNodeProcessorSpread,
        _ => return None,
    })
}

/// A CPU topology: `L0-3c0-3p0n0`, parts joined by colons. Letters go from the inside out, so that `n` before `p`
/// is a node within a processor.
pub fn topology(text: &[u8]) -> Result<Vec<Cpu>, &'static str> {
    let mut all: Vec<Cpu> = Vec::new();
    for part in text.split(|&b| b == b':') {
        part_of_topology(part, &mut all)?;
    }
    let mut logical: Vec<u32> = all.iter().map(|p| p.logical).collect();
    logical.sort_unstable();
    if logical.windows(2).any(|w| w[0] == w[1]) {
        return Err("not unique logical identifiers");
    }
    let at = |p: &Cpu| (p.node, p.processor, p.processor_node, p.core, p.thread);
    let mut places: Vec<_> = all.iter().map(at).collect();
    places.sort_unstable();
    if places.windows(2).any(|w| w[0] == w[1]) {
        return Err("not unique entities");
    }
    Ok(all)
}

fn part_of_topology(part: &[u8], all: &mut Vec<Cpu>) -> Result<(), &'static str> {
    let mut rest = part;
    let mut logical = Vec::new();
    let (mut thread, mut core, mut processor) = (vec![0], vec![0], None);
    let (mut inner, mut node) = (None, None);
    loop {
        let Some((kind, after)) = rest.split_first() else {
            return Err("invalid identifier type");
        };
        rest = after;
        let to = match kind {
            b'L' => &mut logical,
            b't' => &mut thread,
            b'c' => &mut core,
            b'p' => processor.insert(Vec::new()),
            b'n' | b'N' if processor.is_none() => inner.insert(Vec::new()),
            b'n' | b'N' => node.insert(Vec::new()),
            _ => return Err("invalid identifier type"),
        };
        *to = identifiers(&mut rest)?;
        if rest.is_empty() {
            break;
        }
    }
    if logical.is_empty() {
        return Err("missing logical identifier");
    }
    // Without a processor a node is above all.
    if processor.is_none() && node.is_none() {
        node = inner.take();
    }
    let processor = processor.unwrap_or_else(|| vec![0]);
    let fits = |ids: &[u32]| ids.len() == 1 || ids.len() == logical.len();
    let optional = [&inner, &node].into_iter().flatten();
    if ![&thread, &core, &processor].into_iter().chain(optional).all(|ids| fits(ids)) {
        return Err("invalid identifier range");
    }
    let of = |ids: &[u32], i: usize| ids.get(i).or(ids.first()).copied().unwrap_or(0);
    all.extend(logical.iter().enumerate().map(|(i, l)| Cpu {
        node: node.as_deref().map(|ids| of(ids, i)),
        processor: of(&processor, i),
        processor_node: inner.as_deref().map(|ids| of(ids, i)),
        core: of(&core, i),
        thread: of(&thread, i),
        logical: *l,
    }));
    Ok(())
}

/// The identifiers that `0-3,5` names; `rest` moves behind them.
fn identifiers(rest: &mut &[u8]) -> Result<Vec<u32>, &'static str> {
    const LIMIT: i64 = 0xffff;
    let mut all = Vec::new();
    loop {
        let (first, after) = digits(rest).ok_or("invalid identifier")?;
        let (last, after) = match after.strip_prefix(b"-") {
            Some(range) => digits(range).ok_or("invalid identifier range")?,
            None => (first, after),
        };
        if last < first || last > LIMIT || all.len() > LIMIT as usize {
            return Err("invalid identifier range");
        }
        all.extend((first..=last).filter_map(|n| u32::try_from(n).ok()));
        match after.strip_prefix(b",") {
            Some(more) => *rest = more,
            None => {
                *rest = after;
                return Ok(all);
            }
        }
    }
}

fn digits(text: &[u8]) -> Option<(i64, &[u8])> {
    text.first().filter(|b| b.is_ascii_digit())?;
    leading_number(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(atoi(b" -12x"), -12);
        assert_eq!(atoi(b"x"), 0);
        assert_eq!(atoi(b"99999999999999999999"), i64::MAX);
        assert_eq!(exact(b"5 "), None);
        assert_eq!(pair(b"4:2x"), Some(Pair::Both(4, 2)));
        assert_eq!(pair(b"4:"), Some(Pair::First(4)));
        assert_eq!(pair(b":-3"), Some(Pair::Second(-3)));
        assert_eq!(pair(b"a"), None);
        assert_eq!(pair(b""), None);
    }
}
