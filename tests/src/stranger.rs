//! A tab that has the product's network node and, in place of a visitor, a test that says whatever it likes.

use std::{collections::VecDeque, time::Duration};

use abraham_messages::{
    Payload,
    node::{Command, Event},
};
use anyhow::{Context as _, Result, bail};

use crate::{PAGE_TIMEOUT, browser::Visit, tab::Tab};

/// See the module. The page is the product's, not donated; its window program runs on a port that the test holds.
pub struct Stranger {
    tab: Tab,
    heard: VecDeque<Event>,
}

impl Stranger {
    /// Starts a node with this secp256k1 `secret`.
    ///
    /// # Errors
    /// When the page does not load or the node does not start.
    pub async fn start(visit: &Visit, secret: [u8; 32]) -> Result<Self> {
        let tab = visit.newcomer("/").await?;
        tab.value::<()>(
            "(async () => {
                const program = await import('/pkg/abraham_window.js');
                await program.default();
                const { relays, iceServers } = await (await fetch('/api/v1/config')).json();
                const { port1, port2 } = new MessageChannel();
                const heard = [];
                port2.onmessage = ({ data }) => heard.push(data.map((part) => [...part]));
                globalThis.stranger = {
                    network: program.start({ relays, iceServers }, port1),
                    say(...parts) {
                        const message = parts.map((part) => new Uint8Array(part));
                        port2.postMessage(message, message.map(({ buffer }) => buffer));
                    },
                    take: () => heard.splice(0, 1000),
                };
            })()",
        )
        .await?;
        let stranger = Self { tab, heard: VecDeque::new() };
        stranger.say(&secret, &Payload::default()).await?;
        Ok(stranger)
    }

    /// Gives the node a command.
    ///
    /// # Errors
    /// When the page has crashed.
    pub async fn tell(&self, command: Command) -> Result<()> {
        let (head, payload) = command.into_parts();
        self.say(&head, &payload).await
    }

    async fn say(&self, head: &[u8], payload: &[u8]) -> Result<()> {
        let [head, payload] = [head, payload].map(serde_json::to_string);
        self.tab.value(&format!("stranger.say({}, {})", head?, payload?)).await
    }

    /// Waits for an event that `wanted` makes something of, and drops those before it.
    ///
    /// # Errors
    /// When none comes within three minutes.
    pub async fn until<T>(&mut self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> Result<T> {
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        let deadline = tokio::time::Instant::now() + PAGE_TIMEOUT;
        while tokio::time::Instant::now() < deadline {
            while let Some(event) = self.heard.pop_front() {
                if let Some(found) = wanted(&event) {
                    return Ok(found);
                }
            }
            ticks.tick().await;
            let messages: Vec<[Vec<u8>; 2]> = self.tab.value("stranger.take()").await?;
            for [head, payload] in messages {
                let event = Event::from_parts(&head, payload.into());
                self.heard.push_back(event.context("the node said what is no event")?);
            }
        }
        bail!("waited {} s for the stranger's node: {what}", PAGE_TIMEOUT.as_secs())
    }
}
