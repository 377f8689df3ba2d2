//! `axum::serve` on loopback under `wrk`, one server process for each arm and round.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitCode, Stdio};

use bench_kit::{Figures, Options, Row, append, cpu_ns_of_process, median};

use crate::app::{App, Kind, delivered, requests};

const ARMS: &[&str] = &[
    "plain",
    "identity",
    "floor",
    "floor_whole",
    "gomon",
    "gomon_off",
    "fastrace_tower",
    "fastrace_axum",
    "towerhttp_nosub",
    "towerhttp_otel",
    "towerhttp_json",
    "axum_otel_lean",
    "axum_otel",
];

/// The server: prints its address, serves until standard input closes, and prints what was delivered.
pub(crate) fn serve(arm: &str) -> ExitCode {
    match try_serve(arm) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{arm}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn try_serve(arm: &str) -> io::Result<()> {
    let app = App::new(arm, Kind::Short).ok_or(io::ErrorKind::NotFound)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    println!("{}", listener.local_addr()?);
    runtime.spawn(async move { axum::serve(listener, app.router).await });
    io::stdin().read_to_end(&mut Vec::new())?;
    drop(runtime); // ends its threads, which deliver what they hold
    (app.flush)();
    if app.events_per_request.is_some() {
        println!("delivered={}", delivered() as f64 / requests() as f64);
    }
    Ok(())
}

/// Measures all arms in interleaved rounds.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let rows = Options::from_arguments(arguments)
        .map_err(io::Error::other)
        .and_then(|options| {
            let rows = measure(&options)?;
            if let Some(file) = &options.json {
                append(file, &rows)?;
            }
            Ok(rows)
        });
    match rows {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wrk: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> io::Result<Vec<Row>> {
    let mut rounds: BTreeMap<&str, Vec<Round>> = BTreeMap::new();
    for _ in 0..options.rounds {
        for arm in ARMS {
            let round = Round::measured(arm, options.seconds)?;
            rounds.entry(arm).or_default().push(round);
        }
    }
    Ok(print(&rounds, options))
}

/// What one server did.
struct Round {
    requests_per_second: f64,
    cpu_ns_per_request: f64,
    delivered: Option<f64>,
}

impl Round {
    fn measured(arm: &str, seconds: u64) -> io::Result<Self> {
        let server = Server::start(arm)?;
        load(&server.address, 1)?; // warms up
        let cpu_before = cpu_ns_of_process(server.process.id());
        let load = load(&server.address, seconds)?;
        let cpu = cpu_ns_of_process(server.process.id()) - cpu_before;
        Ok(Self {
            requests_per_second: load.per_second,
            cpu_ns_per_request: cpu as f64 / load.requests,
            delivered: server.stop()?.get("delivered"),
        })
    }
}

struct Server {
    process: Child,
    output: BufReader<std::process::ChildStdout>,
    address: String,
}

impl Server {
    fn start(arm: &str) -> io::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["serve", arm])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut output = BufReader::new(output);
        let mut address = String::new();
        output.read_line(&mut address)?;
        Ok(Self {
            process,
            output,
            address: address.trim().to_owned(),
        })
    }

    fn stop(mut self) -> io::Result<Figures> {
        drop(self.process.stdin.take());
        let mut said = String::new();
        self.output.read_to_string(&mut said)?;
        self.process.wait()?;
        Ok(Figures::parse(&said))
    }
}

struct Load {
    requests: f64,
    per_second: f64,
}

fn load(address: &str, seconds: u64) -> io::Result<Load> {
    let url = format!("http://{address}{}", Kind::Short.uri());
    let output = Command::new("wrk")
        .args(["-t1", "-c32", &format!("-d{seconds}s"), &url])
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let first_number = |line: &str| line.split_whitespace().next()?.parse().ok();
    let requests = said
        .lines()
        .find(|line| line.contains("requests in"))
        .and_then(first_number);
    let per_second = said
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"))
        .and_then(first_number);
    match (requests, per_second) {
        (Some(requests), Some(per_second)) => Ok(Load {
            requests,
            per_second,
        }),
        _ => Err(io::Error::other(format!("wrk said {said:?}"))),
    }
}

/// Prints the table; a row for the CPU time, and one for the time that passes (`wrk-wall`).
fn print(rounds: &BTreeMap<&str, Vec<Round>>, options: &Options) -> Vec<Row> {
    println!(
        "\n### http wrk: axum::serve with 1 worker thread under `wrk -t1 -c32 -d{}s` (ratios to plain)\n",
        options.seconds
    );
    println!("| arm | requests/s | ratio | server CPU ns/request | ratio | delivered |");
    println!("|---|--:|--:|--:|--:|--:|");
    let mut rows = Vec::new();
    for arm in ARMS {
        let (mine, plain) = (&rounds[arm], &rounds["plain"]);
        let middle =
            |figure: fn(&Round) -> f64| median(mine.iter().map(figure)).unwrap_or(f64::NAN);
        let ratio = |figure: fn(&Round) -> f64| {
            let pairs = mine.iter().zip(plain);
            median(pairs.map(|(mine, plain)| figure(mine) / figure(plain))).unwrap_or(f64::NAN)
        };
        let delivered = mine.iter().filter_map(|round| round.delivered);
        let row = |workload: &str, all_ns| Row {
            group: "http",
            workload: workload.to_owned(),
            threads: 1,
            arm: (*arm).to_owned(),
            all_ns: Some(all_ns),
            delivered: delivered
                .clone()
                .max_by(|a, b| (a - 1.0).abs().total_cmp(&(b - 1.0).abs())),
            ..Row::default()
        };
        let cpu = row("wrk", middle(|round| round.cpu_ns_per_request));
        let wall = row("wrk-wall", middle(|round| 1e9 / round.requests_per_second));
        println!(
            "| {arm} | {:.0} | {:.3} | {:.0} | {:.3} | {}{} |",
            middle(|round| round.requests_per_second),
            ratio(|round| round.requests_per_second),
            middle(|round| round.cpu_ns_per_request),
            ratio(|round| round.cpu_ns_per_request),
            cpu.delivered
                .map_or("-".to_owned(), |ratio| format!("{ratio:.3}")),
            if cpu.is_void() { " VOID" } else { "" },
        );
        rows.extend([cpu, wall]);
    }
    rows
}
