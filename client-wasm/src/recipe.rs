//! What every artist of this page has alike: a member whose recipe differs could not paint with the others.

use abraham_artist::Architecture;
use abraham_learning::{Schedule, seat::Recipe};
use abraham_page::sizes::{BATCH, CHANNELS, HIDDEN, LATENTS, SIDE};

use crate::error::Error;

/// Rounds over which the learning rate falls to its floor.
const SETTLING_ROUNDS: u64 = 1000;

/// The recipe of an artist of 1 or 3 channels that paints `batch` pictures a round.
///
/// # Errors
/// Where there is no such number of channels.
pub(crate) fn recipe(channels: usize, batch: usize) -> Result<Recipe, Error> {
    let architecture =
        Architecture::new(LATENTS, &HIDDEN, SIDE, channels).map_err(abraham_learning::Error::from)?;
    Ok(Recipe { architecture, batch, inner: 1, schedule: Schedule::open_ended(SETTLING_ROUNDS) })
}

/// The recipe of the collective's artist.
///
/// # Errors
/// None: its numbers are valid.
pub(crate) fn collective() -> Result<Recipe, Error> {
    recipe(CHANNELS, BATCH)
}
