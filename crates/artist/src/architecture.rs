//! The sizes of the generator.

use crate::Error;

/// The largest size of a layer, and of a picture's side.
const LIMIT: usize = 1 << 14;

/// Sizes of a generator: latents → hidden sine layers → side × side × channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Architecture {
    latents: usize,
    hidden: Vec<usize>,
    side: usize,
    channels: usize,
}

impl Architecture {
    /// The sizes of a generator.
    ///
    /// # Errors
    /// [`Error::Architecture`] where a size is zero or too large, or there is no hidden layer.
    pub fn new(latents: usize, hidden: &[usize], side: usize, channels: usize) -> Result<Self, Error> {
        let fits = |size: usize| (1..=LIMIT).contains(&size);
        let sound = fits(latents)
            && (1..=8).contains(&hidden.len())
            && hidden.iter().all(|size| fits(*size))
            && (1..=256).contains(&side)
            && (channels == 1 || channels == 3);
        if !sound {
            return Err(Error::Architecture { latents, hidden: hidden.to_vec(), side, limit: LIMIT });
        }
        Ok(Self { latents, hidden: hidden.to_vec(), side, channels })
    }

    /// Latents.
    pub fn latents(&self) -> usize {
        self.latents
    }

    /// Units of each hidden layer.
    pub fn hidden(&self) -> &[usize] {
        &self.hidden
    }

    /// Width and height of a picture, in pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// 1 for grey, 3 for colour.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Samples of a picture: side · side · channels, rows first, channels interleaved.
    pub fn samples(&self) -> usize {
        self.side * self.side * self.channels
    }

    /// (inputs, outputs) of each layer, the linear one last.
    pub fn layers(&self) -> Vec<(usize, usize)> {
        let mut sizes = vec![self.latents];
        sizes.extend(&self.hidden);
        sizes.push(self.samples());
        sizes.windows(2).map(|pair| (pair[0], pair[1])).collect()
    }
}
