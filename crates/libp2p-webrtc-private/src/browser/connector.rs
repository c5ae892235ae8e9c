//! Carries a negotiation out with the browser.

use std::{
    cell::RefCell,
    io,
    rc::{Rc, Weak},
    time::Duration,
};

use futures::{
    AsyncReadExt, AsyncWriteExt, FutureExt, StreamExt,
    future::{BoxFuture, Either, pending, select},
    select_biased,
};
use futures_timer::Delay;
use libp2p::swarm::Stream;
use send_wrapper::SendWrapper;
use web_sys::RtcSdpType;

use super::{
    Connection,
    peer_connection::{Parts, PeerConnection, Shared},
};
use crate::{
    Config, Connector, Error, IceServer,
    signaling::{Action, Decoder, Input, Negotiation, NegotiationError, Role},
};

/// How long the end of signalling may take to be sent.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Makes connections by the browser's WebRTC.
#[derive(Clone)]
pub struct BrowserConnector {
    ice_servers: Vec<IceServer>,
    timeout: Duration,
    closer: Closer,
}

/// Closes all connections of a page at once: call [`Closer::close_all`] in a `pagehide` listener, for a page that goes
/// away without it is noticed by its peers only after 15 s.
#[derive(Clone)]
pub struct Closer {
    connections: SendWrapper<Rc<RefCell<Vec<Weak<Shared>>>>>,
}

impl Default for Closer {
    fn default() -> Self {
        Self { connections: SendWrapper::new(Rc::default()) }
    }
}

impl Closer {
    /// Closes every connection and breaks off every negotiation. The swarm then reports the connections closed; new
    /// ones can be made.
    pub fn close_all(&self) {
        let connections = RefCell::take(&self.connections);
        for connection in connections.iter().filter_map(Weak::upgrade) {
            connection.close("the page closed it");
        }
    }

    pub(crate) fn add(&self, connection: Weak<Shared>) {
        let mut connections = self.connections.borrow_mut();
        connections.retain(|connection| connection.strong_count() > 0);
        connections.push(connection);
    }
}

impl BrowserConnector {
    pub(crate) fn new(config: &Config, closer: Closer) -> Self {
        Self { ice_servers: config.ice_servers.clone(), timeout: config.negotiation_timeout, closer }
    }

    async fn negotiate(self, mut stream: Stream, role: Role) -> Result<Connection, Error> {
        let Parts { mut connection, mut inputs, orphans } = PeerConnection::new(&self.ice_servers, true)?;
        self.closer.add(connection.downgrade());
        let mut negotiation = Negotiation::new(role);
        if role == Role::Offerer {
            connection.open_init();
        }
        let mut decoder = Decoder::default();
        let (mut open, mut buffer) = (true, [0; 4096]);
        loop {
            while let Some(action) = negotiation.poll_action() {
                let input = perform(&mut connection, &mut stream, role, action).await?;
                if let Some(input) = input {
                    open &= input != Input::StreamEnded;
                    negotiation.handle(input)?;
                }
            }
            if negotiation.is_finished() {
                break;
            }
            connection.check()?;
            let read = if open { stream.read(&mut buffer).left_future() } else { pending().right_future() };
            let mut read = read.fuse();
            select_biased! {
                input = inputs.next() => if let Some(input) = input { negotiation.handle(input)? },
                count = read => match count {
                    Ok(count) if count > 0 => {
                        decoder.push(&buffer[..count]);
                        while let Some(message) = decoder.next_message().map_err(NegotiationError::from)? {
                            negotiation.handle(Input::Received(message))?;
                        }
                    }
                    ended => {
                        open = false;
                        negotiation.handle(Input::StreamEnded).map_err(|error| match ended {
                            Err(cause) => Error::SignalingStream(cause),
                            Ok(_) => error.into(),
                        })?;
                    }
                },
            }
        }
        connection.watch_transports();
        // Whether the peer hears the end of signalling does not matter any more.
        let _ = select(stream.close(), Delay::new(CLOSE_TIMEOUT)).await;
        Ok(Connection::new(SendWrapper::new(connection), orphans))
    }
}

/// Does what the negotiation says; the input that comes of it.
async fn perform(
    connection: &mut PeerConnection,
    stream: &mut Stream,
    role: Role,
    action: Action,
) -> Result<Option<Input>, Error> {
    let (local, remote) = match role {
        Role::Offerer => (RtcSdpType::Offer, RtcSdpType::Answer),
        Role::Answerer => (RtcSdpType::Answer, RtcSdpType::Offer),
    };
    match action {
        Action::Describe => return Ok(Some(Input::Described(connection.describe(role).await?))),
        Action::SetLocal(sdp) => connection.set_local(local, &sdp).await?,
        Action::SetRemote(sdp) => {
            connection.set_remote(remote, &sdp).await?;
            return Ok(Some(Input::RemoteSet));
        }
        Action::AddCandidate(json) => connection.add_candidate(&json).await,
        Action::Send(message) => {
            let sent: io::Result<()> = async {
                stream.write_all(&message.encode()).await?;
                stream.flush().await
            }
            .await;
            if let Err(error) = sent {
                tracing::debug!(%error, "the signalling stream ended while it was written");
                return Ok(Some(Input::StreamEnded));
            }
        }
        Action::CloseInit => connection.close_init(),
        Action::Finish => {}
    }
    Ok(None)
}

impl Connector for BrowserConnector {
    type Connection = Connection;

    fn connect(&self, stream: Stream, role: Role) -> BoxFuture<'static, Result<Connection, Error>> {
        let timeout = self.timeout;
        let negotiation = self.clone().negotiate(stream, role);
        SendWrapper::new(async move {
            match select(std::pin::pin!(negotiation), Delay::new(timeout)).await {
                Either::Left((outcome, _)) => outcome,
                Either::Right(_) => Err(NegotiationError::Deadline.into()),
            }
        })
        .boxed()
    }
}
