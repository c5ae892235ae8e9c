//! What a stream needs of a data channel and of a clock, so that both can be a test's.

use std::{sync::Arc, time::Duration};

/// Bytes in a channel's send buffer above which writers wait.
pub const HIGH_WATER: usize = 256 * 1024;

/// Bytes in a channel's send buffer at which they go on.
pub const LOW_WATER: usize = 64 * 1024;

/// A data channel: reliable and ordered. Dropping it closes it.
pub trait DataChannel: Send + Sized + 'static {
    /// Gives its events to `events` from now on: later, never from within a call to one of these methods.
    fn attach(&mut self, events: Arc<dyn ChannelEvents>);

    /// Whether messages can be handed to [`DataChannel::send`]: it has opened. That it is over is said by `send` and by an
    /// event. A browser may take "open" back for a moment, and tells when it opens again ([`News::Writable`]).
    fn is_open(&self) -> bool;

    /// Bytes that wait to be sent.
    fn buffered_amount(&self) -> usize;

    /// Sends one message.
    ///
    /// # Errors
    /// The channel takes no more: it is closing, closed, or its buffer is full. What was received before may still be
    /// on its way to the page.
    fn send(&mut self, message: &[u8]) -> Result<(), ChannelClosed>;

    /// Closes the channel after what was sent.
    fn close(&mut self);
}

/// Who is told of a channel's events.
pub trait ChannelEvents: Send + Sync + 'static {
    /// The channel opened, or its send buffer fell to [`LOW_WATER`].
    fn handle_writable(&self);

    /// A message came.
    fn handle_message(&self, message: &[u8]);

    /// The channel closed or failed.
    fn handle_closed(&self);
}

/// A channel takes no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the data channel takes no more")]
pub struct ChannelClosed;

/// What an event of a channel means for its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It opened, or can take more again.
    Writable,
    /// It is over, and nothing comes any more.
    Closed,
    /// Nothing yet.
    Nothing,
}

impl News {
    /// The meaning of an event by its `kind` (`RTCDataChannel`, WebRTC recommendation section 6.2), where the channel
    /// `is_over` (closing or closed) when the event is heard.
    ///
    /// A browser changes the state before it tells of it, so an event that waited its turn is heard in a state that
    /// came after it, with messages still behind it. Only `close` comes last.
    #[must_use]
    pub fn of(kind: &str, is_over: bool) -> Self {
        match kind {
            "close" => Self::Closed,
            "open" | "bufferedamountlow" if !is_over => Self::Writable,
            _ => Self::Nothing,
        }
    }
}

/// Where delays come from.
pub trait Timer: Clone + Send + Unpin + 'static {
    /// Ready after a delay.
    type Delay: Future<Output = ()> + Send + Unpin + 'static;

    /// Ready after `duration`.
    fn delay(&self, duration: Duration) -> Self::Delay;
}

/// The clock of the system or the browser.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemTimer;

impl Timer for SystemTimer {
    type Delay = futures_timer::Delay;

    fn delay(&self, duration: Duration) -> Self::Delay {
        futures_timer::Delay::new(duration)
    }
}
