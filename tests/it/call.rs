//! A whole call: the consult is answered, both sit down over the signaling line, and what they
//! say and show reaches the other through the relay.

use std::sync::Arc;
use std::time::Duration;

use causeway::cli::probe::Participant;
use serde_json::{Value, json};
use tokio::time::{interval, sleep, timeout};

use super::support::{Alliance, Door, Person, Socket};

const PATIENCE: Duration = Duration::from_secs(20);

/// A doctor in the call: the line, the connection, and somebody who keeps talking into it.
struct Caller {
    line: Socket,
    peer: Arc<Participant>,
    pid: String,
    slots: Value,
    talking: tokio::task::JoinHandle<()>,
}

impl Caller {
    async fn sits_down(door: &Door, who: &Person, consult: &str, mark: u8) -> Self {
        let mut line = door.enter(who).await;
        let (peer, offer) = Participant::open("127.0.0.1:0").await.unwrap();
        let media = json!({ "mic": "on", "cam": "on", "screen": "off" });
        let join = json!({ "type": "join", "consult": consult, "neg": 1, "offer": offer, "media": media });
        let joined = line.does(join).await["ok"].take();
        peer.accept(joined["answer"].as_str().expect("an answer to the offer")).await.unwrap();
        assert!(peer.connected(PATIENCE).await, "no media to {mark}");
        let peer = Arc::new(peer);
        let talking = tokio::spawn(talk(Arc::clone(&peer), mark));
        let pid = joined["pid"].as_str().unwrap().to_owned();
        Self { line, peer, pid, slots: joined["slots"].clone(), talking }
    }

    /// The section in which somebody's source plays, as this doctor was told last.
    fn slot(&self, pid: &str, source: &str) -> Option<usize> {
        let slots = self.slots.as_array()?;
        let slot = slots.iter().find(|slot| slot["pid"] == pid && slot["source"] == source)?;
        slot["mid"].as_str()?.parse().ok()
    }

    async fn is_told_slots(&mut self, consult: &str, fits: impl Fn(&Value) -> bool) {
        let topic = format!("slots:{consult}");
        self.slots = self.line.state(&topic, |full| fits(&full["slots"])).await["slots"].take();
    }

    fn packets(&self, section: usize) -> u64 {
        self.peer.heard().get(&section).map_or(0, |heard| heard.packets)
    }

    /// Waits for ten more packets in a section and says whose they are.
    async fn hears(&self, section: usize) -> u8 {
        let before = self.packets(section);
        let more = async {
            while self.packets(section) < before + 10 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(timeout(PATIENCE, more).await.is_ok(), "nothing more is heard in section {section}");
        self.peer.heard()[&section].mark
    }
}

async fn talk(peer: Arc<Participant>, mark: u8) {
    let mut tick = interval(Duration::from_millis(20));
    for n in 0u32.. {
        tick.tick().await;
        // What cannot be sent is lost, as on any line.
        let _ = peer.speak(mark).await;
        let _ = peer.show(mark, n % 15 == 0).await;
    }
}

fn shows(pid: &str, source: &str) -> impl Fn(&Value) -> bool {
    move |slots| {
        let slots = slots.as_array().map(Vec::as_slice).unwrap_or_default();
        slots.iter().any(|slot| slot["pid"] == pid && slot["source"] == source)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_doctors_talk_mute_renegotiate_and_hang_up() {
    let alliance = Alliance::open().await;
    let door = Door::open_with_relay(&alliance).await;
    let hospital = alliance.hospital("Yunti First").await;
    let clinic = alliance.clinic("Luwan").await;
    let patient = alliance.patient(clinic.doctor(), "赵长河").await;
    let form = json!({
        "patient_id": patient, "to_department": hospital.department(), "kind": "instant",
        "urgency": "urgent", "question": "胸痛两小时，是否立即上转？",
        "consent": { "method": "paper", "signer": "patient" },
    });
    let consult = clinic.doctor().post("/consults", form).await.is(201).text("id");
    let record = format!("/consults/{consult}");
    clinic.doctor().does(&record, "submit", json!({})).await.is(200);
    hospital.doctor().does(&record, "accept", json!({})).await.is(200);

    let mut rural = Caller::sits_down(&door, clinic.doctor(), &consult, 11).await;
    let mut specialist = Caller::sits_down(&door, hospital.doctor(), &consult, 22).await;
    rural.is_told_slots(&consult, shows(&specialist.pid, "cam")).await;
    for (viewer, other, mark) in [(&rural, &specialist, 22), (&specialist, &rural, 11)] {
        for source in ["mic", "cam"] {
            let section = viewer.slot(&other.pid, source).expect("the other plays in a slot");
            assert_eq!(viewer.hears(section).await, mark);
        }
    }

    let face = rural.slot(&specialist.pid, "cam").unwrap();
    let looks = |height: u32| {
        let wants = json!([{ "pid": specialist.pid, "source": "cam", "height": height }]);
        json!({ "t": "eph", "consult": consult, "k": "want", "wants": wants })
    };
    rural.line.say(looks(0)).await;
    let unseen = |frame: &Value| frame["layers"] == json!([{ "mid": "1", "rids": [] }]);
    specialist.line.until("nobody looks", unseen).await;
    let unseen = rural.packets(face);
    sleep(Duration::from_millis(300)).await;
    assert_eq!(rural.packets(face), unseen, "a picture is sent that nobody looks at");
    rural.line.say(looks(720)).await;
    assert_eq!(rural.hears(face).await, 22);

    let voice = rural.slot(&specialist.pid, "mic").unwrap();
    let mute = |on| json!({ "type": "mute", "consult": consult, "track": "mic", "on": on });
    let muted = specialist.line.does(mute(true)).await;
    assert!(muted.get("ok").is_some(), "{muted}");
    sleep(Duration::from_millis(300)).await;
    let quiet = rural.packets(voice);
    sleep(Duration::from_millis(300)).await;
    assert_eq!(rural.packets(voice), quiet, "a muted microphone is heard");

    let offer = specialist.peer.offer(true).await.unwrap();
    let sig = json!({ "t": "sig", "consult": consult, "neg": 2, "kind": "offer", "sdp": offer });
    specialist.line.say(sig).await;
    let answered = specialist.line.until("an answer", |frame| frame["kind"] == "answer").await;
    assert_eq!(answered["neg"], 2);
    specialist.peer.accept(answered["sdp"].as_str().unwrap()).await.unwrap();
    let face = rural.slot(&specialist.pid, "cam").unwrap();
    assert_eq!(rural.hears(face).await, 22);

    let leave = json!({ "type": "leave", "consult": consult });
    specialist.line.does(leave).await;
    let pid = specialist.pid.clone();
    rural.is_told_slots(&consult, |slots| !shows(&pid, "cam")(slots)).await;
    specialist.talking.abort();
    rural.talking.abort();
}
