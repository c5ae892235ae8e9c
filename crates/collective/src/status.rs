//! How this member is connected and what it did, which decides little and is what the page is given.

use crate::{
    EndCause,
    context::short,
    snapshot::{Connection, DoneSnapshot},
};

/// How this member is connected, and what it did since it joined.
pub(crate) struct Status {
    connection: Connection,
    done: DoneSnapshot,
    last_end: Option<EndCause>,
}

impl Default for Status {
    /// Of one that did nothing yet.
    fn default() -> Self {
        Self { connection: Connection::Connecting, done: DoneSnapshot::default(), last_end: None }
    }
}

impl Status {
    pub(crate) fn handle_connecting(&mut self) {
        self.connection = Connection::Connecting;
    }

    pub(crate) fn handle_online(&mut self) {
        self.connection = Connection::Online;
    }

    pub(crate) fn handle_offline(&mut self, reason: &str) {
        self.connection = Connection::Offline { reason: short(reason) };
    }

    /// Nothing is taken in after this.
    pub(crate) fn handle_stopped(&mut self) {
        self.connection = Connection::Stopped;
    }

    /// A batch or an update came, of so many bytes.
    pub(crate) fn handle_bulk(&mut self, bytes: usize) {
        self.done.bulk_bytes_received += bytes as u64;
    }

    /// This member took a seat.
    pub(crate) fn handle_term_began(&mut self) {
        self.done.terms += 1;
    }

    /// This member's term is over, or it did not begin.
    pub(crate) fn handle_term_ended(&mut self, cause: EndCause) {
        self.last_end = Some(cause);
    }

    /// This member's committee learnt.
    pub(crate) fn handle_learned(&mut self) {
        self.done.rounds_painted += 1;
    }

    /// This member's committee painted a piece.
    pub(crate) fn handle_piece(&mut self) {
        self.done.pieces += 1;
    }

    /// This member's update went out.
    pub(crate) fn handle_taught(&mut self) {
        self.done.rounds_taught += 1;
    }

    pub(crate) fn is_online(&self) -> bool {
        self.connection == Connection::Online
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.connection == Connection::Stopped
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What it did; what it sent is counted where it leaves.
    pub(crate) fn done(&self) -> DoneSnapshot {
        self.done
    }

    /// How its last term ended.
    pub(crate) fn last_end(&self) -> Option<&EndCause> {
        self.last_end.as_ref()
    }
}
