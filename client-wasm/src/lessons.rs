//! The visitor's pictures, which stay in this worker.

use std::{cell::RefCell, rc::Rc};

use abraham_learning::Pictures;
use abraham_page::sizes::SIDE;
use abraham_visitor::Handle;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Error;

/// What the visitor teaches, to the solo studio and to the collective alike.
#[wasm_bindgen]
pub struct Lessons(Rc<RefCell<Shelf>>);

struct Shelf {
    pictures: Rc<Pictures>,
    /// Who teaches the collective with them.
    member: Option<Handle>,
}

#[wasm_bindgen]
impl Lessons {
    /// Starts without a picture, of 1 or 3 channels.
    ///
    /// # Errors
    /// Where there is no such number of channels.
    #[wasm_bindgen(constructor)]
    pub fn new(channels: usize) -> Result<Lessons, Error> {
        let pictures = Rc::new(Pictures::new(SIDE, channels)?);
        Ok(Self(Rc::new(RefCell::new(Shelf { pictures, member: None }))))
    }

    /// Adds a picture, unless it is there already: RGBA, already scaled to the artist's size. Returns how many there
    /// are. The collective learns from it after [`Lessons::share`].
    ///
    /// # Errors
    /// Where the picture has another size, or there are too many.
    pub fn teach(&self, rgba: &[u8]) -> Result<usize, Error> {
        let mut shelf = self.0.borrow_mut();
        // A round under way keeps the pictures that it began with: they are copied before the first that comes then.
        Rc::make_mut(&mut shelf.pictures).push_new_rgba(rgba)?;
        Ok(shelf.pictures.len())
    }

    /// Drops every picture, at once also for the collective.
    pub fn forget(&self) {
        Rc::make_mut(&mut self.0.borrow_mut().pictures).clear();
        self.share();
    }

    /// Lets the member, where there is one, teach with the pictures as they are now.
    pub fn share(&self) {
        let shelf = self.0.borrow();
        if let Some(member) = &shelf.member {
            member.pictures(Some(shelf.pictures.clone()));
        }
    }
}

impl Lessons {
    /// The pictures as they are now.
    pub(crate) fn now(&self) -> Rc<Pictures> {
        self.0.borrow().pictures.clone()
    }

    /// The same lessons, for another owner.
    pub(crate) fn another(&self) -> Self {
        Self(self.0.clone())
    }

    /// Lets a member teach with them, or none.
    pub(crate) fn follow(&self, member: Option<Handle>) {
        let before = std::mem::replace(&mut self.0.borrow_mut().member, member);
        if let Some(before) = before {
            before.pictures(None);
        }
        self.share();
    }
}
