//! The synthetic participant in a call: rung or sent there, it joins, talks, shows a picture,
//! and keeps account of whom it hears, by name.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::playback::{self, PICTURE_TICKS};
use super::{Client, ClientError, Hearing, Participant, SignalLine, ms, op};
use crate::cli::{CliError, say};
use crate::kernel::{Clock, SystemClock};

/// A line that says nothing for 45 seconds is ended.
const PING_EVERY: Duration = Duration::from_secs(5);
/// How often what came is put down to those who play there.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Waits until this person is rung, and answers. Says in which consult.
pub async fn answer(line: &mut SignalLine, wait: Duration) -> Result<String, CliError> {
    let refused = |why: ClientError| CliError::Refused(why.to_string());
    say(format_args!("Waiting          to be rung"));
    line.say(&json!({ "t": "cmd", "id": 0, "op": op(), "do": { "type": "sync", "topic": "rings" } }))
        .await
        .map_err(refused)?;
    let rung = async {
        let mut beat = tokio::time::interval(PING_EVERY);
        loop {
            tokio::select! {
                _ = beat.tick() => line.say(&json!({ "t": "ping", "ts": SystemClock.now() })).await?,
                frame = line.hear() => {
                    let frame = frame?;
                    let card = &frame["full"]["rings"][0];
                    if frame["topic"] == "rings" && let (Some(ring), Some(consult)) = (card["ring"].as_str(), card["consult"].as_str()) {
                        return Ok((ring.to_owned(), consult.to_owned()));
                    }
                }
            }
        }
    };
    let (ring, consult) = tokio::time::timeout(wait, rung)
        .await
        .map_err(|_| CliError::Refused("Nobody rang.".to_owned()))?
        .map_err(refused)?;
    let accept = json!({ "type": "ring.act", "ring": ring, "action": "accept" });
    line.command("answering", &op(), &accept).await.map_err(refused)?;
    say(format_args!("Rung             and answered"));
    Ok(consult)
}

/// Whom one heard or saw, and how much.
#[derive(Debug, Default)]
struct Account {
    packets: u64,
    /// Full-scale seconds of sound, in millionths.
    energy: u64,
}

/// Who plays in which section, and what was put down to them.
#[derive(Debug, Default)]
struct Book {
    names: BTreeMap<String, String>,
    playing: BTreeMap<usize, (String, String)>,
    before: Hearing,
    accounts: BTreeMap<(String, String), Account>,
}

impl Book {
    /// Learns names and places from what the server says.
    fn note(&mut self, people: &Value, slots: &Value) {
        for person in people.as_array().into_iter().flatten() {
            if let (Some(pid), Some(name)) = (person["pid"].as_str(), person["user"]["name"].as_str()) {
                self.names.insert(pid.to_owned(), name.to_owned());
            }
        }
        for slot in slots.as_array().into_iter().flatten() {
            let Some(section) = slot["mid"].as_str().and_then(|mid| mid.parse().ok()) else { continue };
            match (slot["pid"].as_str(), slot["source"].as_str()) {
                (Some(pid), Some(source)) => {
                    self.playing.insert(section, (pid.to_owned(), source.to_owned()));
                }
                _ => drop(self.playing.remove(&section)),
            }
        }
    }

    /// Puts what came since the last look down to those who play there.
    fn look(&mut self, now: Hearing) {
        for (section, heard) in &now {
            let before = self.before.get(section).cloned().unwrap_or_default();
            let Some(who) = self.playing.get(section) else { continue };
            let account = self.accounts.entry(who.clone()).or_default();
            account.packets += heard.packets.saturating_sub(before.packets);
            account.energy += heard.energy.saturating_sub(before.energy);
        }
        self.before = now;
    }

    fn report(&self) {
        if self.accounts.is_empty() {
            say(format_args!("Received         nothing: nobody else talks in this consult"));
        }
        for ((pid, source), Account { packets, energy }) in &self.accounts {
            let name = self.names.get(pid).map_or("somebody", String::as_str);
            let energy = *energy as f64 / 1e6;
            say(format_args!("Received         {source} of {name}: {packets} packets, energy {energy:.4}"));
        }
    }
}

/// Joins, talks and reports.
pub async fn take_part(
    client: &Client,
    line: &mut SignalLine,
    consult: &str,
    stay: Duration,
) -> Result<(), CliError> {
    let refused = |why: ClientError| CliError::Refused(why.to_string());
    let broken =
        |why: webrtc::error::Error| CliError::Refused(format!("The call could not be set up: {why}"));
    let is_here = client.host() == "localhost" || client.host() == "127.0.0.1";
    let from = if is_here { "127.0.0.1:0" } else { "0.0.0.0:0" };
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
        let mut book = Book::default();
        book.note(&joined["roster"], &joined["slots"]);
        talk(&participant, line, &mut book, stay).await;
        match participant.round_trip().await {
            Some(trip) => say(format_args!("Relay            {} away", ms(trip))),
            None => say("Relay            distance not measured"),
        }
        book.report();
        let lost: u64 = participant.heard().values().map(|heard| heard.missing).sum();
        say(format_args!("                 {lost} packets lost on the way here"));
    }
    super::datagrams(joined["answer"].as_str().unwrap_or_default()).await;
    let leave = json!({ "type": "leave", "consult": consult });
    let left = line.command("leaving", &op(), &leave).await;
    participant.close().await;
    if !connected {
        let text = "No media in 15 seconds: UDP to the relay is blocked, or media.advertise is wrong.";
        return Err(CliError::Refused(text.to_owned()));
    }
    left.map(|_| ()).map_err(refused)
}

/// Plays the tone and the picture, keeps the signaling line awake and the book.
async fn talk(participant: &Participant, line: &mut SignalLine, book: &mut Book, stay: Duration) {
    let (tone, picture) = (playback::tone(), playback::picture());
    let until = tokio::time::Instant::now() + stay;
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let mut beat = tokio::time::interval(PING_EVERY);
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut n = 0;
    loop {
        tokio::select! {
            _ = tick.tick() => {
                // What cannot be sent shows up as loss on the other side.
                let _ = participant.say(tone[n % tone.len()]).await;
                if n % 5 == 0 {
                    let _ = participant.picture(picture[n / 5 % picture.len()], PICTURE_TICKS).await;
                }
                n += 1;
            }
            _ = beat.tick() => {
                if line.say(&json!({ "t": "ping", "ts": SystemClock.now() })).await.is_err() { return }
            }
            _ = look.tick() => book.look(participant.heard()),
            frame = line.hear() => match frame {
                Ok(frame) => book.note(&frame["full"]["people"], &frame["full"]["slots"]),
                Err(_) => return,
            },
            () = tokio::time::sleep_until(until) => return book.look(participant.heard()),
        }
    }
}
