//! `make test`: every part is run, each one's time is printed, one table sums up.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::{Outcome, machine, peers, postgres, shell, target, web};

/// One part of the suite, done.
struct Done {
    name: &'static str,
    took: Duration,
    tests: u32,
    trouble: Option<String>,
    /// It could not be tried on this machine: neither passed nor failed.
    skipped: bool,
}

/// Runs the parts and keeps the score.
#[derive(Default)]
struct Score {
    parts: Vec<Done>,
}

impl Score {
    /// Runs one part; a failure is noted and the next part goes on.
    fn part(&mut self, name: &'static str, work: impl FnOnce() -> Outcome<u32>) {
        self.part_if_possible(name, || work().map(Some));
    }

    /// The same with a part that may find that it cannot be tried here; it has said why.
    fn part_if_possible(&mut self, name: &'static str, work: impl FnOnce() -> Outcome<Option<u32>>) {
        println!("\n== {name}");
        let since = Instant::now();
        let ended = work();
        let took = since.elapsed();
        let skipped = matches!(ended, Ok(None));
        let (tests, trouble) = match ended {
            Ok(tests) => (tests.unwrap_or(0), None),
            Err(why) => (0, Some(why)),
        };
        match &trouble {
            None if skipped => println!("== {name}: SKIPPED, not passed"),
            None => println!("== {name}: ok, {:.1} s", took.as_secs_f64()),
            // Why is told at the end, under the table.
            Some(_) => println!("== {name}: FAILED, {:.1} s", took.as_secs_f64()),
        }
        self.parts.push(Done { name, took, tests, trouble, skipped });
    }

    /// The table, and the verdict.
    fn sum_up(self) -> Outcome {
        let total: Duration = self.parts.iter().map(|p| p.took).sum();
        let width = self.parts.iter().map(|p| p.name.len()).max().unwrap_or(0);
        println!();
        for part in &self.parts {
            let tests = if part.tests > 0 { format!("{} tests", part.tests) } else { String::new() };
            let verdict = match (&part.trouble, part.skipped) {
                (Some(_), _) => "FAILED",
                (None, true) => "SKIPPED",
                (None, false) => "ok",
            };
            println!("  {:width$}  {:>7.1} s  {verdict:7}  {tests}", part.name, part.took.as_secs_f64());
        }
        println!("  {:width$}  {:>7.1} s", "together", total.as_secs_f64());
        let failed: Vec<_> = self.parts.iter().filter(|p| p.trouble.is_some()).collect();
        for part in &failed {
            println!("  {}: {}", part.name, part.trouble.as_deref().unwrap_or_default());
        }
        let skipped = self.parts.iter().filter(|p| p.skipped).count();
        let passed = self.parts.len() - failed.len() - skipped;
        let rest = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        println!("\n{passed} passed, {} failed{rest}", failed.len());
        if failed.is_empty() { Ok(()) } else { Err("Not everything passed.".into()) }
    }
}

/// `make check`: what a person runs between two edits.
pub fn quick() -> Outcome {
    let mut score = Score::default();
    score.part("prerequisites", || machine::install(machine::FOR_PAPER).map(|()| 0));
    lints(&mut score);
    score.part("rust on SQLite", || rust_suite(&[]));
    score.sum_up()
}

/// `cargo xtask postgres [filter]`: the integration tests, or some of them, on PostgreSQL alone.
pub fn on_postgres(filter: &[String]) -> Outcome {
    machine::install(machine::FOR_POSTGRES)?;
    machine::install(machine::FOR_PAPER)?;
    let cluster = postgres::Cluster::start()?;
    let mut args = vec!["test", "--locked", "--test", "it", "--"];
    args.extend(filter.iter().map(String::as_str));
    let env = [("TEST_STORE", "postgres"), ("TEST_DATABASE_URL", &*cluster.url())];
    shell::run("cargo", &args, &env)
}

/// Rooms whose tests ask no store, or ask it nothing: once is enough.
const WITHOUT_A_STORE: [&str; 10] = [
    "attack::",
    "call::",
    "docs::",
    "fuzz::",
    "house::",
    "media::",
    "openapi::",
    "protocol::",
    "stage::",
    "workers::",
];

/// `make test`: all that must pass before a change lands.
pub fn all() -> Outcome {
    let mut score = Score::default();
    score.part("prerequisites", || {
        machine::can_build()?;
        machine::install(machine::FOR_BROWSER)?;
        machine::install(machine::FOR_POSTGRES)?;
        machine::install(machine::FOR_PAPER)?;
        shell::run("cargo", &["fetch", "--locked", "--quiet"], &[])?;
        web::packages(Path::new("web")).map(|()| 0)
    });
    lints(&mut score);
    score.part("rustdoc", || {
        let strict = [("RUSTDOCFLAGS", "-D warnings")];
        shell::run("cargo", &["doc", "--locked", "--quiet", "--no-deps", "--workspace"], &strict).map(|()| 0)
    });
    score.part("web: types and rules", || npm("check"));
    score.part("web: unit tests", || npm("test"));
    score.part("web: build", || web::build().map(|()| 0));
    score.part("web: first load", || npm("budget"));
    score.part("build", || {
        shell::run("cargo", &["build", "--locked", "--package", "causeway"], &[]).map(|()| 0)
    });
    score.part("rust on SQLite", || rust_suite(&[]));
    score.part("rust on PostgreSQL", || {
        let cluster = postgres::Cluster::start()?;
        let mut args = vec!["test", "--locked", "--test", "it", "--", "--show-output"];
        args.extend(WITHOUT_A_STORE.iter().flat_map(|room| ["--skip", room]));
        counted_suite(&args, &[("TEST_STORE", "postgres"), ("TEST_DATABASE_URL", &cluster.url())])
    });
    browser_tests(&mut score);
    if shell::has("cargo-deny") {
        score.part("dependencies", || {
            let args = ["deny", "--offline", "check", "bans", "licenses", "sources"];
            shell::run("cargo", &args, &[]).map(|()| 0)
        });
    }
    score.sum_up()
}

/// `make prove`: figures and soaks. They are tests marked `#[ignore]` and scripts that measure.
pub fn prove() -> Outcome {
    let mut score = Score::default();
    score.part("prerequisites", || {
        machine::can_build()?;
        machine::install(machine::FOR_BROWSER)?;
        machine::install(machine::FOR_PAPER)?;
        machine::install(machine::FOR_POSTGRES)?;
        machine::install(machine::FOR_ARCHIVES)?;
        web::build()?;
        shell::run("cargo", &["build", "--locked", "--package", "causeway"], &[]).map(|()| 0)
    });
    score.part("rust, the long ones", || {
        let all = ["test", "--locked", "--test", "it", "--", "--ignored", "--nocapture", "--skip", "fuzz::"];
        counted_suite(&all, &[])
    });
    // By itself: it has both cores for the better part of an hour, and the others measure.
    score.part("bent inputs, ten minutes each", || {
        counted_suite(&["test", "--locked", "--test", "it", "--", "--ignored", "--nocapture", "fuzz::"], &[])
    });
    score.part_if_possible("the relay under load", || {
        peers::fetch();
        listening("cargo", &["bench", "--locked", "--quiet", "--bench", "load"], &[])
    });
    let _ = machine::install(machine::FOR_WORLDS);
    let _ = machine::install(machine::FOR_FOREIGN);
    for script in scripts("tests/prove") {
        let name: &'static str = Box::leak(stem(&script).into_boxed_str());
        score.part_if_possible(name, || node(&script));
    }
    score.sum_up()
}

fn lints(score: &mut Score) {
    score.part("rustfmt", || shell::run("cargo", &["fmt", "--all", "--check"], &[]).map(|()| 0));
    score.part("clippy", || {
        let args = ["clippy", "--locked", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
        shell::run("cargo", &args, &[]).map(|()| 0)
    });
}

fn npm(script: &'static str) -> Outcome<u32> {
    shell::run_in(Path::new("web"), "npm", &["run", "--silent", script], &[]).map(|()| 0)
}

fn rust_suite(env: &[(&str, &str)]) -> Outcome<u32> {
    // What the tests counted (kills, steps, refusals) is part of the answer.
    counted_suite(&["test", "--locked", "--workspace", "--no-fail-fast", "--", "--show-output"], env)
}

/// Runs the Rust tests and counts those that passed. A run without a single test is a failure:
/// a suite that found nothing to do has not shown anything.
fn counted_suite(args: &[&str], env: &[(&str, &str)]) -> Outcome<u32> {
    let mut passed = 0;
    shell::run_listening("cargo", args, env, |line| {
        if let Some(rest) = line.strip_prefix("test result: ok. ") {
            passed += rest.split(' ').next().and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
        }
    })?;
    if passed == 0 { Err("no test was run".into()) } else { Ok(passed) }
}

/// Every script in `tests/e2e` is one part; `shots.mjs` makes pictures and proves nothing.
fn browser_tests(score: &mut Score) {
    // Where these cannot be had the worlds are skipped, and say so.
    let _ = machine::install(machine::FOR_WORLDS);
    for script in scripts("tests/e2e").into_iter().filter(|s| !s.ends_with("shots.mjs")) {
        let name: &'static str = Box::leak(format!("browser: {}", stem(&script)).into_boxed_str());
        score.part_if_possible(name, || node(&script));
    }
}

/// Scripts that measure what operators run, and not the build that tests take.
const OPTIMISED: &[&str] = &["scale"];

/// Runs a script; nothing counted if it says that it was skipped.
fn node(script: &Path) -> Outcome<Option<u32>> {
    let mut binary = target().join("debug/causeway");
    if OPTIMISED.contains(&&*stem(script)) {
        shell::run("cargo", &["build", "--locked", "--release", "--package", "causeway"], &[])?;
        binary = target().join("release/causeway");
    }
    let browser = machine::chromium().unwrap_or("chromium");
    let env = [("CAUSEWAY_BIN", &*binary.to_string_lossy()), ("CHROMIUM", browser)];
    listening("node", &[&script.to_string_lossy()], &env)
}

/// Runs what may say that it cannot be tried here.
fn listening(program: &str, args: &[&str], env: &[(&str, &str)]) -> Outcome<Option<u32>> {
    let mut skipped = false;
    shell::run_listening(program, args, env, |line| {
        skipped |= line.starts_with("SKIPPED");
    })?;
    Ok((!skipped).then_some(0))
}

fn scripts(folder: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "mjs"))
        .collect();
    found.sort();
    found
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}
