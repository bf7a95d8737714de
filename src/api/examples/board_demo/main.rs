//! The pages over a made-up floor, to look at them: `cargo run -p carillon-api --example board_demo`,
//! then http://127.0.0.1:8080 (token `board-demo-token`) and /agent (name `amara`, PIN `2468`).

mod fake;
mod world;

use carillon_api::config::{ApiConfig, Clock};
use carillon_decision::time::{Mono, Now, Wall};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// When the made-up day begins, Unix ms.
const START: i64 = 1_795_276_800_000;
const STEP: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address: SocketAddr = std::env::args()
        .nth(1)
        .map_or_else(|| "127.0.0.1:8080".parse(), |a| a.parse())
        .map_err(std::io::Error::other)?;
    let floor = fake::Fake::new(START);
    // A morning's worth of calls, so that the board is not empty.
    for _ in 0..1500 {
        floor.step(500);
    }
    let zero = tokio::time::Instant::now();
    let clock: Clock = Arc::new(move || {
        let passed = zero.elapsed();
        let nanos = u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX);
        Now {
            mono: Mono(nanos),
            wall: Wall(START) + passed,
        }
    });
    // Made-up sessions need no secrecy, but each its own token.
    let session = AtomicU8::new(0);
    let entropy = Arc::new(move || [session.fetch_add(1, Ordering::Relaxed); 32]);
    let config = ApiConfig::new(address, "board-demo-token".to_owned(), clock, entropy);
    let mover = Arc::clone(&floor);
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(STEP);
        loop {
            ticks.tick().await;
            mover.step(500);
        }
    });
    let listener = tokio::net::TcpListener::bind(address).await?;
    let stop = async {
        // Without a signal handler the process is ended by its user all the same.
        let _ = tokio::signal::ctrl_c().await;
    };
    carillon_api::serve(listener, floor, config, stop).await
}
