//! The visitor's pictures between visits. The worker sees to it that one window at a time calls these.

use abraham_page::sizes::SIDE;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{error::Error, opfs::Opfs};

/// The pictures on this device, as far as this window knows of them.
#[wasm_bindgen]
pub struct Shelf(abraham_visitor::Shelf);

#[wasm_bindgen]
impl Shelf {
    /// A shelf of which nothing was seen yet.
    #[wasm_bindgen(constructor)]
    pub fn unseen() -> Self {
        Self(abraham_visitor::Shelf::new(SIDE))
    }

    /// The first tiles, `most` at most; none where storage is denied, which putting some says.
    ///
    /// # Errors
    /// Where storage cannot be read.
    pub async fn taken(&self, most: usize) -> Result<Vec<Uint8Array>, Error> {
        let tiles = self.0.taken(Opfs::open().await, most).await?;
        Ok(tiles.chunks_exact(self.0.tile_bytes()).map(Uint8Array::from).collect())
    }

    /// Adds tiles, all of them or none; false, and none, where another window emptied the shelf meanwhile.
    ///
    /// # Errors
    /// Where storage is full or denied.
    pub async fn put(&self, tiles: Vec<Uint8Array>) -> Result<bool, Error> {
        let bytes: Vec<u8> = tiles.iter().flat_map(Uint8Array::to_vec).collect();
        Ok(self.0.put(&Opfs::open().await?, &bytes).await?)
    }

    /// Removes every picture.
    ///
    /// # Errors
    /// Where storage is denied, and there were any.
    pub async fn clear(&self) -> Result<(), Error> {
        Ok(self.0.clear(Opfs::open().await).await?)
    }
}
