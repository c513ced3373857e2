//! The fence in front of the engine for the numbers of transport-wide feedback (pure).
//!
//! A sender numbers its packets in 16 bits, in a header extension. The engine counts them on from
//! the first one it sees; one that lies before that would fall below zero, and the engine's
//! report of what is missing in between would take all memory there is. So until the engine has
//! certainly counted half of the 16 bits, no number is let in that could be taken for such a
//! one, whichever of the others proved to be the participant's own.

use super::error::MediaError;

/// How senders call the extension in their offers.
const URI: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
/// Half of what 16 bits can say: whatever is further ahead counts as behind.
const HALF: u16 = 0x8000;

/// The numbers of one participant.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// What the extension is called in packets.
    ids: Vec<u8>,
    /// The least that was let in, which the engine may have begun with.
    least: Option<u16>,
    /// The engine's count is at least here. Beyond the half nothing can fall below zero any more.
    counted: Option<u16>,
}

impl Numbers {
    /// Reads an offer for what the extension will be called. An offer that gives its number to another
    /// one, too, is bad (RFC 8285, 5): the engine would move ours to where it is not looked for.
    pub(super) fn agree(&mut self, offer: &str) -> Result<(), MediaError> {
        let named: Vec<(u8, bool)> = offer.lines().filter_map(named).collect();
        self.ids.extend(named.iter().filter(|(_, is_ours)| *is_ours).map(|(id, _)| *id));
        self.ids.sort_unstable();
        self.ids.dedup();
        let is_taken = named.iter().any(|(id, is_ours)| !is_ours && self.ids.contains(id));
        if is_taken { Err(MediaError::BadOffer) } else { Ok(()) }
    }

    /// What the engine is to call the extension from the start; nothing, so that it does not know it,
    /// if it is not named or no feedback is asked for: what is not named is not fenced, and what is
    /// never reported is kept for ever.
    pub(super) fn extension(&self, offer: &str) -> Option<u8> {
        let asks = |line: &str| line.starts_with("a=rtcp-fb:") && line.trim_end().ends_with(" transport-cc");
        self.ids.first().copied().filter(|_| offer.lines().any(asks))
    }

    /// Whether the engine may see this packet.
    pub(super) fn lets_in(&mut self, packet: &[u8]) -> bool {
        if self.ids.is_empty() || self.counted >= Some(HALF) {
            return true;
        }
        let ids = &self.ids;
        let numbers = elements(packet).into_iter().flatten().filter(|(id, _)| ids.contains(id));
        let mut least = self.least;
        for (_, value) in numbers {
            let [high, low, ..] = value else { continue };
            let number = u16::from_be_bytes([*high, *low]);
            if self.counted.or(least).is_some_and(|from| from < HALF && number >= from + HALF) {
                return false;
            }
            least = Some(least.map_or(number, |least| least.min(number)));
        }
        self.least = least;
        true
    }

    /// A packet proved to be the participant's own and was counted.
    pub(super) fn counted(&mut self, number: Option<u16>) {
        if self.counted < Some(HALF) {
            self.counted = self.counted.max(number);
        }
    }
}

/// The number that a line of an offer gives to a header extension, and whether that is ours. Read
/// more freely than the engine does: what only one of us understands must not go around the fence.
fn named(line: &str) -> Option<(u8, bool)> {
    let mut words = line.strip_prefix("a=extmap:")?.split_whitespace();
    let id = words.next()?.split('/').next()?.parse().ok()?;
    Some((id, words.next() == Some(URI)))
}

/// The elements of an RTP packet's header extension in either form (RFC 8285), as the engine
/// reads them; nothing of what is no RTP packet or has none.
fn elements(packet: &[u8]) -> Option<impl Iterator<Item = (u8, &[u8])>> {
    let [first, kind, ..] = packet else { return None };
    let is_rtp = first >> 6 == 2 && !(64..96).contains(&(kind & 0x7f));
    let after = 12 + 4 * usize::from(first & 0x0f);
    let [form @ .., high, low] = packet.get(after..after + 4)? else { return None };
    let is_short = form == [0xbe, 0xde];
    if !is_rtp || first & 0x10 == 0 || !(is_short || (form[0] == 0x10 && form[1] & 0xf0 == 0)) {
        return None;
    }
    let length = 4 * usize::from(u16::from_be_bytes([*high, *low]));
    let mut rest = packet.get(after + 4..after + 4 + length)?;
    Some(std::iter::from_fn(move || {
        while let [0, tail @ ..] = rest {
            rest = tail;
        }
        let (id, length, tail) = match rest {
            // This one ends the list, whatever follows.
            [head, ..] if is_short && head >> 4 == 15 => return None,
            [head, tail @ ..] if is_short => (head >> 4, usize::from(head & 0x0f) + 1, tail),
            [id, length, tail @ ..] => (*id, usize::from(*length), tail),
            _ => return None,
        };
        let value = tail.get(..length)?;
        rest = &tail[length..];
        Some((id, value))
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agreed() -> Numbers {
        let mut numbers = Numbers::default();
        numbers.agree(&format!("v=0\r\na=extmap:3/sendonly urn:x\r\na=extmap:5/sendrecv {URI}\r\n")).unwrap();
        numbers
    }

    #[test]
    fn the_engine_knows_the_extension_when_it_is_named_and_its_feedback_is_asked_for() {
        let read = |offer: &str| {
            let mut numbers = Numbers::default();
            numbers.agree(offer).unwrap();
            (numbers.ids.clone(), numbers.extension(offer))
        };
        let asked = "a=rtcp-fb:96 transport-cc\r\n";
        assert_eq!(read(asked), (vec![], None));
        assert_eq!(read(&format!("a=extmap:5 {URI}\r\n")), (vec![5], None));
        assert_eq!(read(&format!("a=extmap:5 {URI} words\r\n{asked}")), (vec![5], Some(5)));
        assert_eq!(read(&format!("a=extmap:3/sendonly {URI}\r\n{asked}")), (vec![3], Some(3)));
        let twice = format!("a=extmap:7 {URI}\r\na=extmap:5 {URI}\r\n{asked}");
        assert_eq!(read(&twice), (vec![5, 7], Some(5)), "the fence stands at both");
    }

    #[test]
    fn an_offer_that_gives_its_number_to_another_extension_is_bad_now_and_later() {
        let mut numbers = Numbers::default();
        let ours = format!("a=extmap:5 {URI}\r\n");
        assert!(numbers.agree(&format!("{ours}a=extmap:1 urn:x\r\n")).is_ok());
        assert_eq!(numbers.agree("a=extmap:5/recvonly urn:x\r\n"), Err(MediaError::BadOffer));
        assert_eq!(
            Numbers::default().agree(&format!("a=extmap:5 urn:x\r\n{ours}")),
            Err(MediaError::BadOffer)
        );
        // Two others may share a number, as one library's offers do.
        assert!(numbers.agree(&format!("a=extmap:2 urn:x\r\na=extmap:2 urn:y\r\n{ours}")).is_ok());
    }

    /// A packet with this number, in the short form or in the long one.
    fn packet(number: u16, short: bool) -> Vec<u8> {
        let [high, low] = number.to_be_bytes();
        let fixed = [0x90, 120, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        let extension = if short {
            [0xbe, 0xde, 0, 2, 0, 0x31, 7, 7, 0x51, high, low, 0]
        } else {
            [0x10, 0, 0, 2, 3, 1, 7, 5, 2, high, low, 0]
        };
        [&fixed[..], &extension, &[1, 2, 3, 4]].concat()
    }

    #[test]
    fn a_number_before_the_first_one_is_not_let_in() {
        for short in [true, false] {
            let mut numbers = agreed();
            assert!(numbers.lets_in(&packet(5, short)));
            assert!(!numbers.lets_in(&packet(65_530, short)));
            assert!(numbers.lets_in(&packet(6, short)) && numbers.lets_in(&packet(4, short)));
            assert!(numbers.lets_in(&packet(0, short)) && !numbers.lets_in(&packet(0x8000, short)));
        }
    }

    #[test]
    fn a_sender_may_begin_anywhere_and_count_round() {
        for first in [0_u16, 1, 5, 0x7fff, 0x8000, 40_000, 65_535] {
            let mut numbers = agreed();
            for n in 0..200_000_u32 {
                let number = first.wrapping_add(n as u16);
                assert!(numbers.lets_in(&packet(number, true)), "{first} {n}");
                numbers.counted(Some(number));
            }
        }
    }

    #[test]
    fn packets_without_a_number_and_control_packets_are_not_its_business() {
        let mut numbers = agreed();
        assert!(numbers.lets_in(&packet(5, true)));
        let mut other = packet(65_530, true);
        other[1] = 200;
        assert!(numbers.lets_in(&other) && numbers.lets_in(&[]) && numbers.lets_in(&[0x90; 14]));
    }

    /// The engine's way of counting on.
    fn counted_on(last: Option<i64>, number: u16) -> i64 {
        let Some(last) = last else { return number.into() };
        last + i64::from(number.wrapping_sub(last as u16) as i16)
    }

    proptest! {
        #[test]
        fn whichever_were_proven_nothing_falls_below_zero(all: Vec<(u16, bool, bool)>, first in 0_u16..40) {
            let (mut numbers, mut last) = (agreed(), None);
            for (number, is_own, is_told) in std::iter::once((first, true, false)).chain(all) {
                if numbers.lets_in(&packet(number, true)) && is_own {
                    let now = counted_on(last, number);
                    prop_assert!(now >= 0, "{number} after {last:?}");
                    last = last.max(Some(now));
                    numbers.counted(Some(number).filter(|_| is_told));
                }
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            agreed().lets_in(&bytes);
        }
    }
}
