//! Connections that a reverse proxy passes on: the PROXY protocol's header at their beginning says who made them
//! (<https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt>, versions 1 and 2).

use std::{
    future::{Ready, ready},
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll},
};

use futures::{
    AsyncRead, AsyncReadExt as _, StreamExt as _, future::BoxFuture, future::Either, stream::FuturesUnordered,
};
use libp2p::{
    Multiaddr, Transport,
    core::transport::{DialOpts, ListenerId, TransportError, TransportEvent},
    multiaddr::Protocol,
};
use ppp::{HeaderResult, v1, v2};
use tokio::time::timeout;

use crate::{
    client::{Proxies, ip_of},
    limits,
};

/// The first bytes of version 2, and of what is read before it is known which version it is.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes of a header of version 2 before those that it gives the length of.
const FIXED: usize = 16;
/// Bytes of the rest: addresses, and what a proxy may say beside them.
const REST: usize = 2048;
/// Bytes of a header of version 1, with its end of line.
const LINE: usize = 107;

/// Why a connection from a proxy is not taken.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the connection ended: {0}")]
    Ended(#[from] io::Error),
    #[error("there is no PROXY protocol header; have the proxy send one, or start without --proxy-protocol")]
    Missing,
    #[error("the PROXY protocol header is malformed: {0}")]
    Malformed(String),
    #[error("the PROXY protocol header did not come in time")]
    Late,
}

/// Who a header says made the connection; `None` where it is the proxy itself, such as for a check of health.
fn source(header: &[u8]) -> Result<Option<SocketAddr>, Error> {
    let wrong = |error: &dyn std::fmt::Display| Error::Malformed(error.to_string());
    Ok(match HeaderResult::parse(header) {
        HeaderResult::V1(parsed) => match parsed.map_err(|error| wrong(&error))?.addresses {
            v1::Addresses::Tcp4(of) => Some((of.source_address, of.source_port).into()),
            v1::Addresses::Tcp6(of) => Some((of.source_address, of.source_port).into()),
            v1::Addresses::Unknown => None,
        },
        HeaderResult::V2(parsed) => {
            let parsed = parsed.map_err(|error| wrong(&error))?;
            match (parsed.command, parsed.addresses) {
                (v2::Command::Local, _) => None,
                (_, v2::Addresses::IPv4(of)) => Some((of.source_address, of.source_port).into()),
                (_, v2::Addresses::IPv6(of)) => Some((of.source_address, of.source_port).into()),
                _ => None,
            }
        }
    })
}

/// Reads a header and nothing after it.
async fn read_header(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<SocketAddr>, Error> {
    let mut header = vec![0; SIGNATURE.len()];
    stream.read_exact(&mut header).await?;
    if header == SIGNATURE {
        header.resize(FIXED, 0);
        stream.read_exact(&mut header[SIGNATURE.len()..]).await?;
        let rest = usize::from(u16::from_be_bytes([header[FIXED - 2], header[FIXED - 1]]));
        if rest > REST {
            return Err(Error::Malformed(format!("{rest} bytes are too many")));
        }
        header.resize(FIXED + rest, 0);
        stream.read_exact(&mut header[FIXED..]).await?;
    } else if header.starts_with(b"PROXY ") {
        while !header.ends_with(b"\r\n") {
            if header.len() >= LINE {
                return Err(Error::Malformed("the line has no end".to_owned()));
            }
            let mut byte = [0];
            stream.read_exact(&mut byte).await?;
            header.extend(byte);
        }
    } else {
        return Err(Error::Missing);
    }
    source(&header)
}

/// The address of a connection that `source` made through a proxy.
fn renamed(remote: &Multiaddr, source: SocketAddr) -> Multiaddr {
    let rest = remote.iter().skip(2);
    rest.fold(Multiaddr::from(source.ip()).with(Protocol::Tcp(source.port())), Multiaddr::with)
}

/// A connection whose header has been read.
struct Read<S> {
    listener: ListenerId,
    local: Multiaddr,
    remote: Multiaddr,
    stream: S,
}

/// Streams of `T`; those from a trusted proxy come under the address that their header names, and none without one.
pub(super) struct Proxied<T: Transport> {
    inner: T,
    /// `None` where proxies send no header.
    proxies: Option<Proxies>,
    reading: FuturesUnordered<BoxFuture<'static, Result<Read<T::Output>, Error>>>,
    named: AtomicBool,
}

impl<T: Transport> Proxied<T> {
    pub(super) fn new(inner: T, proxies: Option<Proxies>) -> Self {
        Self { inner, proxies, reading: FuturesUnordered::new(), named: AtomicBool::new(false) }
    }

    fn is_proxy(&self, remote: &Multiaddr) -> bool {
        let trusts = |ip: IpAddr| self.proxies.as_ref().is_some_and(|proxies| proxies.trusts(ip));
        ip_of(remote).is_some_and(trusts)
    }

    /// Says once what is wrong: whoever asks a proxy often must not fill the log.
    fn name(&self, error: &Error) {
        if !self.named.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "a connection from a trusted proxy is not taken");
        }
    }
}

impl<T> Transport for Proxied<T>
where
    T: Transport + Unpin,
    T::Output: AsyncRead + Unpin + Send + 'static,
    T::Error: Send + 'static,
    T::ListenerUpgrade: Send + 'static,
{
    type Output = T::Output;
    type Error = T::Error;
    type ListenerUpgrade = Either<T::ListenerUpgrade, Ready<Result<T::Output, T::Error>>>;
    type Dial = T::Dial;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<T::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(&mut self, address: Multiaddr, options: DialOpts) -> Result<T::Dial, TransportError<T::Error>> {
        self.inner.dial(address, options)
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, T::Error>> {
        let this = &mut *self;
        while let Poll::Ready(event) = Pin::new(&mut this.inner).poll(cx) {
            let (listener, upgrade, local, remote) = match event {
                TransportEvent::Incoming { listener_id, upgrade, local_addr, send_back_addr } => {
                    (listener_id, upgrade, local_addr, send_back_addr)
                }
                other => return Poll::Ready(other.map_upgrade(Either::Left)),
            };
            if !this.is_proxy(&remote) {
                return Poll::Ready(TransportEvent::Incoming {
                    listener_id: listener,
                    upgrade: Either::Left(upgrade),
                    local_addr: local,
                    send_back_addr: remote,
                });
            }
            // A proxy sends its header at once, so only one that is broken has so many without.
            if this.reading.len() < limits::MAX_PENDING as usize {
                this.reading.push(Box::pin(async move {
                    let reading = async {
                        let Ok(mut stream) = upgrade.await else { return Err(Error::Missing) };
                        let remote = match read_header(&mut stream).await? {
                            Some(source) => renamed(&remote, source),
                            None => remote,
                        };
                        Ok(Read { listener, local, remote, stream })
                    };
                    timeout(limits::UPGRADE_TIMEOUT, reading).await.unwrap_or(Err(Error::Late))
                }));
            }
        }
        while let Poll::Ready(Some(read)) = this.reading.poll_next_unpin(cx) {
            match read {
                Ok(Read { listener, local, remote, stream }) => {
                    return Poll::Ready(TransportEvent::Incoming {
                        listener_id: listener,
                        upgrade: Either::Right(ready(Ok(stream))),
                        local_addr: local,
                        send_back_addr: remote,
                    });
                }
                Err(error) => this.name(&error),
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, io::Cursor};

    use super::*;

    fn read(bytes: &[u8]) -> (Result<Option<SocketAddr>, Error>, u64) {
        let mut stream = Cursor::new(bytes.to_vec());
        let read = read_header(&mut stream).now_or_never().expect("everything is there");
        (read, stream.position())
    }

    fn version_2(addresses: impl Into<v2::Addresses>, command: v2::Command) -> Vec<u8> {
        let of = v2::Version::Two | command;
        v2::Builder::with_addresses(of, v2::Protocol::Stream, addresses).build().unwrap()
    }

    fn tcp4() -> (SocketAddr, SocketAddr) {
        ("198.51.100.7:4711".parse().unwrap(), "192.0.2.1:443".parse().unwrap())
    }

    #[test]
    fn both_versions_name_the_client_and_nothing_after_them_is_read() {
        let v6: (SocketAddr, SocketAddr) =
            ("[2001:db8::7]:1".parse().unwrap(), "[2001:db8::1]:2".parse().unwrap());
        for (header, expected) in [
            (version_2(tcp4(), v2::Command::Proxy), Some(tcp4().0)),
            (version_2(v6, v2::Command::Proxy), Some(v6.0)),
            (version_2(tcp4(), v2::Command::Local), None),
            (b"PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n".to_vec(), Some(tcp4().0)),
            (b"PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n".to_vec(), Some(v6.0)),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
        ] {
            let (found, at) = read(&[&header[..], b"GET / HTTP/1.1"].concat());
            assert_eq!(found.unwrap(), expected);
            assert_eq!(at, header.len() as u64);
        }
    }

    #[test]
    fn what_is_no_header_is_refused_and_never_read_without_end() {
        let too_long = [SIGNATURE, &[0x21, 0x11, 0xff, 0xff], &[0; 70_000]].concat();
        let short = [SIGNATURE, &[0x21, 0x11, 0, 4], &[0; 4]].concat();
        let unknown = [SIGNATURE, &[0x31, 0x11, 0, 12], &[0; 12]].concat();
        for (bytes, most) in [
            (b"GET / HTTP/1.1\r\n\r\n".repeat(10), 12),
            (b"PROXY ".repeat(1000), LINE),
            (b"PROXY TCP4 no no 1 2\r\n".to_vec(), LINE),
            (b"PROXY TCP4".to_vec(), LINE),
            (too_long, FIXED),
            (short, 100),
            (unknown, 100),
            (Vec::new(), 0),
        ] {
            let (found, at) = read(&bytes);
            assert!(found.is_err(), "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(40)]));
            assert!(at <= most as u64, "{at} bytes were read");
        }
    }

    #[test]
    fn the_address_of_the_client_takes_the_place_of_the_proxys() {
        let remote = "/ip4/127.0.0.1/tcp/5000/ws".parse().unwrap();
        assert_eq!(renamed(&remote, tcp4().0).to_string(), "/ip4/198.51.100.7/tcp/4711/ws");
    }
}
