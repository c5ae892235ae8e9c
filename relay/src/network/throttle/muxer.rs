//! A connection whose streams are read no faster than a rate, all of them together.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};

use super::{Allowance, Throttled};
use abraham_limiter::Rate;

/// A connection that has streams of its own.
pub(in crate::network) struct ThrottledMuxer<M> {
    inner: M,
    limit: Option<Allowance>,
}

impl<M> ThrottledMuxer<M> {
    pub(in crate::network) fn new(inner: M, rate: Option<Rate>) -> Self {
        Self { inner, limit: rate.map(Allowance::new) }
    }
}

impl<M> StreamMuxer for ThrottledMuxer<M>
where
    M: StreamMuxer + Unpin,
    M::Substream: Unpin,
{
    type Substream = Throttled<M::Substream>;
    type Error = M::Error;

    fn poll_inbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        let inner = ready!(Pin::new(&mut self.inner).poll_inbound(cx))?;
        Poll::Ready(Ok(Throttled { inner, limit: self.limit.clone(), wait: None }))
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        let inner = ready!(Pin::new(&mut self.inner).poll_outbound(cx))?;
        Poll::Ready(Ok(Throttled { inner, limit: self.limit.clone(), wait: None }))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        Pin::new(&mut self.inner).poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Cursor},
        time::Duration,
    };

    use futures::AsyncReadExt as _;
    use libp2p::core::muxing::StreamMuxerExt as _;
    use tokio::time::Instant;

    use super::*;

    /// A connection with a stream of zeros whenever one is asked for.
    struct Zeros;

    impl StreamMuxer for Zeros {
        type Substream = futures::io::AllowStdIo<Cursor<Vec<u8>>>;
        type Error = io::Error;

        fn poll_inbound(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<Self::Substream>> {
            Poll::Ready(Ok(futures::io::AllowStdIo::new(Cursor::new(vec![0; 3000]))))
        }

        fn poll_outbound(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Self::Substream>> {
            self.poll_inbound(cx)
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<StreamMuxerEvent>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_streams_of_one_connection_share_its_rate() {
        let rate = Rate::per_second(1000, 100);
        let mut connection = ThrottledMuxer::new(Zeros, Some(rate));
        let mut streams = Vec::new();
        for inbound in [true, false, true] {
            let opened = std::future::poll_fn(|cx| match inbound {
                true => connection.poll_inbound_unpin(cx),
                false => connection.poll_outbound_unpin(cx),
            });
            streams.push(opened.await.unwrap());
        }
        let began = Instant::now();
        let read = futures::future::join_all(streams.iter_mut().map(|stream| async {
            let mut buffer = [0; 100];
            for _ in 0..10 {
                stream.read_exact(&mut buffer).await.unwrap();
            }
        }));
        read.await;
        // 3,000 bytes, of which 1,000 at once and one buffer a stream ahead of the rate.
        assert!(began.elapsed() >= Duration::from_secs(17), "{:?}", began.elapsed());
        assert!(began.elapsed() <= Duration::from_secs(21), "{:?}", began.elapsed());
    }
}
