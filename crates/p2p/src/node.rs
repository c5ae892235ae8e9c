//! A node as its visitor sees it.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use abraham_messages::node::{Command, Event};
use futures::{SinkExt, Stream, StreamExt, channel::mpsc};

use crate::{
    Config, Ended, Error, TrySendError, limits,
    runner::Runner,
    transport::{self, Closer},
};

/// A network node.
#[derive(Debug)]
pub struct Node;

impl Node {
    /// Starts a node; it runs until it is told [`Command::Stop`] or either half is dropped.
    ///
    /// # Errors
    /// [`Error`] where the configuration cannot be used or, natively, no tokio runtime is there.
    pub fn start(config: Config) -> Result<(Commands, Events), Error> {
        let (commands_in, commands) = mpsc::channel(limits::MAX_QUEUE);
        let (events, events_out) = mpsc::channel(limits::MAX_QUEUE);
        let (runner, closer) = Runner::new(config, commands, events)?;
        transport::spawn(runner.run());
        Ok((Commands { queue: commands_in, closer }, Events { queue: events_out }))
    }
}

/// Where a node takes its commands.
#[derive(Clone)]
pub struct Commands {
    queue: mpsc::Sender<Command>,
    #[cfg_attr(
        not(target_arch = "wasm32"),
        expect(dead_code, reason = "only a browser closes a page under it")
    )]
    closer: Closer,
}

impl Commands {
    /// Gives a command, once there is room for it.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn send(&mut self, command: Command) -> Result<(), Ended> {
        self.queue.send(command).await.map_err(|_| Ended)
    }

    /// Gives a command now.
    ///
    /// # Errors
    /// [`TrySendError`].
    pub fn try_send(&mut self, command: Command) -> Result<(), TrySendError> {
        self.queue
            .try_send(command)
            .map_err(|error| if error.is_full() { TrySendError::Full } else { TrySendError::Ended })
    }

    /// Closes every direct connection at this instant: for `pagehide`, after which nothing may run any more.
    #[cfg(target_arch = "wasm32")]
    pub fn close_connections(&self) {
        self.closer.close_all();
    }
}

/// What happens at a node. A visitor that does not take events stalls its own node, and no other.
pub struct Events {
    queue: mpsc::Receiver<Event>,
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.queue.poll_next_unpin(cx)
    }
}
