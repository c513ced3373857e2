//! What a forwarded packet and a participant cost: this relay, others, and the least there can be,
//! under the same load, alternating in one run. `make prove` runs it and writes the tables into
//! `docs/performance.md` and every row into `docs/figures/relay-load.csv`.
//!
//! `cargo bench --bench load -- --help` says how to run a part of it. It makes a network
//! namespace of its own with one address, so that nothing it sends leaves this machine and
//! servers that refuse loopback find an address they take.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measuring program may fail loudly and speak"
)]

mod crowd;
mod line;
mod pause;
mod plan;
mod sdp;
mod servers;
mod srtp;
mod table;

use std::net::IpAddr;
use std::process::{Command, ExitCode, Stdio};

use plan::Plan;

/// The one address of the namespace.
const HERE: &str = "10.77.0.1";

const HELP: &str = "\
cargo bench --bench load -- [what]
  --rounds N        rounds, each with fresh processes (3)
  --window SECONDS  how long is counted (2)
  --levels A,B      forwarded packets a second (5000,15000,30000)
  --servers A,B     causeway, janus, janus-one-loop, galene, livekit, floor (all)
  --shapes A,B      1x3, 1x7, 2s (all)
  --no-top          do not look for the highest rate without loss
  --no-growth       do not grow consults on one worker
  --add             add these rounds to those that are kept, which are thrown away otherwise
  --dry             print, and write no file";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--help"] => println!("{HELP}"),
        ["relay", ip] => servers::serve_causeway(address(ip)),
        ["floor", ip] => servers::serve_floor(address(ip)),
        ["inside", rest @ ..] => match Plan::read(rest) {
            Ok(plan) => return plan.run(address(HERE)),
            Err(why) => {
                eprintln!("{why}\n{HELP}");
                return ExitCode::FAILURE;
            }
        },
        _ => return outside(&args),
    }
    ExitCode::SUCCESS
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Starts this program again in a network namespace with one address.
fn outside(args: &[String]) -> ExitCode {
    let script = format!(
        "ip link set lo up && ip link add load0 type veth peer name load1 && ip addr add {HERE}/24 dev load0 && \
         ip link set load0 up && ip link set load1 up && exec \"$0\" inside \"$@\""
    );
    let program = std::env::current_exe().unwrap();
    // Ahead of whatever else the machine does, where we may: what waits for a core is late, not dear.
    let first = Command::new("chrt").args(["-r", "2", "true"]).stderr(Stdio::null()).status();
    let mut inside = match first {
        Ok(status) if status.success() => {
            let mut command = Command::new("chrt");
            command.args(["-r", "2", "unshare"]);
            command
        }
        Ok(_) | Err(_) => Command::new("unshare"),
    };
    let inside = inside.args(["--net", "sh", "-c", &script]).arg(program).args(args).status();
    match inside {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(_) => {
            println!("SKIPPED: unshare is needed (util-linux), and ip (iproute2)");
            ExitCode::SUCCESS
        }
    }
}
