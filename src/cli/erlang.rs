//! `carillon erlang`: the queueing formulas as a calculator.

use super::args_sim::{ErlangArgs, ErlangCommand};
use super::error::CliError;
use super::out::Out;
use carillon_decision::pacing::erlang::{self, ErlangA, erlang_b_continuous, erlang_c_continuous};
use serde_json::{Map, Value};
use std::process::ExitCode;

/// Most servers of the calculator.
const SERVERS_MAX: f64 = 1e6;

/// Computes and prints.
pub fn run(command: &ErlangCommand, out: &Out) -> Result<ExitCode, CliError> {
    let rows = match command {
        ErlangCommand::B(args) => {
            floor(args, false)?;
            vec![("loss", erlang_b_continuous(args.servers, args.load))]
        }
        ErlangCommand::C(args) => {
            floor(&args.floor, false)?;
            let (n, load) = (args.floor.servers, args.floor.load);
            let mut rows = vec![("p_wait", erlang_c_continuous(n, load))];
            if let Some(handling_s) = args.handling {
                positive("--handling", handling_s)?;
                at_least_zero("--within", args.within)?;
                let n = whole(n, "waits are for whole servers")?;
                rows.extend([
                    ("asa_s", erlang::asa_s(n, load, handling_s)),
                    (
                        "service_level",
                        erlang::service_level(n, load, handling_s, args.within),
                    ),
                    ("calls_waiting", erlang::queue_length(n, load)),
                ]);
            }
            rows
        }
        ErlangCommand::A(args) => {
            floor(&args.floor, true)?;
            positive("--patience-ratio", args.patience_ratio)?;
            let n = whole(args.floor.servers, "Erlang-A is for whole servers")?;
            let queue = ErlangA::new(n, args.floor.load, args.patience_ratio);
            vec![
                ("p_wait", queue.p_wait()),
                ("p_abandon", queue.p_abandon()),
                ("mean_wait_in_handling_times", queue.mean_wait()),
            ]
        }
    };
    let mut document = Map::new();
    for (name, value) in &rows {
        // JSON has no infinity: an overloaded queue's wait is null.
        document.insert((*name).to_owned(), Value::from(*value));
    }
    out.document(&document);
    let pairs: Vec<_> = rows
        .iter()
        .map(|(name, value)| (*name, figure(*value)))
        .collect();
    out.pairs(&pairs);
    Ok(ExitCode::SUCCESS)
}

/// 15 significant digits, without zeros that say nothing.
fn figure(value: f64) -> String {
    if !value.is_finite() {
        return "∞ (overloaded)".to_owned();
    }
    let rounded: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    format!("{rounded}")
}

fn floor(args: &ErlangArgs, some_load: bool) -> Result<(), CliError> {
    if !(args.servers >= 1.0 && args.servers <= SERVERS_MAX) {
        return Err(wrong("--servers", args.servers, "1 to 1000000"));
    }
    match some_load {
        true => positive("--load", args.load),
        false => at_least_zero("--load", args.load),
    }
}

fn whole(servers: f64, why: &str) -> Result<u32, CliError> {
    match servers.fract() == 0.0 {
        true => Ok(servers as u32),
        false => Err(wrong(
            "--servers",
            servers,
            &format!("a whole number: {why}"),
        )),
    }
}

fn positive(name: &str, value: f64) -> Result<(), CliError> {
    match value > 0.0 && value <= 1e9 {
        true => Ok(()),
        false => Err(wrong(name, value, "more than 0, at most 1000000000")),
    }
}

fn at_least_zero(name: &str, value: f64) -> Result<(), CliError> {
    match (0.0..=1e9).contains(&value) {
        true => Ok(()),
        false => Err(wrong(name, value, "0 to 1000000000")),
    }
}

fn wrong(name: &str, value: f64, allowed: &str) -> CliError {
    CliError::Usage(format!("erlang_argument: {name} {value}: write {allowed}"))
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn figures_have_fifteen_digits() {
        assert_eq!(figure(0.411_957_313_828_755_1), "0.411957313828755");
        assert_eq!(figure(0.5), "0.5");
        assert_eq!(figure(f64::INFINITY), "∞ (overloaded)");
    }
}
