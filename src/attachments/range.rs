//! One range of a file's bytes, as RFC 9110 has it. Pure.

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// Bytes `.0` up to and without `.1`.
    Part(u64, u64),
    /// Beyond the end.
    Outside,
    /// More than one range, or no range at all: the whole is a right answer (RFC 9110, 14.2).
    Ignored,
}

/// Reads a `Range` header against a file of `size` bytes.
pub fn one_range(header: &str, size: u64) -> Asked {
    let Some((from, to)) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Asked::Ignored;
    };
    let range = match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(from), Ok(last)) if last >= from => (from, last.saturating_add(1).min(size)),
        (Ok(from), Err(_)) if to.trim().is_empty() => (from, size),
        (Err(_), Ok(last)) if from.trim().is_empty() => (size.saturating_sub(last), size),
        _ => return Asked::Ignored,
    };
    if range.0 >= size { Asked::Outside } else { Asked::Part(range.0, range.1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_served_and_oddities_get_the_whole() {
        assert_eq!(one_range("bytes=0-9", 100), Asked::Part(0, 10));
        assert_eq!(one_range("bytes=90-", 100), Asked::Part(90, 100));
        assert_eq!(one_range("bytes=-10", 100), Asked::Part(90, 100));
        assert_eq!(one_range("bytes=50-500", 100), Asked::Part(50, 100));
        assert_eq!(one_range("bytes=100-", 100), Asked::Outside);
        assert_eq!(one_range("bytes=1-2,4-5", 100), Asked::Ignored);
        assert_eq!(one_range("lines=1-2", 100), Asked::Ignored);
    }
}
