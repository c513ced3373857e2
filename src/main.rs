//! Parses the command line, hands over, turns an error into an exit code.

fn main() -> std::process::ExitCode {
    causeway::cli::run()
}
