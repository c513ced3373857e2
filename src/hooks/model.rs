//! Addresses, what they are told, and what became of it.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::FacilityName,
    kernel::{DeliveryId, FacilityId, HookId, Timestamp},
    words,
};

words! {
    /// What another system can be told.
    pub enum HookEvent {
        /// Somebody is rung for a consult.
        Ring = "ring",
        /// An urgent or emergency referral was sent here.
        UrgentReferral = "urgent_referral",
        /// Nothing happened: an administrator tries the address.
        Test = "test",
    }
}

words! {
    /// Whether an address is told anything.
    pub enum HookStanding {
        /// It is.
        Active = "active",
        /// Not for now; what is on its way waits.
        Paused = "paused",
        /// Never again.
        Removed = "removed",
    }
}

words! {
    /// How a message stands.
    pub enum DeliveryState {
        /// It will be tried, or tried again.
        Waiting = "waiting",
        /// The receiver has it.
        Delivered = "delivered",
        /// It was tried often enough, or the receiver wants no more.
        Dead = "dead",
    }
}

words! {
    /// Why a try did not reach its receiver.
    pub enum DeliveryTrouble {
        /// The stored address cannot be read.
        BadAddress = "bad_address",
        /// Nobody knows a host of that name.
        NoSuchHost = "no_such_host",
        /// It is inside a network that must not be reached from here.
        ForbiddenAddress = "forbidden_address",
        /// Its port must not be reached from here.
        ForbiddenPort = "forbidden_port",
        /// Nobody listens there.
        NoConnection = "no_connection",
        /// Its certificate is not trusted, or it speaks no TLS.
        NoTls = "no_tls",
        /// It did not answer in time.
        TooSlow = "too_slow",
        /// What it answered is no HTTP, or far too long.
        BrokenAnswer = "broken_answer",
        /// It sent us on to somewhere else, where we do not go.
        Redirected = "redirected",
        /// It answered with a status that is not a success.
        NotTaken = "not_taken",
    }
}

/// Tries before a message is dead: from a second to an hour apart, some five hours in all.
pub const MOST_TRIES: i64 = 16;
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_hours(1);

/// How long to wait after try number `n` of a round; `chance` spreads those that failed together
/// a fifth to either side.
pub fn pause_after(n: i64, chance: u8) -> Duration {
    let doublings = u32::try_from(n.saturating_sub(1)).unwrap_or(u32::MAX).min(31);
    let plain = SHORTEST.saturating_mul(1 << doublings).min(LONGEST);
    plain.mul_f64(0.8 + 0.4 * f64::from(chance) / 255.0)
}

/// Where a message goes: `https`, a host, a port, and the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Name or number, without brackets.
    pub host: String,
    /// 443 if it does not say.
    pub port: u16,
    /// Host and port as the header `Host` has them.
    pub authority: String,
    /// Path and query.
    pub path: String,
}

impl Address {
    /// The most characters an address may have.
    pub const LONGEST: usize = 500;

    /// Reads an address; nothing if it is not `https` or carries a name and password.
    pub fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://")?;
        let legal = |c: char| {
            c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
        };
        if text.len() > Self::LONGEST || !rest.chars().all(legal) || rest.contains('#') {
            return None;
        }
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        if authority.contains('@') {
            return None;
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                (host, rest.strip_prefix(':').or(rest.is_empty().then_some("443"))?)
            }
            None => authority.split_once(':').unwrap_or((authority, "443")),
        };
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || !host.chars().all(named) {
            return None;
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let port = port.parse().ok().filter(|port| *port != 0)?;
        Some(Self { host: host.to_owned(), port, authority: authority.to_owned(), path })
    }
}

/// An address as it is stored.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Which one.
    pub id: HookId,
    /// Whose.
    pub facility: FacilityId,
    /// Where it is.
    pub url: String,
    /// What it is told.
    pub events: Vec<HookEvent>,
    /// What signs.
    pub secret: Vec<u8>,
    /// The secret before, and until when it signs too.
    pub old_secret: Option<(Vec<u8>, Timestamp)>,
    /// Whether it is told anything.
    pub standing: HookStanding,
    /// Raised by every change.
    pub version: i64,
    /// Entered.
    pub created_at: Timestamp,
}

/// A message about to be tried.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// Which one; the receiver knows it by this.
    pub id: DeliveryId,
    /// To which address.
    pub hook: HookId,
    /// What is sent.
    pub body: String,
    /// Which try it is, over all.
    pub tries: i64,
    /// Which try it is since it was last sent on its way.
    pub round: i64,
}

/// An address as its administrator sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HookView {
    /// Which one.
    pub id: HookId,
    /// Whose.
    pub facility: FacilityName,
    /// Where it is.
    pub url: String,
    /// What it is told.
    pub events: Vec<HookEvent>,
    /// Whether it is told anything.
    pub standing: HookStanding,
    /// Until when the secret before the last change signs too.
    pub old_secret_until: Option<Timestamp>,
    /// Messages that will be tried, or tried again.
    pub waiting: i64,
    /// Messages that were given up.
    pub dead: i64,
    /// When a message last reached it.
    pub delivered_at: Option<Timestamp>,
    /// Entered.
    pub created_at: Timestamp,
    /// Raised by every change.
    pub version: i64,
}

/// One try.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TryView {
    /// Which one, from 1.
    pub n: i64,
    /// When.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// What the receiver answered with.
    pub status: Option<i64>,
    /// What went wrong.
    pub trouble: Option<DeliveryTrouble>,
}

/// A message as its administrator sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Which one: the header `webhook-id`.
    pub id: DeliveryId,
    /// What it tells.
    pub event: HookEvent,
    /// What is sent: ids and codes.
    pub body: String,
    /// How it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: i64,
    /// When it is tried next, while it waits.
    pub next_at: Timestamp,
    /// Made.
    pub created_at: Timestamp,
    /// The last tries, newest first.
    pub log: Vec<TryView>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_are_spread_by_a_fifth() {
        assert_eq!(pause_after(1, 128).as_secs(), 1);
        assert_eq!(pause_after(2, 0), Duration::from_millis(1600));
        assert_eq!(pause_after(2, 255), Duration::from_millis(2400));
        assert_eq!(pause_after(60, 0), LONGEST.mul_f64(0.8));
        let all: u64 = (1..MOST_TRIES).map(|n| pause_after(n, 128).as_secs()).sum();
        assert!((4 * 3600..6 * 3600).contains(&all), "{all} s");
    }

    #[test]
    fn an_address_is_https_and_carries_no_password() {
        let read = |text| Address::read(text).map(|one| (one.host, one.port, one.path));
        let is = |host: &str, port, path: &str| Some((host.to_owned(), port, path.to_owned()));

        assert_eq!(read("https://his.example"), is("his.example", 443, "/"));
        assert_eq!(read("https://his.example:8443/in?key=a%20b"), is("his.example", 8443, "/in?key=a%20b"));
        assert_eq!(read("https://his.example?x=1"), is("his.example", 443, "/?x=1"));
        assert_eq!(read("https://[2606:4700::1]:8443/"), is("2606:4700::1", 8443, "/"));
        for text in [
            "http://his.example/",
            "https://",
            "https:///x",
            "https://a@b/",
            "https://a:b@c/",
            "https://h:0/",
            "https://h:99999/",
            "https://h/#x",
            "https://h /",
            "https://h\r\nX: 1/",
            "https://[::1",
            "ftp://h/",
            "https://his.example/ä",
            "https://h%2f/",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
