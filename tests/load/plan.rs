//! What is run, in which order: every server under every load, alternating, and the rows it gives.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::crowd::{Counted, Crowd};
use super::servers::{Name, Server, Shape};
use super::table::{self, Absent, Rows};

/// A load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    pub short: &'static str,
    pub text: &'static str,
    pub shape: Shape,
}

pub const LOADS: [Load; 3] = [
    Load { short: "1x3", text: "rooms of 1 to 3", shape: Shape { senders: 1, people: 4 } },
    Load { short: "1x7", text: "rooms of 1 to 7", shape: Shape { senders: 1, people: 8 } },
    Load { short: "2s", text: "consults of two", shape: Shape { senders: 2, people: 2 } },
];

/// Lost packets of a million that still count as none: a stall of this machine is not the server's.
const NO_LOSS: f64 = 1e-4;
/// Each step of the search for the highest rate.
const STEP: f64 = 1.25;
/// Past this share of a core the generator is what is measured.
const GENERATOR: f64 = 0.93;
/// Share of the timetable that it has to keep in a window that counts.
const KEPT: f64 = 0.97;
const WARM_UP: Duration = Duration::from_millis(1_500);

/// One window.
#[derive(Debug, Clone)]
pub struct Row {
    pub round: usize,
    pub server: &'static str,
    pub load: &'static str,
    /// The level that was asked for; nothing while looking for the highest rate.
    pub level: Option<usize>,
    pub rooms: u64,
    pub people: usize,
    /// Packets a second that should arrive, and that do.
    pub offered: f64,
    pub per_second: f64,
    pub lost: f64,
    pub cpu_per_million: f64,
    /// Share of a core.
    pub cpu: f64,
    pub kb_per_person: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub generator: f64,
    pub key_bits: usize,
    pub machine_load: f64,
    /// The search ended here because the server took no more rooms.
    pub refused_more: bool,
}

impl Row {
    /// Nothing was lost, and it was not the generator that gave up.
    pub fn is_whole(&self) -> bool {
        self.lost <= NO_LOSS
    }
}

pub struct Plan {
    rounds: usize,
    window: Duration,
    levels: Vec<usize>,
    servers: Vec<Name>,
    loads: Vec<Load>,
    top: bool,
    growth: bool,
    keep: Keep,
}

/// What becomes of the rounds that were kept before, and of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Replace,
    /// Count on from those, and keep all.
    Add,
    /// Print, and write no file.
    Nothing,
}

impl Plan {
    pub fn read(args: &[&str]) -> Result<Self, String> {
        let mut plan = Self {
            rounds: 3,
            window: Duration::from_secs(2),
            levels: vec![5_000, 15_000, 30_000],
            servers: Name::ALL.to_vec(),
            loads: LOADS.to_vec(),
            top: true,
            growth: true,
            keep: Keep::Replace,
        };
        let mut args = args.iter().copied();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("{arg} needs a value"));
            match arg {
                "--rounds" => plan.rounds = number(value()?)?,
                "--window" => plan.window = Duration::from_secs(number(value()?)? as u64),
                "--levels" => plan.levels = value()?.split(',').map(number).collect::<Result<_, _>>()?,
                "--servers" => {
                    let wanted: Vec<&str> = value()?.split(',').collect();
                    plan.servers.retain(|server| wanted.contains(&server.short()));
                }
                "--shapes" => {
                    let wanted: Vec<&str> = value()?.split(',').collect();
                    plan.loads.retain(|load| wanted.contains(&load.short));
                }
                "--no-top" => plan.top = false,
                "--no-growth" => plan.growth = false,
                "--add" => plan.keep = Keep::Add,
                "--dry" => plan.keep = Keep::Nothing,
                _ => return Err(format!("{arg} is not known")),
            }
        }
        Ok(plan)
    }

    pub fn run(&self, ip: IpAddr) -> ExitCode {
        let mut rows = if self.keep == Keep::Add { table::kept() } else { Rows::default() };
        let before = rows.compared.iter().chain(&rows.growth).map(|row| row.round).max().unwrap_or(0);
        let (mut skipped, mut failed) = (Vec::new(), Vec::new());
        for round in before..before + self.rounds {
            // All levels first, then all highest rates: what is compared lies close in time, for a
            // machine that others use has faster and slower minutes.
            for part in [Trial::climb, Trial::seek].into_iter().take(1 + usize::from(self.top)) {
                for load in &self.loads {
                    // Every other round the other way about: what comes first is not always the same.
                    let mut order = self.servers.clone();
                    if round % 2 == 1 {
                        order.reverse();
                    }
                    for name in order {
                        let Some(server) = name.start(ip) else {
                            if !skipped.contains(&name) {
                                println!("{}: not on this machine, skipped", name.text());
                                skipped.push(name);
                            }
                            continue;
                        };
                        let mut trial = Trial::new(server, ip, name, *load, round, self.window);
                        if let Err(why) = part(&mut trial, &self.levels) {
                            println!("{}: {why}", name.text());
                            failed.push(name);
                        }
                        rows.compared.extend(trial.rows);
                    }
                }
            }
        }
        if self.growth {
            rows.growth.extend(self.grow(ip, before));
        }
        let absent = Absent(skipped.into_iter().map(Name::text).collect());
        let report = table::write(&rows, &absent);
        println!("\n{report}");
        if self.keep != Keep::Nothing {
            table::keep(&rows, &report);
        }
        if failed.is_empty() && !rows.compared.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// Consults 1, 2, 4 … on one worker, and by the floor, until it or the generator is full.
    fn grow(&self, ip: IpAddr, before: usize) -> Vec<Row> {
        let load = LOADS[2];
        let mut rows = Vec::new();
        for (round, name) in
            (before..before + self.rounds).flat_map(|round| [(round, Name::Causeway), (round, Name::Floor)])
        {
            let Some(server) = name.start(ip) else { continue };
            let mut trial = Trial::new(server, ip, name, load, round, self.window);
            let mut consults = 1;
            while trial.reach(consults).is_ok() {
                let row = trial.measure(Some(consults as usize));
                let full = !row.is_whole() || row.generator > GENERATOR;
                trial.rows.push(row);
                if full || consults > 512 {
                    break;
                }
                consults *= 2;
            }
            rows.extend(trial.rows);
        }
        rows
    }
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

/// One server under one load, in a fresh process.
struct Trial {
    server: Box<dyn Server>,
    crowd: Crowd,
    name: Name,
    load: Load,
    round: usize,
    window: Duration,
    rooms: u64,
    /// Memory before the participants that are counted, and how many those before were.
    before: Option<(f64, usize)>,
    rows: Vec<Row>,
}

impl Trial {
    fn new(
        server: Box<dyn Server>,
        ip: IpAddr,
        name: Name,
        load: Load,
        round: usize,
        window: Duration,
    ) -> Self {
        let crowd = Crowd::new(ip);
        Self { server, crowd, name, load, round, window, rooms: 0, before: None, rows: Vec::new() }
    }

    fn people(&self) -> usize {
        self.rooms as usize * self.load.shape.people
    }

    /// Opens rooms until there are so many. A server that gives up in its own way, in the midst
    /// of an answer, has given up all the same, and the rows so far are kept.
    fn reach(&mut self, rooms: u64) -> Result<(), String> {
        let opened = std::panic::catch_unwind(AssertUnwindSafe(|| self.fill(rooms)));
        opened.unwrap_or_else(|_| Err("it answers no more".to_owned()))
    }

    fn fill(&mut self, rooms: u64) -> Result<(), String> {
        if self.before.is_none() {
            // What the first participants need only once is not theirs.
            self.server.open(&mut self.crowd, 1..2, self.load.shape)?;
            self.rooms = 1;
            self.crowd.live(WARM_UP);
            self.before = Some((self.server.process().memory(), self.people()));
        }
        if rooms > self.rooms {
            self.server.open(&mut self.crowd, self.rooms + 1..rooms + 1, self.load.shape)?;
            self.rooms = rooms;
        }
        self.crowd.live(WARM_UP);
        Ok(())
    }

    /// The levels, one after the other.
    fn climb(&mut self, levels: &[usize]) -> Result<(), String> {
        for level in levels {
            self.reach(self.rooms_for(*level))?;
            let row = self.measure(Some(*level));
            let over = row.lost > 0.1;
            self.rows.push(row);
            if over {
                break;
            }
        }
        Ok(())
    }

    /// From the highest level upwards, until something is lost.
    fn seek(&mut self, levels: &[usize]) -> Result<(), String> {
        self.reach(self.rooms_for(levels.iter().copied().max().unwrap_or(1)))?;
        loop {
            let mut row = self.measure(None);
            if !row.is_whole() {
                // A stall of the machine happens once; a server that is full is full again.
                row = self.measure(None);
            }
            let spent = row.generator > GENERATOR || row.offered < KEPT * self.nominal();
            let over = spent || !row.is_whole();
            self.rows.push(row);
            if over {
                return Ok(());
            }
            let more = (self.rooms as f64 * STEP).ceil() as u64;
            if let Err(why) = self.reach(more) {
                println!("{}: no more than {} rooms: {why}", self.name.text(), self.rooms);
                self.rows.iter_mut().next_back().expect("a row was whole").refused_more = true;
                return Ok(());
            }
        }
    }

    fn rooms_for(&self, level: usize) -> u64 {
        level.div_ceil(self.load.shape.rate()) as u64
    }

    /// A window in which the generator kept its timetable; the machine does other things, too.
    fn measure(&mut self, level: Option<usize>) -> Row {
        let mut row = self.window(level);
        for _ in 0..3 {
            if row.offered >= KEPT * self.nominal() {
                break;
            }
            row = self.window(level);
        }
        row
    }

    /// Packets a second that should arrive when the timetable is kept.
    fn nominal(&self) -> f64 {
        (self.rooms as usize * self.load.shape.rate()) as f64
    }

    fn window(&mut self, level: Option<usize>) -> Row {
        self.server.tend(&mut self.crowd);
        let process = self.server.process();
        let cpu = process.cpu();
        let since = Instant::now();
        let (counted, (cpu, span)) =
            self.crowd.count(self.window, || (process.cpu() - cpu, since.elapsed().as_secs_f64()));
        let Counted { expected, received, mut delays, generator } = counted;
        delays.sort_unstable();
        let delay = |share: f64| {
            let at = (delays.len() as f64 * share) as usize;
            delays.get(at.min(delays.len().saturating_sub(1))).map_or(f64::NAN, |d| f64::from(*d) / 1e3)
        };
        let (kb, counted_before) = self.before.unwrap_or_default();
        let grown = self.people() - counted_before;
        let row = Row {
            round: self.round + 1,
            server: self.name.text(),
            load: self.load.text,
            level,
            rooms: self.rooms,
            people: self.people(),
            offered: expected as f64 / span,
            per_second: received as f64 / span,
            lost: 1.0 - received as f64 / expected as f64,
            cpu_per_million: cpu / received as f64 * 1e6,
            cpu: cpu / span,
            kb_per_person: if grown == 0 { 0.0 } else { (process.memory() - kb) / grown as f64 },
            p50_ms: delay(0.5),
            p99_ms: delay(0.99),
            generator,
            key_bits: self.crowd.lines[0].bits,
            machine_load: machine_load(),
            refused_more: false,
        };
        println!(
            "{:22} {:16} {:4} rooms {:7.0}/s lost {:7.4} % cpu {:5.1} s/M ({:3.0} %) {:4.0} kB p50 {:5.2} p99 {:6.2} ms, generator {:3.0} %",
            row.server,
            row.load,
            row.rooms,
            row.per_second,
            100.0 * row.lost,
            row.cpu_per_million,
            100.0 * row.cpu,
            row.kb_per_person,
            row.p50_ms,
            row.p99_ms,
            100.0 * row.generator
        );
        row
    }
}

/// Programs that want a core, over the last minute.
fn machine_load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(f64::NAN)
}
