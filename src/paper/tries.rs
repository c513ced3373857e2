//! How often one address may ask after papers: often enough for a desk, too seldom to guess.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use crate::kernel::{Timestamp, site};

/// So many tries in one [`SPAN`].
const TRIES: u32 = 20;
const SPAN: Duration = Duration::from_secs(60);
/// Addresses that are counted one by one; beyond, they are counted together.
const ADDRESSES: usize = 10_000;

/// The tries of the present minute.
#[derive(Debug, Default)]
pub struct Tries {
    counted: Mutex<HashMap<Option<IpAddr>, (Timestamp, u32)>>,
}

impl Tries {
    /// Counts one more try; an error says how long to wait.
    pub fn one_more(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), Duration> {
        let mut counted = self.counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if counted.len() >= ADDRESSES {
            counted.retain(|_, (since, _)| now.since(*since) < SPAN);
        }
        let address = if counted.len() >= ADDRESSES { None } else { address.map(site) };
        let (since, tries) = counted.entry(address).or_insert((now, 0));
        if now.since(*since) >= SPAN {
            (*since, *tries) = (now, 0);
        }
        *tries += 1;
        if *tries <= TRIES {
            Ok(())
        } else {
            Err(SPAN.saturating_sub(now.since(*since)).max(Duration::from_secs(1)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twenty_first_try_of_a_minute_waits_and_the_next_minute_is_open() {
        let (tries, start) = (Tries::default(), Timestamp::from_millis(0));
        let address = |n: u8| Some(IpAddr::from([192, 0, 2, n]));

        assert!((0..TRIES).all(|_| tries.one_more(address(1), start).is_ok()));
        assert_eq!(tries.one_more(address(1), start), Err(SPAN));
        assert!(tries.one_more(address(2), start).is_ok(), "another address is not concerned");
        assert!(tries.one_more(address(1), start.plus(SPAN)).is_ok());
    }
}
