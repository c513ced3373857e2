//! Rows into a CSV file, medians and ratios into the document.

use std::fmt::Write as _;

use super::pause::Pause;
use super::plan::{LOADS, Row};
use super::servers::{Name, is_ahead};

/// What is wanted of Causeway's processor time, as a share of another's under the same load.
const RATIOS: [(Name, f64); 5] = [
    (Name::Janus, 0.5),
    (Name::JanusOneLoop, 0.7),
    (Name::Galene, 1.0),
    (Name::LiveKit, 1.0),
    (Name::Floor, 2.5),
];
const LARGEST_KB: f64 = 400.0;
/// From this rate on a packet may not cost more than so many of the floor's, and nothing is lost.
const BUSY: usize = 30_000;
const FLAT: f64 = 10.0;
const US: &str = Name::Causeway.text();

const FIGURES: &str = "figures/relay-load.csv";
const COMPARISON: &str = "comparison";
const GROWTH: &str = "growth";
const COLUMNS: [&str; 19] = [
    "part",
    "round",
    "server",
    "load",
    "level",
    "rooms",
    "people",
    "offered_per_s",
    "forwarded_per_s",
    "lost",
    "cpu_s_per_million",
    "cpu_share",
    "kb_per_person",
    "delay_p50_ms",
    "delay_p99_ms",
    "generator_share",
    "key_bits",
    "machine_load",
    "refused_more",
];

/// Every window of the comparison, and of the growth of one worker.
#[derive(Debug, Default)]
pub struct Rows {
    pub compared: Vec<Row>,
    pub growth: Vec<Row>,
}

/// What this run could not have: they are named where they would stand.
#[derive(Debug, Clone)]
pub struct Absent(pub Vec<&'static str>);

/// The tables between the marks of the document.
pub fn write(Rows { compared: rows, growth }: &Rows, absent: &Absent) -> String {
    let mut text = costs(rows);
    for name in &absent.0 {
        writeln!(text, "| | | {name} | skipped | | | | |").unwrap();
    }
    write!(text, "\n{}\n{}", highest(rows), wanted(rows)).unwrap();
    if !growth.is_empty() {
        write!(text, "\n{}", growing(growth)).unwrap();
    }
    writeln!(text, "\n{}", note(rows)).unwrap();
    text
}

fn costs(rows: &[Row]) -> String {
    let mut text = String::from(
        "| Load | Forwarded per second | Server | CPU seconds per million packets | Causeway takes of that | \
         kB per participant | Lost | Added delay p50 / p99, ms |\n|---|---|---|---|---|---|---|---|\n",
    );
    for load in LOADS {
        for level in levels(rows) {
            for name in Name::ALL {
                let these = pick(rows, name.text(), load.text, Some(level));
                if these.is_empty() {
                    continue;
                }
                let cpu = spread(&these, |row| row.cpu_per_million);
                let share = ratio(rows, name, load.text, level);
                writeln!(
                    text,
                    "| {} | {:.0} | {} | {:.1} ({:.1} to {:.1}) | {} | {:.0} | {:.3} % | {:.2} / {:.2} |",
                    load.text,
                    median(&these, |row| row.per_second),
                    name.text(),
                    cpu.1,
                    cpu.0,
                    cpu.2,
                    share.filter(|_| name != Name::Causeway).map_or_else(String::new, |r| format!("{r:.2}")),
                    median(&these, |row| row.kb_per_person),
                    100.0 * median(&these, |row| row.lost),
                    median(&these, |row| row.p50_ms),
                    median(&these, |row| row.p99_ms),
                )
                .unwrap();
            }
        }
    }
    text
}

/// The highest rate at which nothing was lost, by rounds.
fn highest(rows: &[Row]) -> String {
    let mut text = String::from("| Highest rate without loss, per second |");
    let here: Vec<Name> =
        Name::ALL.into_iter().filter(|name| rows.iter().any(|row| row.server == name.text())).collect();
    for name in &here {
        write!(text, " {} |", name.text()).unwrap();
    }
    writeln!(text, "\n|---|{}", "---|".repeat(here.len())).unwrap();
    for load in LOADS {
        let mut line = format!("| {} |", load.text);
        for name in &here {
            let (mut tops, mut open, mut refused) = (Vec::new(), false, 0);
            for round in rounds(rows) {
                let these = || {
                    let of = move |row: &&Row| row.round == round && row.load == load.text;
                    rows.iter().filter(of).filter(|row| row.server == name.text())
                };
                // Rounds that did not look for it say nothing of it.
                if these().all(|row| row.level.is_some()) {
                    continue;
                }
                let whole = these().filter(|row| row.is_whole());
                if let Some(best) = whole.max_by(|a, b| a.per_second.total_cmp(&b.per_second)) {
                    let after = these().any(|row| row.rooms > best.rooms && !row.is_whole());
                    open |= !after && !best.refused_more;
                    refused += usize::from(best.refused_more);
                    tops.push(best.per_second);
                }
            }
            let (mark, of) = (if open { "at least " } else { "" }, tops.len());
            match middle(&mut tops) {
                Some(top) if refused > 0 => {
                    write!(line, " {mark}{top:.0} (took no more rooms then in {refused} of {of} rounds) |")
                        .unwrap();
                }
                Some(top) => write!(line, " {mark}{top:.0} |").unwrap(),
                None => line.push_str(" none |"),
            }
        }
        writeln!(text, "{line}").unwrap();
    }
    text
}

fn wanted(rows: &[Row]) -> String {
    let mut text = String::from("| Wanted | Found, at worst | |\n|---|---|---|\n");
    let mut line = |what: &str, limit: f64, found: Option<(f64, String)>, unit: &str| {
        let Some((worst, at)) = found else { return };
        let verdict = if worst <= limit { "reached" } else { "**missed**" };
        writeln!(text, "| {what} | {}{unit} ({at}) | {verdict} |", short(worst)).unwrap();
    };
    for (name, limit) in RATIOS {
        let found = worst(rows, |load, level| ratio(rows, name, load, level));
        line(&format!("CPU at most {limit} of {}", name.text()), limit, found, "");
    }
    let lost = worst(rows, |load, level| {
        let these = pick(rows, US, load, Some(level));
        (level == BUSY && !these.is_empty()).then(|| 100.0 * median(&these, |row| row.lost))
    });
    line(&format!("no loss at {BUSY} a second on one worker"), 0.01, lost, " %");
    let memory = worst(rows, |load, level| {
        let these = pick(rows, US, load, Some(level));
        (!these.is_empty()).then(|| median(&these, |row| row.kb_per_person))
    });
    line(&format!("at most {LARGEST_KB} kB per participant"), LARGEST_KB, memory, " kB");
    text
}

fn growing(rows: &[Row]) -> String {
    let mut text = String::from(
        "| Consults of two on one worker | Forwarded per second | CPU of one core | CPU per consult, of one core | \
         against the step before | the floor's per consult | against the step before | of the floor's | Lost |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    let rows = &evened(rows);
    let (mut ours, mut floors) = (Steps::default(), Steps::default());
    let mut whole = Vec::new();
    for count in levels(rows) {
        let these = pick(rows, US, LOADS[2].text, Some(count));
        if these.is_empty() {
            continue;
        }
        let floor = pick(rows, Name::Floor.text(), LOADS[2].text, Some(count));
        if is_carried(&these) {
            whole.push((count as f64, 100.0 * median(&these, |row| row.cpu)));
        }
        writeln!(
            text,
            "| {count} | {:.0} | {:.1} % | {} | {} | {:.2} | {:.3} % |",
            median(&these, |row| row.per_second),
            100.0 * median(&these, |row| row.cpu),
            ours.step(&these),
            floors.step(&floor),
            median(&these, |row| row.cpu) / median(&floor, |row| row.cpu),
            100.0 * median(&these, |row| row.lost),
        )
        .unwrap();
    }
    let verdict = if ours.rise > FLAT {
        "**missed**"
    } else if ours.fall() > FLAT {
        "it falls, which is not flat and is cheaper: what comes together leaves together"
    } else {
        "reached"
    };
    writeln!(
        text,
        "\nWanted: flat within {FLAT:.0} %. From step to step it rises by {:.0} % at most, from the first to the \
         last without loss it falls by {:.0} % (the floor by {:.0} %): {verdict}.",
        ours.rise,
        ours.fall(),
        floors.fall(),
    )
    .unwrap();
    if let Some(Trend { start, slope, off }) = Trend::through(&whole) {
        writeln!(
            text,
            "\nThe straight line through the steps without loss: {start:.1} % of a core for being awake at all and \
             {slope:.2} % for each consult. The step that is farthest from it is off by {off:.0} %."
        )
        .unwrap();
    }
    writeln!(text, "\n{}", Pause::measure()).unwrap();
    text
}

/// The rows with all rounds at the speed of the middle one, as this machine has faster and slower
/// minutes: each round's processor times, the floor's with ours, by one factor.
fn evened(rows: &[Row]) -> Vec<Row> {
    let all = rounds(rows);
    let is_same = |row: &Row, other: &Row| row.server == other.server && row.level == other.level;
    let is_in =
        |row: &Row, round: usize| rows.iter().any(|other| other.round == round && is_same(row, other));
    let pace = |round: usize| {
        let common =
            rows.iter().filter(|row| row.round == round && all.iter().all(|round| is_in(row, *round)));
        let (sum, count) = common.fold((0.0, 0.0), |(sum, count), row| (sum + row.cpu.ln(), count + 1.0));
        f64::exp(sum / count)
    };
    let Some(usual) = middle(&mut all.iter().map(|round| pace(*round)).collect::<Vec<_>>()) else {
        return Vec::new();
    };
    rows.iter().map(|row| Row { cpu: row.cpu * usual / pace(row.round), ..row.clone() }).collect()
}

/// Whether a count was carried without loss in most of the rounds.
fn is_carried(these: &[&Row]) -> bool {
    2 * these.iter().filter(|row| row.is_whole()).count() > these.len()
}

/// A straight line through what each count takes.
struct Trend {
    start: f64,
    slope: f64,
    /// The largest distance of a point from it, in percent of the point.
    off: f64,
}

impl Trend {
    /// By least squares of what the line is off by, relative to each point: all counts as much.
    fn through(points: &[(f64, f64)]) -> Option<Self> {
        let sum = |term: fn(f64, f64) -> f64| points.iter().map(|(n, y)| term(1.0 / y, n / y)).sum::<f64>();
        let (uu, uv, vv) = (sum(|u, _| u * u), sum(|u, v| u * v), sum(|_, v| v * v));
        let (u, v) = (sum(|u, _| u), sum(|_, v| v));
        let common = uu * vv - uv * uv;
        if points.len() < 3 || common <= 0.0 {
            return None;
        }
        let (start, slope) = ((u * vv - v * uv) / common, (v * uu - u * uv) / common);
        let off =
            points.iter().map(|(n, y)| 100.0 * ((start + slope * n) / y - 1.0).abs()).fold(0.0, f64::max);
        Some(Self { start, slope, off })
    }
}

/// What a consult takes of a core, from step to step.
#[derive(Debug, Default)]
struct Steps {
    first: Option<f64>,
    last: Option<f64>,
    /// The largest rise from one step to the next, in percent.
    rise: f64,
}

impl Steps {
    /// Two cells: the share of a core, and against the step before.
    fn step(&mut self, these: &[&Row]) -> String {
        if these.is_empty() {
            return " | ".to_owned();
        }
        let share = median(these, |row| 100.0 * row.cpu / row.rooms as f64);
        let step = self.last.map(|last| 100.0 * (share / last - 1.0));
        if is_carried(these) {
            self.first.get_or_insert(share);
            (self.last, self.rise) = (Some(share), self.rise.max(step.unwrap_or(0.0)));
        }
        format!("{share:.2} % | {}", step.map_or_else(String::new, |step| format!("{step:+.0} %")))
    }

    /// From the first to the last without loss, in percent.
    fn fall(&self) -> f64 {
        self.first.zip(self.last).map_or(0.0, |(first, last)| 100.0 * (1.0 - last / first))
    }
}

fn note(rows: &[Row]) -> String {
    let times = levels(rows).into_iter().map(|level| {
        let of_it: Vec<Row> = rows.iter().filter(|row| row.level == Some(level)).cloned().collect();
        format!("{level} a second in {}", rounds(&of_it).len())
    });
    let times = times.collect::<Vec<_>>().join(", ");
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let processor = processor.trim_start_matches([' ', '\t', ':']).trim();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let all: Vec<&Row> = rows.iter().collect();
    let ahead = if is_ahead() { ", ahead of which they were run (`chrt`)" } else { "" };
    format!(
        "Alternating rounds ({times}), a fresh process each; release build; {processor}, {cores} cores shared with \
         the generator and, by the machine's load of {:.1} (median), with other work{ahead}. Ratios are medians of those \
         within a round. Every row: `docs/figures/relay-load.csv`.",
        median(&all, |row| row.machine_load)
    )
}

/// Replaces what is between the marks of the document, and writes every row.
pub fn keep(rows: &Rows, report: &str) {
    let path = in_docs("performance.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("<!-- relay -->\n").expect("the document has the opening mark");
    let (_, tail) = rest.split_once("<!-- /relay -->").expect("the document has the closing mark");
    std::fs::write(path, format!("{head}<!-- relay -->\n{report}<!-- /relay -->{tail}")).unwrap();

    let mut csv = csv::Writer::from_path(in_docs(FIGURES)).unwrap();
    csv.write_record(COLUMNS).unwrap();
    for (part, rows) in [(COMPARISON, &rows.compared), (GROWTH, &rows.growth)] {
        for row in rows {
            csv.write_record(cells(part, row)).unwrap();
        }
    }
    csv.flush().unwrap();
}

/// The rows that were kept.
pub fn kept() -> Rows {
    let mut rows = Rows::default();
    for record in csv::Reader::from_path(in_docs(FIGURES)).unwrap().records() {
        let record = record.unwrap();
        let row = read(&record);
        if &record[0] == GROWTH { rows.growth.push(row) } else { rows.compared.push(row) }
    }
    rows
}

fn in_docs(name: &str) -> String {
    format!("{}/docs/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn cells(part: &str, row: &Row) -> [String; COLUMNS.len()] {
    [
        part.to_owned(),
        row.round.to_string(),
        row.server.to_owned(),
        row.load.to_owned(),
        row.level.map_or_else(String::new, |level| level.to_string()),
        row.rooms.to_string(),
        row.people.to_string(),
        format!("{:.0}", row.offered),
        format!("{:.0}", row.per_second),
        format!("{:.6}", row.lost),
        format!("{:.2}", row.cpu_per_million),
        format!("{:.5}", row.cpu),
        format!("{:.0}", row.kb_per_person),
        format!("{:.3}", row.p50_ms),
        format!("{:.3}", row.p99_ms),
        format!("{:.3}", row.generator),
        row.key_bits.to_string(),
        format!("{:.2}", row.machine_load),
        row.refused_more.to_string(),
    ]
}

/// The row that [`cells`] wrote.
fn read(record: &csv::StringRecord) -> Row {
    let number = |at: usize| record[at].parse::<f64>().unwrap();
    let server = Name::ALL.into_iter().find(|name| name.text() == &record[2]);
    let load = LOADS.into_iter().find(|load| load.text == &record[3]);
    Row {
        round: number(1) as usize,
        server: server.expect("a server that is compared").text(),
        load: load.expect("a load that is run").text,
        level: record[4].parse().ok(),
        rooms: number(5) as u64,
        people: number(6) as usize,
        offered: number(7),
        per_second: number(8),
        lost: number(9),
        cpu_per_million: number(10),
        cpu: number(11),
        kb_per_person: number(12),
        p50_ms: number(13),
        p99_ms: number(14),
        generator: number(15),
        key_bits: number(16) as usize,
        machine_load: number(17),
        refused_more: &record[18] == "true",
    }
}

fn pick<'a>(rows: &'a [Row], server: &str, load: &str, level: Option<usize>) -> Vec<&'a Row> {
    rows.iter().filter(|row| row.server == server && row.load == load && row.level == level).collect()
}

fn levels(rows: &[Row]) -> Vec<usize> {
    let mut all: Vec<usize> = rows.iter().filter_map(|row| row.level).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn rounds(rows: &[Row]) -> Vec<usize> {
    let mut all: Vec<usize> = rows.iter().map(|row| row.round).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Causeway's processor time as a share of another's: the median of the rounds.
fn ratio(rows: &[Row], other: Name, load: &str, level: usize) -> Option<f64> {
    let (ours, theirs) = (pick(rows, US, load, Some(level)), pick(rows, other.text(), load, Some(level)));
    let pairs = ours.iter().filter_map(|our| {
        let their = theirs.iter().find(|their| their.round == our.round)?;
        Some(our.cpu_per_million / their.cpu_per_million)
    });
    middle(&mut pairs.collect::<Vec<_>>())
}

/// The largest of a figure over loads and levels, and where that is.
fn worst(rows: &[Row], figure: impl Fn(&str, usize) -> Option<f64>) -> Option<(f64, String)> {
    let all = LOADS.iter().flat_map(|load| levels(rows).into_iter().map(move |level| (load.text, level)));
    all.filter_map(|(load, level)| Some((figure(load, level)?, format!("{load}, {level} a second"))))
        .max_by(|a, b| a.0.total_cmp(&b.0))
}

fn median(rows: &[&Row], figure: impl Fn(&Row) -> f64) -> f64 {
    middle(&mut rows.iter().map(|row| figure(row)).collect::<Vec<_>>()).unwrap_or(f64::NAN)
}

fn spread(rows: &[&Row], figure: impl Fn(&Row) -> f64) -> (f64, f64, f64) {
    let all: Vec<f64> = rows.iter().map(|row| figure(row)).collect();
    let least = all.iter().copied().fold(f64::INFINITY, f64::min);
    let most = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (least, median(rows, figure), most)
}

fn middle(all: &mut [f64]) -> Option<f64> {
    all.sort_by(f64::total_cmp);
    let half = all.len() / 2;
    if all.len().is_multiple_of(2) {
        Some(f64::midpoint(*all.get(half.checked_sub(1)?)?, all[half]))
    } else {
        Some(all[half])
    }
}

fn short(figure: f64) -> String {
    if figure >= 10.0 { format!("{figure:.0}") } else { format!("{figure:.2}") }
}
