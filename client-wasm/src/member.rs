//! This tab as a member of the collective.

use std::cell::RefCell;

use abraham_collective::{BackendKind, Event as News, Snapshot};
use abraham_messages::codec::hex;
use abraham_page::{self as page, sizes::CHANNELS};
use abraham_visitor::{Event, FrameTraffic, Handle, LinkTraffic, Offer, Tools, Visitor};
use futures::channel::{mpsc, oneshot};
use js_sys::Function;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::spawn_local;
use web_sys::MessagePort;
use zeroize::Zeroizing;

use crate::{
    browser::{now_ms, random},
    device::Device,
    error::Error,
    kernel::TeacherDevice,
    lessons::Lessons,
    object::{from_object, to_object},
    picture,
    pieces::painting,
    recipe, snapshot,
    surroundings::{Listener, Port, Randomness, WorkerTimer},
};

/// Least time between two reports of traffic to the page, ms.
const TRAFFIC_EVERY_MS: f64 = 1_000.0;
/// The page's code for a network that cannot work in this browser.
const UNSUPPORTED: &str = "network-unsupported";

/// A member of the collective in this worker.
#[wasm_bindgen]
pub struct Member {
    handle: Handle,
    backend: BackendKind,
    lessons: Lessons,
    ended: RefCell<Option<oneshot::Receiver<()>>>,
    _listener: Listener,
}

#[wasm_bindgen]
impl Member {
    /// Joins with a fresh identity, over the window's node at the other end of `port`; `tell` gets events for the page.
    ///
    /// # Errors
    /// Where the options are not valid, or the browser gives no randomness.
    pub async fn join(
        #[wasm_bindgen(unchecked_param_type = "JoinOptions")] options: JsValue,
        lessons: &Lessons,
        port: MessagePort,
        #[wasm_bindgen(unchecked_param_type = "(event: MemberEvent) => void")] tell: Function,
    ) -> Result<Member, Error> {
        let options: page::JoinOptions = from_object(options)?;
        let device = Device::get(options.webgpu).await;
        let backend = if device.backend.gpu().is_some() { BackendKind::Gpu } else { BackendKind::Cpu };
        let secret = Zeroizing::new(random()?);
        let (sender, events) = mpsc::unbounded();
        let (network, listener) = Port::open(port, &secret, sender);
        let tools = Tools {
            network,
            timer: WorkerTimer,
            backend: device.backend,
            kernel: TeacherDevice(device.backend),
            seeds: Randomness::new()?,
        };
        let offer = offer(backend, options.share, false);
        let (visitor, handle) = Visitor::new(recipe::collective()?, &secret, offer, tools)?;
        let lessons = lessons.another();
        lessons.follow(Some(handle.clone()));
        let (end, ended) = oneshot::channel();
        let mut page = Page::new(tell);
        spawn_local(async move {
            visitor.run(events, |event| page.send(event)).await;
            // Nobody may wait for it.
            let _ = end.send(());
        });
        Ok(Self { handle, backend, lessons, ended: RefCell::new(Some(ended)), _listener: listener })
    }

    /// Changes how much of the time rounds may take. While `resting`, it leaves its seat and teaches nothing.
    pub fn pace(&self, share: f64, resting: bool) {
        self.handle.offer(offer(self.backend, share, resting));
        self.lessons.follow((!resting).then(|| self.handle.clone()));
    }

    /// Whether it would begin another artist beside one that waits: the visitor's choice, over when a term begins.
    #[wasm_bindgen(js_name = beginAnother)]
    pub fn begin_another(&self, begins: bool) {
        self.handle.begin_another(begins);
    }

    /// Says goodbye; done once it was said.
    pub async fn leave(&self) {
        self.lessons.follow(None);
        self.handle.stop();
        let ended = self.ended.borrow_mut().take();
        if let Some(ended) = ended {
            // It ended either way.
            let _ = ended.await;
        }
    }
}

fn offer(backend: BackendKind, share: f64, resting: bool) -> Offer {
    Offer { paint: !resting, backend, pace: (share.clamp(0.1, 1.0) * 100.0) as u8 }
}

/// What the page was told, and what it needs beside.
struct Page {
    tell: Function,
    update_bytes: u64,
    told_traffic: f64,
}

impl Page {
    fn new(tell: Function) -> Self {
        Self { tell, update_bytes: 0, told_traffic: f64::NEG_INFINITY }
    }

    fn send(&mut self, event: Event) {
        let told = match event {
            Event::Snapshot { snapshot, frames, links } => {
                self.traffic(&snapshot, frames, &links);
                page::MemberEvent::Collective { snapshot: Box::new(snapshot::for_page(*snapshot)) }
            }
            Event::Batch { samples, .. } => {
                page::MemberEvent::CollectiveBatch { tiles: picture::rgba(&samples, CHANNELS) }
            }
            Event::Piece { piece, helped } => {
                // What cannot be written is a bug; the artist goes on without that piece.
                let Ok(page::Painting { png }) = painting(&piece) else { return };
                page::MemberEvent::CollectivePiece(page::CollectivePiece {
                    png,
                    round: piece.piece.round,
                    helped,
                })
            }
            Event::Collective(News::Taught { bytes, .. }) => {
                self.update_bytes = bytes;
                return;
            }
            Event::Unsupported { reason } => {
                page::MemberEvent::Failure(page::Failure { code: UNSUPPORTED.into(), message: reason })
            }
            // The next snapshot says what came of these.
            _ => return,
        };
        self.post(&told);
    }

    fn traffic(&mut self, snapshot: &Snapshot, frames: FrameTraffic, links: &[LinkTraffic]) {
        if now_ms() - self.told_traffic < TRAFFIC_EVERY_MS {
            return;
        }
        self.told_traffic = now_ms();
        self.post(&page::MemberEvent::Traffic(page::Traffic {
            sent: frames.sent + snapshot.done.bulk_bytes_sent,
            received: frames.received + snapshot.done.bulk_bytes_received,
            update_bytes: self.update_bytes,
            links: links
                .iter()
                .map(|link| page::LinkTraffic {
                    key: hex(&link.peer.0),
                    sent: link.sent,
                    received: link.received,
                })
                .collect(),
        }));
    }

    fn post(&self, event: &page::MemberEvent) {
        // What cannot be made into an object is a bug; the artist goes on without that event.
        if let Ok(event) = to_object(event) {
            let _ = self.tell.call1(&JsValue::NULL, &event);
        }
    }
}
