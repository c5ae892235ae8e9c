//! The exchange of descriptions and candidates as a state machine (libp2p specification, webrtc.md, "Browser to
//! Browser", steps 4 to 9): inputs are what the peer, the browser and the clock say; actions are what to do.

use std::collections::VecDeque;

use super::Message;
use crate::wire::WireError;

/// Candidates taken from a peer, and held for it, in one negotiation. A browser gathers fewer than 20.
pub const MAX_CANDIDATES: usize = 64;

/// Which side one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Dialled: opens the signalling stream, makes the "init" channel and the offer.
    Offerer,
    /// Was dialled.
    Answerer,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The peer sent a message.
    Received(Message),
    /// The signalling stream ended or broke.
    StreamEnded,
    /// The browser made the description that was asked for.
    Described(String),
    /// The browser took the peer's description.
    RemoteSet,
    /// The browser found a candidate (JSON); `None` after the last.
    Gathered(Option<String>),
    /// The browser's connection stands.
    Connected,
    /// The browser gave up.
    Failed,
    /// The "init" channel opened.
    InitOpened,
    /// The "init" channel closed.
    InitClosed,
    /// The time for all of it is over.
    Deadline,
}

/// What to do. In the order given: a description goes out before it is set, for its candidates follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Make a description: an offer or an answer by one's role. Answer with [`Input::Described`].
    Describe,
    /// Set one's own description, which starts the gathering.
    SetLocal(String),
    /// Set the peer's description. Answer with [`Input::RemoteSet`].
    SetRemote(String),
    /// Hand a candidate (JSON) to the browser. Whether it is of use is the browser's to say; a bad one is no error.
    AddCandidate(String),
    /// Send a message to the peer.
    Send(Message),
    /// Close the "init" channel.
    CloseInit,
    /// The connection stands. Close the signalling stream.
    Finish,
}

/// Why two peers did not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NegotiationError {
    /// Bytes of the signalling stream break its format.
    #[error("the peer's signalling is malformed: {0}")]
    Malformed(#[from] WireError),
    /// A description where none belongs: a second one, or one for the other role.
    #[error("the peer sent {0} where it has no place")]
    Unexpected(&'static str),
    /// A description with other media than data channels.
    #[error("the peer's description is not one of data channels alone")]
    NotDataOnly,
    /// The stream ended before the peer's description came.
    #[error("the peer ended signalling before it described itself")]
    Ended,
    /// The browsers found no path to each other.
    #[error("no path to the peer was found; both sides need to reach each other or a TURN server")]
    NoPath,
    /// It took too long.
    #[error("the negotiation took too long")]
    Deadline,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remote {
    /// No description yet.
    Unknown,
    /// It is being set.
    Setting,
    /// Candidates can be added.
    Set,
}

/// One side of a negotiation.
#[derive(Debug)]
pub struct Negotiation {
    role: Role,
    actions: VecDeque<Action>,
    remote: Remote,
    described: bool,
    stream_ended: bool,
    connected: bool,
    init_closed: bool,
    finished: bool,
    /// Candidates of the peer that wait for its description.
    waiting: Vec<String>,
    taken: usize,
    /// Own candidates that wait for one's own description to go out.
    gathered: Vec<String>,
}

impl Negotiation {
    /// Begins.
    #[must_use]
    pub fn new(role: Role) -> Self {
        let actions =
            if role == Role::Offerer { VecDeque::from([Action::Describe]) } else { VecDeque::new() };
        Self {
            role,
            actions,
            remote: Remote::Unknown,
            described: false,
            stream_ended: false,
            connected: false,
            init_closed: false,
            finished: false,
            waiting: Vec::new(),
            taken: 0,
            gathered: Vec::new(),
        }
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether the connection stands and nothing is left to do.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished && self.actions.is_empty()
    }

    /// Takes an input. After [`Action::Finish`] and after an error, inputs change nothing.
    ///
    /// # Errors
    /// Why the two will not connect.
    pub fn handle(&mut self, input: Input) -> Result<(), NegotiationError> {
        if self.finished {
            return Ok(());
        }
        match input {
            Input::Received(message) => self.received(message)?,
            Input::StreamEnded => {
                // Peers end the stream as soon as they are connected; that we are not yet is no error.
                self.stream_ended = true;
                if self.remote == Remote::Unknown {
                    return Err(NegotiationError::Ended);
                }
            }
            Input::Described(sdp) => {
                self.send(match self.role {
                    Role::Offerer => Message::Offer(sdp.clone()),
                    Role::Answerer => Message::Answer(sdp.clone()),
                });
                self.described = true;
                self.actions.push_back(Action::SetLocal(sdp));
                for candidate in std::mem::take(&mut self.gathered) {
                    self.send(Message::Candidate(candidate));
                }
            }
            Input::RemoteSet => {
                self.remote = Remote::Set;
                if self.role == Role::Answerer {
                    self.actions.push_back(Action::Describe);
                }
                let waiting = std::mem::take(&mut self.waiting);
                self.actions.extend(waiting.into_iter().map(Action::AddCandidate));
            }
            // The specification has no use for the end of candidates, and js-libp2p sends none.
            Input::Gathered(None) => {}
            Input::Gathered(Some(candidate)) => {
                if self.connected || is_end_of_candidates(&candidate) {
                } else if self.described {
                    self.send(Message::Candidate(candidate));
                } else if self.gathered.len() < MAX_CANDIDATES {
                    self.gathered.push(candidate);
                }
            }
            Input::Connected => {
                self.connected = true;
                self.finish_if_done();
            }
            Input::Failed => return Err(NegotiationError::NoPath),
            Input::InitOpened => {
                if self.role == Role::Offerer {
                    self.actions.push_back(Action::CloseInit);
                }
            }
            Input::InitClosed => {
                // Only once it is closed may its id be taken by a stream.
                self.init_closed = true;
                self.finish_if_done();
            }
            Input::Deadline => return Err(NegotiationError::Deadline),
        }
        Ok(())
    }

    fn finish_if_done(&mut self) {
        if self.connected && (self.init_closed || self.role == Role::Answerer) {
            self.finished = true;
            self.actions.push_back(Action::Finish);
        }
    }

    fn send(&mut self, message: Message) {
        if !self.stream_ended {
            self.actions.push_back(Action::Send(message));
        }
    }

    fn received(&mut self, message: Message) -> Result<(), NegotiationError> {
        match (message, self.role) {
            (Message::Offer(sdp), Role::Answerer) => self.describe_remote("an offer", sdp),
            (Message::Answer(sdp), Role::Offerer) if self.described => self.describe_remote("an answer", sdp),
            (Message::Offer(_), _) => Err(NegotiationError::Unexpected("an offer")),
            (Message::Answer(_), _) => Err(NegotiationError::Unexpected("an answer")),
            (Message::Candidate(candidate), _) => {
                if is_end_of_candidates(&candidate) || self.taken >= MAX_CANDIDATES {
                    return Ok(());
                }
                self.taken += 1;
                if self.remote == Remote::Set {
                    self.actions.push_back(Action::AddCandidate(candidate));
                } else {
                    self.waiting.push(candidate);
                }
                Ok(())
            }
        }
    }

    fn describe_remote(&mut self, what: &'static str, sdp: String) -> Result<(), NegotiationError> {
        if self.remote != Remote::Unknown {
            return Err(NegotiationError::Unexpected(what));
        }
        if !is_data_only(&sdp) {
            return Err(NegotiationError::NotDataOnly);
        }
        self.remote = Remote::Setting;
        self.actions.push_back(Action::SetRemote(sdp));
        Ok(())
    }
}

/// Whether a candidate's JSON says that there are no more: `null`, an empty string, or, as Firefox does at the end of
/// each generation, an object whose candidate is one.
fn is_end_of_candidates(json: &str) -> bool {
    let json = json.trim();
    let empty = |at: usize| {
        json[at + CANDIDATE.len()..]
            .trim_start()
            .strip_prefix(':')
            .is_some_and(|value| value.trim_start().starts_with("\"\""))
    };
    matches!(json, "" | "null" | "\"\"") || json.find(CANDIDATE).is_some_and(empty)
}

/// The member of a candidate's JSON that is the candidate itself. No other member's name or value has its quotes.
const CANDIDATE: &str = "\"candidate\"";

/// Whether a description (RFC 8866) has media, and none but `application`: what else a peer describes could only make
/// this browser receive or decode what nobody asked for.
fn is_data_only(sdp: &str) -> bool {
    let mut media = sdp.lines().filter_map(|line| line.strip_prefix("m=")).peekable();
    media.peek().is_some() && media.all(|media| media.starts_with("application "))
}

#[cfg(test)]
mod tests;
