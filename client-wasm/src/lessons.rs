//! The visitor's pictures, which stay in this worker.

use std::{cell::RefCell, rc::Rc};

use abraham_learning::Pictures;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{error::Error, studio::SIDE};

/// What the visitor teaches, to the solo studio and to the collective alike.
#[wasm_bindgen]
pub struct Lessons {
    pictures: Rc<RefCell<Rc<Pictures>>>,
}

#[wasm_bindgen]
impl Lessons {
    /// Starts without a picture, of 1 or 3 channels.
    ///
    /// # Errors
    /// Where there is no such number of channels.
    #[wasm_bindgen(constructor)]
    pub fn new(channels: usize) -> Result<Lessons, Error> {
        let pictures = Pictures::new(SIDE, channels)?;
        Ok(Self { pictures: Rc::new(RefCell::new(Rc::new(pictures))) })
    }

    /// Adds a picture: RGBA, already scaled to the artist's size. Returns how many there are.
    ///
    /// # Errors
    /// Where the picture has another size, or there are too many.
    pub fn teach(&self, rgba: &[u8]) -> Result<usize, Error> {
        // A round under way keeps the pictures that it began with.
        let mut pictures = self.pictures.borrow_mut();
        Rc::make_mut(&mut pictures).push_rgba(rgba)?;
        Ok(pictures.len())
    }

    /// Drops every picture.
    pub fn forget(&self) {
        Rc::make_mut(&mut self.pictures.borrow_mut()).clear();
    }
}

impl Lessons {
    /// The pictures as they are now.
    pub(crate) fn now(&self) -> Rc<Pictures> {
        self.pictures.borrow().clone()
    }
}
