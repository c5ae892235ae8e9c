//! Pictures to teach, good and bad.

use std::{
    fs,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Result;
use image::{Frame, Rgba, RgbaImage, codecs::gif::GifEncoder};

/// Files in a folder of the test's own.
pub struct Pictures {
    folder: PathBuf,
}

impl Pictures {
    /// Makes the folder `name` inside `parent`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(parent: &Path, name: &str) -> Result<Self> {
        let folder = parent.join(name);
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The colour of a stripe, 0 to 2, of the flag `index`.
    #[must_use]
    pub fn flag_colour(index: usize, stripe: usize) -> [u8; 3] {
        let seed = index * 3 + stripe;
        [seed * 83 % 256, seed * 151 % 256, seed * 211 % 256].map(|level| level as u8)
    }

    /// `count` flags that do not exist, 48×32, each of three stripes of its own colours.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn flags(&self, count: usize) -> Result<Vec<PathBuf>> {
        (0..count)
            .map(|index| {
                let stripe = |x: usize| Self::flag_colour(index, x / 16);
                let rgb: Vec<u8> = (0..32).flat_map(|_| (0..48).flat_map(stripe)).collect();
                let path = self.folder.join(format!("flag-{index:03}.png"));
                write_png(&path, 48, 32, png::ColorType::Rgb, &rgb)?;
                Ok(path)
            })
            .collect()
    }

    /// A file with these bytes.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn file(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.folder.join(name);
        fs::write(&path, bytes)?;
        Ok(path)
    }

    /// A PNG that is red on the left and transparent on the right.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn half_transparent(&self) -> Result<PathBuf> {
        let rgba: Vec<u8> = (0..32)
            .flat_map(|_| (0..32).flat_map(|x| if x < 16 { [255, 0, 0, 255] } else { [0, 0, 0, 0] }))
            .collect();
        let path = self.folder.join("transparent.png");
        write_png(&path, 32, 32, png::ColorType::Rgba, &rgba)?;
        Ok(path)
    }

    /// A PNG of 10,000 × 10,000 pixels: little in the file, 400 MB when decoded.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn hundred_megapixels(&self) -> Result<PathBuf> {
        const SIDE: u32 = 10_000;
        let path = self.folder.join("huge.png");
        let mut output = BufWriter::new(fs::File::create(&path)?);
        let mut encoder = png::Encoder::new(&mut output, SIDE, SIDE);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&vec![0b1010_1010; (SIDE as usize).div_ceil(8) * SIDE as usize])?;
        writer.finish()?;
        output.flush()?;
        Ok(path)
    }

    /// A PNG whose picture data is damaged in the middle.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn corrupt(&self) -> Result<PathBuf> {
        let path = self.folder.join("corrupt.png");
        write_noise(&path, 64)?;
        let mut bytes = fs::read(&path)?;
        let middle = bytes.len() / 2;
        bytes.truncate(middle);
        bytes[middle - 64..].fill(0);
        fs::write(&path, bytes)?;
        Ok(path)
    }

    /// An animated GIF of two frames, 40×40, the first red and the second blue.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn animated_gif(&self) -> Result<PathBuf> {
        let path = self.folder.join("animated.gif");
        let mut encoder = GifEncoder::new(fs::File::create(&path)?);
        for colour in [[255, 0, 0, 255], [0, 0, 255, 255]] {
            encoder.encode_frame(Frame::new(RgbaImage::from_pixel(40, 40, Rgba(colour))))?;
        }
        drop(encoder);
        Ok(path)
    }
}

/// Writes a PNG of `side` × `side` pixels that no encoder can shrink.
///
/// # Errors
/// When it cannot be written.
pub fn write_noise(path: &Path, side: u32) -> Result<()> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    let rgb: Vec<u8> = (0..side * side * 3).map(|_| noise()).collect();
    write_png(path, side, side, png::ColorType::Rgb, &rgb)
}

fn write_png(path: &Path, width: u32, height: u32, color: png::ColorType, pixels: &[u8]) -> Result<()> {
    let mut output = BufWriter::new(fs::File::create(path)?);
    let mut encoder = png::Encoder::new(&mut output, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    output.flush()?;
    Ok(())
}
