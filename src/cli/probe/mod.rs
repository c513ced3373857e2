//! `causeway probe`: a synthetic participant that tells whether calls work from here.
//!
//! It signs in, opens the signaling line and, given a consult it may enter, joins the call,
//! talks and shows a picture for a while, and reports what an operator wants to know: how
//! long each step took, whom it heard and how loud, and how far away the relay is. It can
//! also wait to be rung, as the third person of a call.

mod call;
mod client;
mod participant;
mod playback;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

pub use client::{Client, ClientError, SignalLine};
pub use participant::{Heard, Hearing, LinkState, Packing, Participant, section};

use super::{CliError, say, ways};
use crate::config::Config;
use crate::kernel::{Clock, Dice, OsDice, SystemClock};

/// Where Debian and its relatives keep the authorities the system trusts.
pub(super) const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Words sent to measure the signaling line; the middle of five is not fooled by one slow one.
const PINGS: usize = 5;

/// What to try.
#[derive(Debug, Args)]
pub struct Probe {
    /// The server: scheme, host and port, as in the browser.
    server: String,
    /// Who signs in.
    #[arg(long)]
    user: String,
    /// Their password.
    #[arg(long, env = "CAUSEWAY_PROBE_PASSWORD", hide_env_values = true)]
    password: String,
    /// A consult this person may enter now; without one, the call itself is not tried.
    #[arg(long, conflicts_with = "answer")]
    consult: Option<String>,
    /// Wait until this person is rung, answer, and take part in that call.
    #[arg(long)]
    answer: bool,
    /// How many seconds to wait to be rung.
    #[arg(long, default_value_t = 120)]
    wait: u64,
    /// How long to stay in the call.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// PEM file of the authority to trust; otherwise the local one and the system's are.
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
}

/// Tries it and tells.
pub(super) async fn run(config: &Config, what: Probe) -> Result<(), CliError> {
    let refused = |why: ClientError| CliError::Refused(why.to_string());
    let local = config.tls.folder.join("ca.crt");
    let authorities: Vec<&Path> = match &what.authority {
        Some(file) => vec![file],
        None => [local.as_path(), Path::new(SYSTEM_AUTHORITIES)].into_iter().filter(|p| p.exists()).collect(),
    };
    let mut client = Client::new(&what.server, &authorities).map_err(refused)?;
    let start = Instant::now();
    client.sign_in(&what.user, &what.password).await.map_err(refused)?;
    say(format_args!("Signed in        after {}", ms(start.elapsed())));
    let start = Instant::now();
    let mut line = client.line("probe").await.map_err(refused)?;
    say(format_args!("Signaling line   open after {}", ms(start.elapsed())));
    say(format_args!("                 answers in {}", ms(ping(&mut line).await.map_err(refused)?)));
    streams(&client).await;
    let consult = if what.answer {
        Some(call::answer(&mut line, Duration::from_secs(what.wait)).await?)
    } else {
        what.consult
    };
    let outcome = match &consult {
        Some(consult) => {
            call::take_part(&client, &mut line, consult, Duration::from_secs(what.seconds)).await
        }
        None => {
            say("Call             not tried: name a consult with --consult, or wait for one with --answer");
            Ok(())
        }
    };
    client.sign_out().await.map_err(refused)?;
    outcome
}

/// The ways of media over the page's own port: plain for ICE and TURN over TCP, and in TLS.
async fn streams(client: &Client) {
    let start = Instant::now();
    let plain = match client.connect_plain().await {
        Ok(stream) => ways::by_stream(stream, start).await,
        Err(_) => None,
    };
    let start = Instant::now();
    let secure = match client.connect().await {
        Ok(stream) => ways::by_stream(stream, start).await,
        Err(_) => None,
    };
    for (name, way) in [("TCP", plain), ("TLS", secure)] {
        match way {
            Some(way) => say(format_args!("Relay by {name}     {way}")),
            None => say(format_args!(
                "Relay by {name}     no answer: a proxy or firewall between takes pages only"
            )),
        }
    }
}

/// Where the relay takes datagrams, as its answer says.
async fn datagrams(answer: &str) {
    for line in answer.lines().filter(|line| line.starts_with("a=candidate:")) {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, _, "udp", _, ip, port, ..] = words[..] else { continue };
        let Ok(ip) = ip.parse() else { continue };
        let Ok(port) = port.parse() else { continue };
        match ways::by_udp(std::net::SocketAddr::new(ip, port)).await {
            Some(way) => say(format_args!("Relay by UDP     {way}")),
            None => say("Relay by UDP     no answer: blocked, or media.advertise is wrong"),
        }
    }
}

/// The middle of some round trips over the signaling line.
async fn ping(line: &mut SignalLine) -> Result<Duration, ClientError> {
    let mut trips = Vec::with_capacity(PINGS);
    for _ in 0..PINGS {
        let start = Instant::now();
        line.say(&json!({ "t": "ping", "ts": SystemClock.now() })).await?;
        line.until("a ping", |frame| frame["t"] == "pong").await?;
        trips.push(start.elapsed());
    }
    trips.sort_unstable();
    Ok(trips[PINGS / 2])
}

/// A key for one command: a UUIDv7, as the protocol asks for.
fn op() -> String {
    let mut tail = [0; 10];
    OsDice.fill(&mut tail);
    let now = u64::try_from(SystemClock.now().millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(now, &tail).into_uuid().to_string()
}

fn ms(span: Duration) -> String {
    format!("{:.1} ms", span.as_secs_f64() * 1_000.0)
}
