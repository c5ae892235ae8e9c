//! The demo set: pictures that a visitor without pictures at hand can teach.

use std::{
    fs,
    io::{BufWriter, Write as _},
    path::Path,
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::shell;

const PACKAGE: &str = "emoji-datasource-google@16.0.0";
const SOURCE: &str = "https://www.npmjs.com/package/emoji-datasource-google/v/16.0.0";
/// How many flags the package holds; any other number means that it is not the package we know.
const COUNT: usize = 270;
/// Columns of the sprite sheet; 18 × 15 = 270 leaves no empty tile.
const COLUMNS: usize = 18;
/// Side of a tile in pixels, which is the side of the artist's pictures.
const TILE: usize = 32;
/// Side of the package's pictures in pixels.
const SOURCE_SIDE: usize = 64;

/// What the package's `emoji.json` says about one emoji, as far as it is used here.
#[derive(Deserialize)]
struct Emoji {
    name: String,
    image: String,
    category: String,
    has_img_google: bool,
    sort_order: u32,
}

/// `web/demo/flags.json`: what the page needs to cut the sprite sheet, and where it is from.
#[derive(Serialize)]
struct Sheet {
    sheet: &'static str,
    tile: usize,
    columns: usize,
    rows: usize,
    source: &'static str,
    licence: &'static str,
    licence_text: &'static str,
    names: Vec<String>,
}

/// One flag: its file name in the package without extension, its name, and TILE×TILE RGB bytes.
struct Flag {
    file: String,
    name: String,
    rgb: Vec<u8>,
}

/// Downloads the package, writes the sprite sheet with its description and licence into
/// `web/demo`, and each flag by itself into `images` when that is given.
pub(crate) fn run(images: Option<&Path>) -> Result<()> {
    let demo = shell::root().join("web/demo");
    let download = shell::root().join("target/demo-set");
    fs::create_dir_all(&demo).with_context(|| format!("could not make {}", demo.display()))?;
    fs::create_dir_all(&download).with_context(|| format!("could not make {}", download.display()))?;

    println!("Downloading {PACKAGE} with npm (71 MB) into {}", download.display());
    let archive =
        shell::output(Command::new("npm").args(["pack", "--silent", PACKAGE]).current_dir(&download))?;
    shell::run(Command::new("tar").args(["-xzf", archive.trim()]).current_dir(&download))?;
    let flags = read_flags(&download.join("package"))?;

    let (columns, rows) = (COLUMNS, COUNT.div_ceil(COLUMNS));
    let width = columns * TILE;
    let mut sheet = vec![255; width * rows * TILE * 3];
    for (index, flag) in flags.iter().enumerate() {
        let (left, top) = (index % columns * TILE, index / columns * TILE);
        for (line, pixels) in flag.rgb.chunks_exact(TILE * 3).enumerate() {
            let start = ((top + line) * width + left) * 3;
            sheet[start..start + TILE * 3].copy_from_slice(pixels);
        }
    }
    write_png(&demo.join("flags.png"), width, rows * TILE, &sheet)?;
    let description = Sheet {
        sheet: "flags.png",
        tile: TILE,
        columns,
        rows,
        source: SOURCE,
        licence: "Apache-2.0",
        licence_text: "LICENSE-flags.txt",
        names: flags.iter().map(|flag| flag.name.clone()).collect(),
    };
    fs::write(demo.join("flags.json"), serde_json::to_string(&description)? + "\n")?;
    fs::write(demo.join("LICENSE-flags.txt"), include_str!("../LICENSE-flags.txt"))?;
    println!("Wrote {COUNT} flags to {}", demo.display());

    if let Some(folder) = images {
        fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
        for flag in &flags {
            write_png(&folder.join(format!("{}.png", flag.file)), TILE, TILE, &flag.rgb)?;
        }
        println!("Wrote each flag to {}", folder.display());
    }
    Ok(())
}

/// The flags of the unpacked package in the emoji standard's own order.
fn read_flags(package: &Path) -> Result<Vec<Flag>> {
    let list = fs::read(package.join("emoji.json")).context("the package has no emoji.json")?;
    let mut emoji: Vec<Emoji> =
        serde_json::from_slice(&list).context("emoji.json is not what it was in 16.0.0")?;
    emoji.retain(|entry| entry.category == "Flags" && entry.has_img_google);
    emoji.sort_by_key(|entry| entry.sort_order);
    ensure!(emoji.len() == COUNT, "expected {COUNT} flags, found {}", emoji.len());
    emoji
        .into_iter()
        .map(|entry| {
            let path = package.join("img/google/64").join(&entry.image);
            let rgb = read_flag(&path).with_context(|| format!("could not use {}", path.display()))?;
            let file = entry.image.trim_end_matches(".png").to_owned();
            Ok(Flag { file, name: entry.name, rgb })
        })
        .collect()
}

/// Reads one SOURCE_SIDE² picture, lays it over white and averages each 2×2 block of pixels.
fn read_flag(path: &Path) -> Result<Vec<u8>> {
    let mut decoder = png::Decoder::new(std::io::BufReader::new(fs::File::open(path)?));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info()?;
    let size = reader.output_buffer_size().context("the picture is too large")?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels)?;
    ensure!(
        (frame.width as usize, frame.height as usize) == (SOURCE_SIDE, SOURCE_SIDE),
        "expected {SOURCE_SIDE}×{SOURCE_SIDE}, found {}×{}",
        frame.width,
        frame.height
    );
    // The picture has an alpha channel from here on; what precedes it is one grey or three colours.
    let channels = frame.color_type.samples();

    let factor = SOURCE_SIDE / TILE;
    let samples = factor * factor;
    let mut rgb = Vec::with_capacity(TILE * TILE * 3);
    for y in 0..TILE {
        for x in 0..TILE {
            for channel in 0..3 {
                let mut sum = 0;
                for dy in 0..factor {
                    for dx in 0..factor {
                        let pixel = (y * factor + dy) * SOURCE_SIDE + x * factor + dx;
                        let samples = &pixels[pixel * channels..][..channels];
                        let colour = u32::from(samples[channel.min(channels - 2)]);
                        let alpha = u32::from(samples[channels - 1]);
                        // In 255ths of a level, so that rounding happens once, at the end.
                        sum += colour * alpha + 255 * (255 - alpha);
                    }
                }
                let whole = 255 * samples as u32;
                rgb.push(((sum + whole / 2) / whole) as u8);
            }
        }
    }
    Ok(rgb)
}

/// Writes `rgb` (height × width × 3 bytes) as a PNG, compressed as far as the encoder goes.
fn write_png(path: &Path, width: usize, height: usize, rgb: &[u8]) -> Result<()> {
    let file = fs::File::create(path).with_context(|| format!("could not write {}", path.display()))?;
    let mut output = BufWriter::new(file);
    let mut encoder = png::Encoder::new(&mut output, u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    writer.finish()?;
    output.flush()?;
    Ok(())
}
