//! How many connections and requests one client may have open, and how long it may leave an answer unread.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, MessageBody},
    web::Bytes,
};
use futures::task::AtomicWaker;
use prometheus_client::metrics::counter::Counter;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};
use tokio_io_timeout::TimeoutStream;

use crate::limits;

/// What is known of one connection, from wherever it is served.
#[derive(Default)]
struct Moved {
    /// When bytes last went over it, in milliseconds since the table was made.
    at: AtomicU64,
    ended: AtomicBool,
    waker: AtomicWaker,
}

/// The connections of every address.
pub(crate) struct Sockets {
    began: Instant,
    open: Mutex<HashMap<IpAddr, Vec<Arc<Moved>>>>,
    displaced: Counter,
}

impl Sockets {
    /// Counts in `displaced` those that make room.
    pub(crate) fn new(displaced: Counter) -> Self {
        Self { began: Instant::now(), open: Mutex::new(HashMap::new()), displaced }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Takes a new connection of `address`, or of nobody in particular. Where the address has as many as it may have,
    /// the one on which nothing moved for the longest time ends.
    pub(crate) fn take<S: AsyncRead + AsyncWrite>(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        stream: S,
    ) -> Socket<S> {
        let moved = Arc::new(Moved { at: self.now().into(), ..Moved::default() });
        if let Some(address) = address {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let theirs = open.entry(address).or_default();
            if theirs.len() >= limits::MAX_HTTP_SOCKETS {
                let quiet = (0..theirs.len()).min_by_key(|&index| theirs[index].at.load(Ordering::Relaxed));
                if let Some(quiet) = quiet {
                    let ended = theirs.remove(quiet);
                    ended.ended.store(true, Ordering::Release);
                    ended.waker.wake();
                    self.displaced.inc();
                }
            }
            theirs.push(moved.clone());
        }
        let mut stream = Box::pin(TimeoutStream::new(stream));
        stream.as_mut().set_write_timeout_pinned(Some(limits::HTTP_WRITE_TIMEOUT));
        Socket { stream, address, moved, sockets: self.clone() }
    }
}

/// A connection that ends when it is not read for too long, or when its place is needed.
pub(crate) struct Socket<S> {
    stream: Pin<Box<TimeoutStream<S>>>,
    address: Option<IpAddr>,
    moved: Arc<Moved>,
    sockets: Arc<Sockets>,
}

impl<S> Socket<S> {
    /// Fails where the connection is to end; else whoever ends it wakes this task.
    fn check(&self, cx: &Context<'_>) -> io::Result<()> {
        self.moved.waker.register(cx.waker());
        if self.moved.ended.load(Ordering::Acquire) {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "its place was needed"));
        }
        Ok(())
    }

    fn note(&self) {
        self.moved.at.store(self.sockets.now(), Ordering::Relaxed);
    }
}

impl<S> Drop for Socket<S> {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut open = self.sockets.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(theirs) = open.get_mut(&address) {
            theirs.retain(|moved| !Arc::ptr_eq(moved, &self.moved));
            if theirs.is_empty() {
                open.remove(&address);
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        let polled = self.stream.as_mut().poll_read(cx, buffer);
        if polled.is_ready() {
            self.note();
        }
        polled
    }
}

impl<S: AsyncRead + AsyncWrite> AsyncWrite for Socket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let polled = self.stream.as_mut().poll_write(cx, bytes);
        if polled.is_ready() {
            self.note();
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(cx)
    }
}

/// The requests of every client that are not answered to the end: those of a proxy's connections are told apart only by
/// what the proxy says of each.
#[derive(Clone, Default)]
pub(crate) struct Requests(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl Requests {
    /// Takes one more of `address`, where it has not too many.
    pub(crate) fn take(&self, address: IpAddr) -> Option<Request> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= limits::MAX_HTTP_SOCKETS {
            return None;
        }
        *count += 1;
        Some(Request { address, requests: self.clone() })
    }
}

/// One of them, until it is dropped.
pub(crate) struct Request {
    address: IpAddr,
    requests: Requests,
}

impl Drop for Request {
    fn drop(&mut self) {
        let mut open = self.requests.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

/// An answer's body; its request is open for as long as it is there.
pub(crate) struct Body<B> {
    inner: Pin<Box<B>>,
    _request: Option<Request>,
}

impl<B> Body<B> {
    pub(crate) fn new(inner: B, request: Option<Request>) -> Self {
        Self { inner: Box::pin(inner), _request: request }
    }
}

impl<B: MessageBody> MessageBody for Body<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.inner.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        self.inner.as_mut().poll_next(cx)
    }
}

/// Bytes that go out in slices: a connection copies what it is given, and asks for more only when most of that has left.
pub(crate) struct Slices(pub(crate) Bytes);

impl MessageBody for Slices {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.0.len().min(limits::HTTP_SLICE_BYTES);
        Poll::Ready(Some(Ok(self.0.split_to(length))))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    fn address(host: u8) -> Option<IpAddr> {
        Some([198, 51, 100, host].into())
    }

    fn ends(socket: &mut Socket<DuplexStream>) -> bool {
        socket.read_u8().now_or_never().is_some_and(|read| read.is_err())
    }

    #[tokio::test(start_paused = true)]
    async fn the_quietest_connection_of_an_address_makes_room_for_its_next() {
        let sockets = Arc::new(Sockets::new(Counter::default()));
        let mut open = Vec::new();
        for _ in 0..limits::MAX_HTTP_SOCKETS {
            let (near, far) = duplex(100);
            open.push((sockets.take(address(7), near), far));
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        // The first one moves, so the second is the quietest.
        open[0].1.write_u8(1).await.unwrap();
        open[0].0.read_u8().await.unwrap();
        let next = sockets.take(address(7), duplex(100).0);
        let _others = (sockets.take(address(8), duplex(100).0), sockets.take(None, duplex(100).0));
        let ended: Vec<_> = open
            .iter_mut()
            .enumerate()
            .filter_map(|(index, (socket, _))| ends(socket).then_some(index))
            .collect();
        assert_eq!(ended, [1]);
        drop((open, next));
        assert_eq!(sockets.open.lock().unwrap().len(), 1, "the other address has one still");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_reads_nothing_is_let_go_and_whoever_reads_slowly_is_not() {
        let sockets = Arc::new(Sockets::new(Counter::default()));
        let (near, _far) = duplex(100);
        let mut socket = sockets.take(address(7), near);
        let began = Instant::now();
        let error = socket.write_all(&[7; 1000]).await.unwrap_err();
        assert_eq!((error.kind(), began.elapsed()), (io::ErrorKind::TimedOut, limits::HTTP_WRITE_TIMEOUT));

        let (near, mut far) = duplex(100);
        let mut socket = sockets.take(address(7), near);
        let reader = async {
            let mut read = 0;
            while read < 1000 {
                tokio::time::sleep(limits::HTTP_WRITE_TIMEOUT / 2).await;
                read += far.read(&mut [0; 100]).await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(socket.write_all(&[7; 1000]), reader);
        written.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_waits_hears_at_once_that_its_place_is_needed() {
        let sockets = Arc::new(Sockets::new(Counter::default()));
        let (near, _far) = duplex(100);
        let mut first = sockets.take(address(7), near);
        let waiting = tokio::spawn(async move { first.read_u8().await });
        tokio::task::yield_now().await;
        let _others: Vec<_> =
            (0..limits::MAX_HTTP_SOCKETS).map(|_| sockets.take(address(7), duplex(100).0)).collect();
        assert_eq!(waiting.await.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }

    #[test]
    fn requests_count_until_they_are_answered() {
        let requests = Requests::default();
        let [seven, eight] = [address(7).unwrap(), address(8).unwrap()];
        let mut open: Vec<_> = (0..limits::MAX_HTTP_SOCKETS).map(|_| requests.take(seven).unwrap()).collect();
        assert!(requests.take(seven).is_none());
        assert!(requests.take(eight).is_some());
        open.pop();
        open.push(requests.take(seven).unwrap());
        drop(open);
        assert!(requests.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_body_goes_out_in_slices_and_whole() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        let mut body = Body::new(Slices(bytes.clone().into()), None);
        assert_eq!(body.size(), BodySize::Sized(100_000));
        let mut got = Vec::new();
        while let Some(slice) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await {
            let slice = slice.unwrap();
            assert!(slice.len() <= limits::HTTP_SLICE_BYTES);
            got.extend_from_slice(&slice);
        }
        assert_eq!(got, bytes);
    }
}
