//! What the Makefile calls. No dependencies, so that it builds in a second on a fresh machine.

mod machine;
mod peers;
mod postgres;
mod shell;
mod suite;
mod web;

use std::path::PathBuf;
use std::process::ExitCode;

/// Something is missing or went wrong, in one plain sentence.
type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    std::env::set_current_dir(root()).expect("the package folder exists while its xtask runs");
    let word = std::env::args().nth(1).unwrap_or_default();
    let rest: Vec<String> = std::env::args().skip(2).collect();
    let done = match word.as_str() {
        "run" => run(&rest),
        "test" => suite::all(),
        "check" => suite::quick(),
        "postgres" => suite::on_postgres(&rest),
        "prove" => suite::prove(),
        "fmt" => shell::run("cargo", &["fmt", "--all"], &[]),
        "web" => web::build(),
        "shots" => shots(),
        "release" => release(),
        other => Err(format!("xtask does not know '{other}': see `make help`.")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the package: xtask lies one level below it.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies inside the package folder")
        .to_path_buf()
}

/// Where cargo puts what it builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// `make run`: what is stale is built, then the demo alliance is served.
fn run(more: &[String]) -> Outcome {
    machine::can_build()?;
    web::build()?;
    shell::run("cargo", &["build", "--locked", "--package", "causeway"], &[])?;
    let binary = target().join("debug/causeway");
    let mut args = vec!["serve".to_owned(), "--demo".to_owned()];
    args.extend_from_slice(more);
    // The server replaces this process: Ctrl-C and signals reach it and nobody else.
    Err(shell::become_it(&binary, &args))
}

/// `make release`: one file that needs neither Rust nor Node where it runs.
fn release() -> Outcome {
    machine::can_build()?;
    web::build()?;
    shell::run("cargo", &["build", "--locked", "--release", "--package", "causeway"], &[])?;
    let binary = target().join("release/causeway");
    let size = std::fs::metadata(&binary).map_err(|e| format!("{}: {e}", binary.display()))?.len();
    println!("{} ({:.1} MB)", binary.display(), size as f64 / 1e6);
    Ok(())
}

/// `make shots`: the script drives a real browser against a real server.
fn shots() -> Outcome {
    machine::can_build()?;
    machine::install(machine::FOR_BROWSER)?;
    web::build()?;
    shell::run("cargo", &["build", "--locked", "--package", "causeway"], &[])?;
    shell::run("node", &["tests/e2e/shots.mjs"], &[])
}
