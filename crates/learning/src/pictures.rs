//! A teacher's pictures.

use std::hash::{DefaultHasher, Hasher as _};

use crate::{Error, limits};

/// A teacher's set of square pictures, values in [−1, 1] from black to white.
///
/// A picture has D = side·side·channels values: the value of channel c of the pixel in row y, column x is number
/// (y·side + x)·channels + c.
///
/// It derives neither `Debug` nor `Serialize` on purpose: pictures stay where they were given.
#[derive(Clone)]
pub struct Pictures {
    side: usize,
    channels: usize,
    values: Vec<f32>,
    /// A hash of each picture's values, by which copies are looked for.
    hashes: Vec<u64>,
}

impl Pictures {
    /// Makes an empty set of pictures with 1 channel (grey) or 3 (red, green, blue).
    ///
    /// # Errors
    /// [`Error::Side`] for a side of 0 or above [`limits::MAX_SIDE`], [`Error::Parameter`] for other channels.
    pub fn new(side: usize, channels: usize) -> Result<Self, Error> {
        if !(1..=limits::MAX_SIDE).contains(&side) {
            return Err(Error::Side { side });
        }
        if channels != 1 && channels != 3 {
            return Err(Error::Parameter { what: "the number of channels", allowed: "1 or 3" });
        }
        Ok(Self { side, channels, values: Vec::new(), hashes: Vec::new() })
    }

    /// Pixels in a row.
    pub fn side(&self) -> usize {
        self.side
    }

    /// 1 for grey, 3 for colour.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// D, the values of one picture.
    pub fn dimension(&self) -> usize {
        self.side * self.side * self.channels
    }

    /// N, the number of pictures.
    pub fn len(&self) -> usize {
        self.values.len() / self.dimension()
    }

    /// Whether there is no picture.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All values, N×D row-major.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Adds a picture of D values, clipped to [−1, 1]; what is not a number counts as 0, the middle grey.
    ///
    /// # Errors
    /// [`Error::PictureSize`], [`Error::TooManyPictures`].
    pub fn push(&mut self, picture: &[f32]) -> Result<(), Error> {
        self.check(picture.len(), self.dimension())?;
        let clipped = picture.iter().map(|v| if v.is_nan() { 0.0 } else { v.clamp(-1.0, 1.0) });
        self.values.extend(clipped);
        self.note_last();
        Ok(())
    }

    /// Adds a picture of side·side pixels of red, green, blue and opacity, laid over white; in a grey set as its luma
    /// (ITU-R BT.709 weights).
    ///
    /// # Errors
    /// [`Error::PictureSize`] where `rgba` is not 4·side·side bytes, [`Error::TooManyPictures`].
    pub fn push_rgba(&mut self, rgba: &[u8]) -> Result<(), Error> {
        self.check(rgba.len(), 4 * self.side * self.side)?;
        for pixel in rgba.as_chunks::<4>().0 {
            let [red, green, blue, opacity] = pixel.map(f32::from);
            let over_white =
                |c: f32| (opacity * c + (255.0 - opacity) * 255.0) * (2.0 / (255.0 * 255.0)) - 1.0;
            let colour = [red, green, blue].map(|c| over_white(c).clamp(-1.0, 1.0));
            if self.channels == 1 {
                let [red, green, blue] = colour;
                self.values.push((0.2126 * red + 0.7152 * green + 0.0722 * blue).clamp(-1.0, 1.0));
            } else {
                self.values.extend(colour);
            }
        }
        self.note_last();
        Ok(())
    }

    /// Adds a picture as [`Pictures::push_rgba`] does, unless the set has the very same already; returns whether it was
    /// new. Copies teach nothing that the first does not, so they count once wherever pictures are counted.
    ///
    /// # Errors
    /// [`Error::PictureSize`], [`Error::TooManyPictures`].
    pub fn push_new_rgba(&mut self, rgba: &[u8]) -> Result<bool, Error> {
        self.push_rgba(rgba)?;
        let last = self.len() - 1;
        let (before, new) = self.values.split_at(last * self.dimension());
        let same = |at: usize| before[at * self.dimension()..][..self.dimension()] == *new;
        let copy = (0..last).any(|at| self.hashes[at] == self.hashes[last] && same(at));
        if copy {
            self.values.truncate(last * self.dimension());
            self.hashes.truncate(last);
        }
        Ok(!copy)
    }

    /// Drops all pictures.
    pub fn clear(&mut self) {
        self.values = Vec::new();
        self.hashes = Vec::new();
    }

    /// Hashes the picture that was added.
    fn note_last(&mut self) {
        let mut hasher = DefaultHasher::new();
        for value in &self.values[self.values.len() - self.dimension()..] {
            hasher.write_u32(value.to_bits());
        }
        self.hashes.push(hasher.finish());
    }

    fn check(&self, found: usize, expected: usize) -> Result<(), Error> {
        if found != expected {
            return Err(Error::PictureSize { expected, found });
        }
        if self.len() >= limits::MAX_PICTURES {
            return Err(Error::TooManyPictures);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lays_pixels_over_white() {
        let mut pictures = Pictures::new(2, 3).unwrap();
        let rgba = [255, 0, 0, 255, 0, 0, 0, 0, 0, 255, 255, 128, 128, 128, 128, 255];
        pictures.push_rgba(&rgba).unwrap();
        let half = (127.0 * 2.0 / 255.0) - 1.0;
        let grey = 128.0 * 2.0 / 255.0 - 1.0;
        let expected = [1.0, -1.0, -1.0, 1.0, 1.0, 1.0, half, 1.0, 1.0, grey, grey, grey];
        for (found, expected) in pictures.values().iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert_eq!((pictures.len(), pictures.dimension()), (1, 12));
    }

    #[test]
    fn takes_the_luma_for_a_grey_set() {
        let mut pictures = Pictures::new(1, 1).unwrap();
        pictures.push_rgba(&[0, 255, 0, 255]).unwrap();
        pictures.push_rgba(&[255, 255, 255, 255]).unwrap();
        assert!((pictures.values()[0] - (2.0 * 0.7152 - 1.0)).abs() < 1e-6);
        assert!((pictures.values()[1] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn copies_count_once_and_near_ones_do_not() {
        let mut pictures = Pictures::new(2, 3).unwrap();
        let first = [7; 16];
        for number in 0..16 {
            assert_eq!(pictures.push_new_rgba(&first).unwrap(), number == 0);
        }
        assert_eq!(pictures.len(), 1);
        let before = pictures.values().to_vec();
        for number in 0..4 {
            let mut near = first;
            near[number * 4] = 8;
            assert!(pictures.push_new_rgba(&near).unwrap());
            assert!(!pictures.push_new_rgba(&near).unwrap());
        }
        assert_eq!(pictures.len(), 5);
        assert_eq!(pictures.values()[..before.len()], before);
        // What is clear has no colour of its own.
        assert!(pictures.push_new_rgba(&[1, 2, 3, 0].repeat(4)).unwrap());
        assert!(!pictures.push_new_rgba(&[9, 9, 9, 0].repeat(4)).unwrap());
        pictures.clear();
        assert!(pictures.push_new_rgba(&first).unwrap());
    }

    #[test]
    fn clips_and_refuses() {
        let mut pictures = Pictures::new(2, 1).unwrap();
        pictures.push(&[f32::NAN, f32::INFINITY, -7.0, 0.5]).unwrap();
        assert_eq!(pictures.values(), [0.0, 1.0, -1.0, 0.5]);
        assert!(matches!(pictures.push(&[0.0; 3]), Err(Error::PictureSize { expected: 4, found: 3 })));
        assert!(matches!(pictures.push_rgba(&[0; 15]), Err(Error::PictureSize { expected: 16, found: 15 })));
        assert!(Pictures::new(0, 3).is_err());
        assert!(Pictures::new(limits::MAX_SIDE + 1, 3).is_err());
        assert!(Pictures::new(32, 4).is_err());
    }

    #[test]
    fn is_bounded() {
        let mut pictures = Pictures::new(1, 1).unwrap();
        for _ in 0..limits::MAX_PICTURES {
            pictures.push(&[0.0]).unwrap();
        }
        assert!(matches!(pictures.push(&[0.0]), Err(Error::TooManyPictures)));
        pictures.clear();
        assert!(pictures.is_empty());
        pictures.push(&[0.0]).unwrap();
    }
}
