//! What a forwarded packet and a participant cost. `make prove` runs it and writes the table
//! into `docs/performance.md`.
//!
//! The relay runs in a process of its own (this binary again), so that its processor time and
//! memory are not those of the load. Each round is a fresh process.

mod bots;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use bots::{Bot, Pace, live};
use causeway::config;
use causeway::media::{Relay, RoomId, SeatId};
use serde_json::{Value, json};

const ROUNDS: usize = 30;
const WARM_UP: Duration = Duration::from_secs(1);
const WINDOW: Duration = Duration::from_secs(2);
/// Kilobytes; past this a room of four at 720p no longer fits the machines it is made for.
const LARGEST_SEAT: f64 = 700.0;

/// Rooms of one kind.
struct Shape {
    name: &'static str,
    rooms: u64,
    senders: u64,
    viewers: u64,
    pace: Pace,
}

const SHAPES: &[Shape] = &[
    Shape {
        name: "12 consults of two, 360p",
        rooms: 12,
        senders: 2,
        viewers: 0,
        pace: Pace { packets_per_frame: 2, bytes: 1_100 },
    },
    Shape {
        name: "4 consults of four, 360p",
        rooms: 4,
        senders: 4,
        viewers: 0,
        pace: Pace { packets_per_frame: 2, bytes: 1_100 },
    },
    Shape {
        name: "6 rooms of 1 to 3, 720p",
        rooms: 6,
        senders: 1,
        viewers: 3,
        pace: Pace { packets_per_frame: 10, bytes: 1_160 },
    },
];

/// What one round found.
#[derive(Default, Clone, Copy)]
struct Found {
    cpu_per_million: f64,
    forwarded_per_second: f64,
    lost: f64,
    kilobytes_per_seat: f64,
}

/// The relay in its own process, asked line by line.
struct Served {
    child: Child,
    ask: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Served {
    fn start() -> Self {
        let binary = std::env::current_exe().unwrap();
        let mut child = Command::new(binary)
            .args(["load::the_relay_of_the_load_test", "--exact", "--ignored", "--nocapture"])
            .env("CAUSEWAY_LOAD_RELAY", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ask = child.stdin.take().unwrap();
        let told = BufReader::new(child.stdout.take().unwrap());
        Self { child, ask, told }
    }

    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.ask, "{question}").unwrap();
        loop {
            let mut line = String::new();
            assert!(self.told.read_line(&mut line).unwrap() > 0, "the relay's process ended");
            // The test harness of the child has its own lines.
            if let Some(answer) = line.trim().strip_prefix("answer ") {
                return serde_json::from_str(answer).unwrap();
            }
        }
    }

    fn join(&mut self, room: u64, seat: u64, sends: bool) -> Bot {
        Bot::join(sends, |offer| {
            let answer = self.ask(&json!({ "room": room, "seat": seat, "offer": offer }));
            answer["answer"].as_str().expect("the relay takes a seat").to_owned()
        })
    }

    fn forwarded(&mut self) -> u64 {
        self.ask(&json!({ "stats": true }))["forwarded"].as_u64().unwrap()
    }

    /// Processor time of all its threads so far, in seconds.
    fn cpu(&self) -> f64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let spent = tasks.flatten().filter_map(|task| {
            let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<f64>().ok()
        });
        spent.sum::<f64>() / 1e9
    }

    /// Its memory in kilobytes.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test: the relay's process, when a load test started it.
#[test]
#[ignore = "the other half of the load test"]
fn the_relay_of_the_load_test() {
    if std::env::var_os("CAUSEWAY_LOAD_RELAY").is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let relay = Relay::start(&config::Media::on_loopback()).unwrap();
    for line in std::io::stdin().lines() {
        let question: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let answer = match question["offer"].as_str() {
            Some(offer) => {
                let room = RoomId(question["room"].as_u64().unwrap());
                let seat = SeatId(question["seat"].as_u64().unwrap());
                let joined = runtime.block_on(relay.join(room, seat, offer)).unwrap();
                json!({ "answer": joined.answer })
            }
            None => serde_json::to_value(relay.stats()).unwrap(),
        };
        println!("answer {answer}");
    }
}

fn round(shape: &Shape) -> Found {
    let mut relay = Served::start();
    // What the first participants need only once is not theirs.
    let mut bots = vec![relay.join(0, 1, true), relay.join(0, 2, true)];
    live(&mut bots, WARM_UP, shape.pace);
    let before = relay.memory();
    let mut seat = 10;
    for room in 1..=shape.rooms {
        for n in 0..shape.senders + shape.viewers {
            bots.push(relay.join(room, seat, n < shape.senders));
            seat += 1;
        }
    }
    let seats = bots.len() - 2;
    live(&mut bots, WARM_UP, shape.pace);
    assert!(bots.iter().all(Bot::is_connected), "a participant does not connect");

    let (cpu, forwarded) = (relay.cpu(), relay.forwarded());
    let received: u64 = bots.iter().map(|bot| bot.received).sum();
    live(&mut bots, WINDOW, shape.pace);
    // What is under way arrives before it is counted as lost.
    let (cpu, forwarded) = (relay.cpu() - cpu, relay.forwarded() - forwarded);
    live(&mut bots, Duration::from_millis(50), Pace { packets_per_frame: 0, bytes: 1 });
    let received = bots.iter().map(|bot| bot.received).sum::<u64>() - received;
    let forwarded = forwarded as f64;
    Found {
        cpu_per_million: cpu / forwarded * 1e6,
        forwarded_per_second: forwarded / WINDOW.as_secs_f64(),
        lost: (1.0 - received as f64 / forwarded).max(0.0),
        kilobytes_per_seat: (relay.memory() - before) / seats as f64,
    }
}

/// The middle, and the worst but one in twenty.
fn spread(found: &[Found], figure: impl Fn(&Found) -> f64) -> (f64, f64) {
    let mut all: Vec<f64> = found.iter().map(figure).collect();
    all.sort_by(f64::total_cmp);
    let at = |share: f64| all[((all.len() as f64 * share).ceil() as usize).clamp(1, all.len()) - 1];
    (at(0.5), at(0.95))
}

#[test]
#[ignore = "takes ten minutes and both cores; `make prove` runs it"]
fn what_a_forwarded_packet_and_a_participant_cost() {
    let mut table = String::from(
        "| Load | Forwarded per second | CPU seconds per million packets, p50 / p95 | kB per participant, p50 / p95 | Lost |\n\
         |---|---|---|---|---|\n",
    );
    let mut largest: f64 = 0.0;
    for shape in SHAPES {
        let found: Vec<Found> = (0..ROUNDS).map(|_| round(shape)).collect();
        let cpu = spread(&found, |f| f.cpu_per_million);
        let memory = spread(&found, |f| f.kilobytes_per_seat);
        let (rate, _) = spread(&found, |f| f.forwarded_per_second);
        let (_, lost) = spread(&found, |f| f.lost);
        largest = memory.0.max(largest);
        writeln!(
            table,
            "| {} | {rate:.0} | {:.1} / {:.1} | {:.0} / {:.0} | {:.2} % |",
            shape.name,
            cpu.0,
            cpu.1,
            memory.0,
            memory.1,
            100.0 * lost
        )
        .unwrap();
    }
    println!("{table}");
    write_into_document(&table);
    assert!(largest <= LARGEST_SEAT, "a participant takes {largest:.0} kB");
}

/// Replaces the table between its marks, with what it was measured on.
fn write_into_document(table: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (head, rest) = text.split_once("<!-- relay -->\n").expect("the document has the opening mark");
    let (_, tail) = rest.split_once("<!-- /relay -->").expect("the document has the closing mark");
    let built =
        if cfg!(debug_assertions) { "test build: our code not optimised, the engine is" } else { "release" };
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let processor = processor.trim_start_matches([' ', '\t', ':']).trim();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let note = format!("{ROUNDS} rounds each; {built}; {processor}, {cores} cores shared with the load.\n");
    std::fs::write(path, format!("{head}<!-- relay -->\n{table}\n{note}<!-- /relay -->{tail}")).unwrap();
}
