//! Looks after certificates while the node runs: new files are taken up, an end that comes near
//! is told.

use super::counters::WireCounters;
use super::tls::Renew;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::signal::unix::{SignalKind, signal};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How often the end of a certificate is told again.
const TELL_EVERY: u64 = 6 * 3_600;
/// How long before its end a certificate is told of.
const WARN_BEFORE_S: i64 = 14 * 86_400;

/// Runs until the wire ends. SIGHUP reads every file anew.
pub(super) async fn keep_renewed(renewables: Vec<Arc<dyn Renew>>, counters: Arc<WireCounters>) {
    if renewables.is_empty() {
        return;
    }
    let mut hang_up = match signal(SignalKind::hangup()) {
        Ok(hang_up) => Some(hang_up),
        Err(error) => {
            tracing::warn!(%error, "SIGHUP is not heard: changed certificates still are");
            None
        }
    };
    let mut looks: u64 = 0;
    loop {
        tell(
            &renewables,
            &counters,
            looks.is_multiple_of(TELL_EVERY / LOOK_EVERY.as_secs()),
        );
        let asked = async {
            match &mut hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        let anyway = tokio::time::timeout(LOOK_EVERY, asked).await.is_ok();
        let files = renewables.clone();
        // Reading files may take its time on a network's file system.
        let read = tokio::task::spawn_blocking(move || {
            for renewable in &files {
                renewable.renew(anyway);
            }
        });
        if read.await.is_err() {
            tracing::error!("reading certificates failed: they are not renewed any more");
            return;
        }
        looks = looks.wrapping_add(1);
    }
}

fn tell(renewables: &[Arc<dyn Renew>], counters: &WireCounters, aloud: bool) {
    let ends = renewables.iter().filter_map(|r| Some((r, r.ends()?)));
    let mut first: Option<i64> = None;
    for (renewable, ends) in ends {
        first = Some(first.map_or(ends.unix_s, |first| first.min(ends.unix_s)));
        if aloud {
            tell_one(renewable.whose(), &ends.file, ends.unix_s - unix_now());
        }
    }
    counters.set_certificate_ends(first);
}

fn tell_one(whose: &str, file: &std::path::Path, left_s: i64) {
    let file = file.display();
    if left_s <= 0 {
        tracing::error!(whose, %file, "THE CERTIFICATE HAS EXPIRED: peers refuse it; renew it");
    } else if left_s < WARN_BEFORE_S {
        let days = left_s / 86_400;
        tracing::warn!(whose, %file, days, "the certificate ends soon: renew it");
    }
}

fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
}
