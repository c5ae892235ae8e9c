//! The page's hold on a running visitor: what it asks for waits until the visitor's loop takes it.

use std::{cell::RefCell, rc::Rc, task::Waker};

use abraham_collective::BackendKind;
use abraham_learning::Pictures;

/// What the visitor offers. May change at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Whether it may be seated.
    pub paint: bool,
    /// What it computes with.
    pub backend: BackendKind,
    /// Share of the time that it is ready to work, in per cent, 10 to 100.
    pub pace: u8,
}

/// What the page asked for, kept until the loop takes it: only the latest of each counts.
#[derive(Default)]
pub(crate) struct Requests {
    pub(crate) offer: Option<Offer>,
    pub(crate) pictures: Option<Option<Rc<Pictures>>>,
    pub(crate) begins: Option<bool>,
    pub(crate) stop: bool,
    waker: Option<Waker>,
}

/// The page's hold on a running visitor. Clones are the same visitor.
#[derive(Clone, Default)]
pub struct Handle(Rc<RefCell<Requests>>);

impl Handle {
    /// Changes the offer.
    pub fn offer(&self, offer: Offer) {
        self.ask(|requests| requests.offer = Some(offer));
    }

    /// Teaches with these pictures from the next batch on, or no longer.
    pub fn pictures(&self, pictures: Option<Rc<Pictures>>) {
        self.ask(|requests| requests.pictures = Some(pictures));
    }

    /// Begins another artist beside one that waits, once four want that; or no longer.
    pub fn begin_another(&self, begins: bool) {
        self.ask(|requests| requests.begins = Some(begins));
    }

    /// Says goodbye and stops.
    pub fn stop(&self) {
        self.ask(|requests| requests.stop = true);
    }

    fn ask(&self, change: impl FnOnce(&mut Requests)) {
        let waker = {
            let mut requests = self.0.borrow_mut();
            change(&mut requests);
            requests.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// What was asked since the last call; the waker is woken when there is something new.
    pub(crate) fn take(&self, waker: &Waker) -> Option<Requests> {
        let mut requests = self.0.borrow_mut();
        let asked = requests.offer.is_some() || requests.pictures.is_some() || requests.begins.is_some();
        if !requests.stop && !asked {
            requests.waker = Some(waker.clone());
            return None;
        }
        Some(std::mem::take(&mut *requests))
    }
}
