//! What the probe answers, and how it asks. `tests/interop/js-peer.js` does the same.

use std::io;

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::{Stream, StreamProtocol};

/// Answers with what comes, as it comes.
pub(crate) const ECHO: StreamProtocol = StreamProtocol::new("/abraham-test/echo/1.0.0");
/// Answers with the number of bytes that came before the end, after it.
pub(crate) const COUNT: StreamProtocol = StreamProtocol::new("/abraham-test/count/1.0.0");
/// libp2p's ping.
pub(crate) const PING: StreamProtocol = StreamProtocol::new("/ipfs/ping/1.0.0");

/// Bytes that are read or written at once.
pub(crate) const CHUNK: usize = 64 * 1024;
/// Bytes of one ping, as libp2p's specification has it.
const PING_BYTES: usize = 32;
/// Bytes that an answer may have.
const ANSWER: u64 = 1 << 16;

/// Answers on a stream that someone opened.
pub(crate) async fn serve(protocol: StreamProtocol, mut stream: Stream) {
    // Whoever opened it sees what went wrong.
    let _ = if protocol == COUNT { count(&mut stream).await } else { echo(&mut stream).await };
}

async fn echo(stream: &mut Stream) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return stream.close().await;
        }
        stream.write_all(&buffer[..read]).await?;
        stream.flush().await?;
    }
}

async fn count(stream: &mut Stream) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    let mut bytes = 0usize;
    loop {
        match stream.read(&mut buffer).await? {
            0 => break,
            read => bytes += read,
        }
    }
    stream.write_all(bytes.to_string().as_bytes()).await?;
    stream.close().await
}

/// Sends `bytes` bytes, which are `chunk` again and again, ends our side, and returns what then comes.
pub(crate) async fn ask(mut stream: Stream, bytes: usize, chunk: &[u8]) -> io::Result<String> {
    let mut left = bytes;
    while left > 0 {
        let now = left.min(chunk.len());
        stream.write_all(&chunk[..now]).await?;
        left -= now;
    }
    stream.close().await?;
    let mut answer = String::new();
    stream.take(ANSWER).read_to_string(&mut answer).await?;
    Ok(answer)
}

/// One ping.
pub(crate) async fn ping(stream: &mut Stream) -> io::Result<()> {
    let said = [0x5a; PING_BYTES];
    stream.write_all(&said).await?;
    stream.flush().await?;
    let mut heard = [0; PING_BYTES];
    stream.read_exact(&mut heard).await?;
    stream.close().await?;
    if heard == said { Ok(()) } else { Err(io::Error::other("the ping came back changed")) }
}
