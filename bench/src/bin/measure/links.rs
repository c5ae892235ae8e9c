//! One link between two tabs, beside a bare data channel between the same two.

use abraham_tests::{Peer, PeerKind::Rust, Setup, visit};
use anyhow::Result;

use crate::{median, row};

/// Bytes sent over a link at once: as in the promise.
const BYTES: usize = 64 << 20;
/// Times that everything short is done; the middle one counts.
const TIMES: usize = 5;
/// Streams opened and closed on one link, and how many at a time.
const STREAMS: usize = 4_000;
const AT_ONCE: usize = 10;

pub(crate) async fn measure() -> Result<()> {
    visit("measure_links", Setup::peers(), async |visit| {
        let far = Peer::start(visit, Rust).await?;
        let (mut opened, mut signalled) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            let (near, times) = Peer::start_linked(visit, Rust, &far).await?;
            signalled.push(times.dialled);
            opened.push(times.opened);
            near.tab().clone().close().await?;
        }
        row("link_ms", median(opened), "ms");
        row("signalling_ms", median(signalled), "ms");

        let near = Peer::start(visit, Rust).await?;
        near.connect(&far).await?;
        near.until_linked(&far, 1).await?;
        bulk(&near, &far).await?;
        let tenths = near.streams(&far, STREAMS, AT_ONCE).await?;
        let rate = tenths.first().copied().unwrap_or(0.0) / tenths.last().copied().unwrap_or(f64::NAN);
        row("streams_last_tenth_ratio", rate, "");
        let open = near.open_channels().await?.max(far.open_channels().await?);
        row("streams_open_channels", open as f64, "channels");

        row(
            "closed_tab_noticed_ms",
            noticed(&near, async { far.tab().clone().close().await }, &far).await?,
            "ms",
        );
        let far = Peer::start(visit, Rust).await?;
        near.connect(&far).await?;
        near.until_linked(&far, 1).await?;
        let kill = async {
            far.tab().kill();
            Ok(())
        };
        row("killed_tab_noticed_ms", noticed(&near, kill, &far).await?, "ms");
        Ok(())
    })
    .await
}

/// Milliseconds from `end`, which takes `far` away, until `near` has no link to it.
async fn noticed(near: &Peer, end: impl Future<Output = Result<()>>, far: &Peer) -> Result<f64> {
    let start = std::time::Instant::now();
    end.await?;
    near.until_linked(far, 0).await?;
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

/// The link against a bare channel, in turns, so that a busy moment of the machine hits both.
async fn bulk(near: &Peer, far: &Peer) -> Result<()> {
    near.open_bare(far).await?;
    let (mut link, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        bare.push(near.time_to_send_bare(BYTES).await?);
        link.push(near.time_to_send(far, BYTES).await?);
    }
    let (link, bare) = (median(link), median(bare));
    row("link_throughput_mib_per_s", BYTES as f64 / f64::from(1 << 20) / (link / 1000.0), "MiB/s");
    row("link_throughput_ratio", bare / link, "");
    Ok(())
}
