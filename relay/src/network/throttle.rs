//! A connection that is read no faster than a rate: what a peer sends beyond it waits in that peer's own socket, or, of
//! one that brings its own streams, in theirs.

#[cfg(feature = "webrtc-direct")]
pub(super) mod muxer;

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use abraham_limiter::{Rate, TokenBucket};
use futures::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};

/// The shortest wait, so that a connection at its limit is not woken for every few bytes.
const STEP: Duration = Duration::from_millis(10);

/// What may be read, by one stream or by several together.
#[derive(Clone)]
struct Allowance {
    rate: Rate,
    bucket: Arc<Mutex<TokenBucket<Instant>>>,
}

impl Allowance {
    fn new(rate: Rate) -> Self {
        Self { rate, bucket: Arc::new(Mutex::new(TokenBucket::full(Instant::now()))) }
    }

    /// How long to wait until something may be read.
    fn wait(&self) -> Option<Duration> {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let overdrawn = bucket.overdrawn(&self.rate, Instant::now());
        (!overdrawn.is_zero()).then(|| overdrawn.max(STEP))
    }

    fn read(&self, bytes: usize) {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.overdraw(&self.rate, bytes as u64, Instant::now());
    }
}

/// Reads from `inner` no faster than a rate, where one is given; writes freely.
pub(super) struct Throttled<S> {
    inner: S,
    limit: Option<Allowance>,
    wait: Option<Pin<Box<Sleep>>>,
}

impl<S> Throttled<S> {
    pub(super) fn new(inner: S, rate: Option<Rate>) -> Self {
        Self { inner, limit: rate.map(Allowance::new), wait: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Throttled<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let Some(limit) = &this.limit else {
            return Pin::new(&mut this.inner).poll_read(cx, buf);
        };
        if let Some(wait) = &mut this.wait {
            ready!(wait.as_mut().poll(cx));
            this.wait = None;
        }
        if let Some(missing) = limit.wait() {
            let mut wait = Box::pin(tokio::time::sleep(missing));
            // It is not over yet; polling it only says whom to wake.
            let _ = wait.as_mut().poll(cx);
            this.wait = Some(wait);
            return Poll::Pending;
        }
        let read = ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
        limit.read(read);
        Poll::Ready(Ok(read))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Throttled<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures::{AsyncReadExt as _, io::Cursor};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_read_at_once_and_the_rest_at_the_rate() {
        let rate = Rate::per_second(1000, 100);
        let mut source = Throttled::new(Cursor::new(vec![7; 3000]), Some(rate));
        let began = Instant::now();
        let (mut read, mut buffer) = (0, [0; 100]);
        while read < 3000 {
            read += source.read(&mut buffer).await.unwrap();
            let allowed = 1000.0 + 100.0 * began.elapsed().as_secs_f64() + 100.0;
            assert!(f64::from(u32::try_from(read).unwrap()) <= allowed, "{read} after {:?}", began.elapsed());
        }
        assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
        let mut free = Throttled::new(Cursor::new(vec![7; 3000]), None);
        let began = Instant::now();
        free.read_to_end(&mut Vec::new()).await.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
