//! What is compared: each server in a process of its own, asked for rooms in its own way.

mod causeway;
mod floor;
mod galene;
mod janus;
mod livekit;
mod protobuf;

use std::io::{BufRead, BufReader, Write as _};
use std::net::IpAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::crowd::Crowd;

pub use causeway::serve as serve_causeway;
pub use floor::serve as serve_floor;

/// How many of a room send, and how many are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub senders: usize,
    pub people: usize,
}

impl Shape {
    /// Packets that a room is handed on in a second.
    pub fn rate(self) -> usize {
        self.senders * (self.people - 1) * crate::crowd::PACKETS
    }
}

/// One that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    Causeway,
    Floor,
    Janus,
    JanusOneLoop,
    Galene,
    LiveKit,
}

impl Name {
    pub const ALL: [Self; 6] =
        [Self::Causeway, Self::Janus, Self::JanusOneLoop, Self::Galene, Self::LiveKit, Self::Floor];

    pub const fn text(self) -> &'static str {
        match self {
            Self::Causeway => "Causeway",
            Self::Floor => "floor",
            Self::Janus => "Janus",
            Self::JanusOneLoop => "Janus, event_loops=1",
            Self::Galene => "Galene",
            Self::LiveKit => "LiveKit",
        }
    }

    /// As the command line says it.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Causeway => "causeway",
            Self::Floor => "floor",
            Self::Janus => "janus",
            Self::JanusOneLoop => "janus-one-loop",
            Self::Galene => "galene",
            Self::LiveKit => "livekit",
        }
    }

    /// A fresh process; nothing when this machine does not have the server.
    pub fn start(self, ip: IpAddr) -> Option<Box<dyn Server>> {
        match self {
            Self::Causeway => Some(Box::new(causeway::Causeway::start(ip))),
            Self::Floor => Some(Box::new(floor::Floor::start(ip))),
            Self::Janus => Some(Box::new(janus::Janus::start(ip, None)?)),
            Self::JanusOneLoop => Some(Box::new(janus::Janus::start(ip, Some(1))?)),
            Self::Galene => Some(Box::new(galene::Galene::start(ip)?)),
            Self::LiveKit => Some(Box::new(livekit::LiveKit::start(ip)?)),
        }
    }
}

/// A server that runs.
pub trait Server {
    /// Its process.
    fn process(&self) -> &Process;

    /// Opens rooms of a shape and brings the bots in; they are all connected at the end.
    fn open(&mut self, crowd: &mut Crowd, rooms: Range<u64>, shape: Shape) -> Result<(), String>;

    /// Says what the bots have to say now and then, lest they be sent away.
    fn tend(&mut self, _crowd: &mut Crowd) {}
}

/// A process that is measured, and ended with its handle.
pub struct Process(Child);

impl Process {
    pub fn start(command: &mut Command) -> std::io::Result<Self> {
        command.spawn().map(Self)
    }

    /// A command for a server. Where we run ahead of the machine's other work it does so, too,
    /// one step behind the generator, which keeps the time.
    pub fn command(program: PathBuf) -> Command {
        if !is_ahead() {
            return Command::new(program);
        }
        let mut command = Command::new("chrt");
        command.args(["-r", "1"]).arg(program);
        command
    }

    /// Processor time of all its threads so far, in seconds.
    pub fn cpu(&self) -> f64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.0.id())).unwrap();
        let spent = tasks.flatten().filter_map(|task| {
            let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<f64>().ok()
        });
        spent.sum::<f64>() / 1e9
    }

    /// What it holds in memory, in kilobytes.
    pub fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether we are of the real-time class.
pub fn is_ahead() -> bool {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let policy = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(38));
    policy == Some("2")
}

/// Where a server's program is: put into `target/peers` for this, or installed.
fn peer(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let ours = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers"));
    let mut folders = std::iter::once(ours).chain(std::env::split_paths(&path));
    folders.find_map(|folder| Some(folder.join(name)).filter(|program| program.is_file()))
}

/// This program again as a server, asked and answering line by line.
struct Ourselves {
    process: Process,
    ask: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Ourselves {
    fn start(role: &str, ip: IpAddr) -> Self {
        let mut command = Process::command(std::env::current_exe().unwrap());
        command.args([role, &ip.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start(&mut command).unwrap();
        let ask = process.0.stdin.take().unwrap();
        let told = BufReader::new(process.0.stdout.take().unwrap());
        Self { process, ask, told }
    }

    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.ask, "{question}").unwrap();
        let mut line = String::new();
        assert!(self.told.read_line(&mut line).unwrap() > 0, "the server's process ended");
        serde_json::from_str(&line).unwrap()
    }
}
