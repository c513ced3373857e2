//! `causeway probe`: a synthetic participant that tells whether calls work from here.
//!
//! It signs in, opens the signaling line and, given a consult it may enter, joins the call,
//! talks and shows a picture for a while, and reports what an operator wants to know: how
//! long each step took, what came through and how far away the relay is.

mod client;
mod participant;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

pub use client::{Client, ClientError, SignalLine};
pub use participant::{Heard, Hearing, LinkState, Participant, section};

use super::{CliError, say};
use crate::config::Config;
use crate::kernel::{Clock, Dice, OsDice, SystemClock};

/// Where Debian and its relatives keep the authorities the system trusts.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
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
    #[arg(long)]
    consult: Option<String>,
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
    let outcome = match &what.consult {
        Some(consult) => call(&client, &mut line, consult, Duration::from_secs(what.seconds)).await,
        None => {
            say("Call             not tried: name a consult with --consult");
            Ok(())
        }
    };
    client.sign_out().await.map_err(refused)?;
    outcome
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

async fn call(client: &Client, line: &mut SignalLine, consult: &str, stay: Duration) -> Result<(), CliError> {
    let refused = |why: ClientError| CliError::Refused(why.to_string());
    let broken =
        |why: webrtc::error::Error| CliError::Refused(format!("The call could not be set up: {why}"));
    let from = if is_here(client.host()) { "127.0.0.1:0" } else { "0.0.0.0:0" };
    let (participant, offer) = Participant::open(from).await.map_err(broken)?;
    let start = Instant::now();
    let media = json!({ "mic": "on", "cam": "on", "screen": "off" });
    let join = json!({ "type": "join", "consult": consult, "neg": 1, "offer": offer, "media": media });
    let joined = line.command("joining", &op(), &join).await.map_err(refused)?;
    say(format_args!("Joined           after {}", ms(start.elapsed())));
    participant.accept(joined["answer"].as_str().unwrap_or_default()).await.map_err(broken)?;
    let connected = participant.connected(Duration::from_secs(15)).await;
    if connected {
        say(format_args!("Media            flows after {}", ms(start.elapsed())));
        talk(&participant, line, stay).await;
        report(&participant).await;
    }
    let leave = json!({ "type": "leave", "consult": consult });
    let left = line.command("leaving", &op(), &leave).await;
    participant.close().await;
    if !connected {
        let text = "No media in 15 seconds: UDP to the relay is blocked, or media.advertise is wrong.";
        return Err(CliError::Refused(text.to_owned()));
    }
    left.map(|_| ()).map_err(refused)
}

/// Talks and shows a picture, and keeps the signaling line awake.
async fn talk(participant: &Participant, line: &mut SignalLine, stay: Duration) {
    let until = tokio::time::Instant::now() + stay;
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    for n in 0u32.. {
        tokio::select! {
            _ = tick.tick() => {
                // What cannot be sent shows up as loss on the other side.
                let _ = participant.speak(0).await;
                if n % 2 == 0 {
                    let _ = participant.show(0, n % 50 == 0).await;
                }
            }
            frame = line.hear() => if frame.is_err() { return },
            () = tokio::time::sleep_until(until) => return,
        }
    }
}

async fn report(participant: &Participant) {
    match participant.round_trip().await {
        Some(trip) => say(format_args!("Relay            {} away", ms(trip))),
        None => say("Relay            distance not measured"),
    }
    let heard = participant.heard();
    if heard.is_empty() {
        say("Received         nothing: nobody else talks in this consult");
    }
    for (slot, heard) in heard {
        let kind = if slot < section::FIRST_VIDEO { "sound" } else { "picture" };
        let lost = 100.0 * heard.missing as f64 / (heard.packets + heard.missing).max(1) as f64;
        say(format_args!(
            "Received         {kind} in slot {slot}: {} packets, {lost:.1} % lost",
            heard.packets
        ));
    }
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host == "127.0.0.1"
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
