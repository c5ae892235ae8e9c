//! What visitors bring: each file of `tests/cases`, and what becomes of it.
//!
//! The colours are those that Chromium 156 showed: `tests/cases/shown.html`, opened in a browser, says them of any
//! files. They may differ by 3 of 255.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use abraham_pictures::{Foreign, Frame, Refusal, Reservation, cut, decode};

const SIDE: usize = 32;
/// How far a colour may be from what a browser shows.
const WITHIN: u8 = 3;

type Colour = [u8; 3];

const RED: Colour = [220, 20, 20];
const GREEN: Colour = [20, 160, 20];
const BLUE: Colour = [20, 20, 220];
const YELLOW: Colour = [230, 210, 20];
const WHITE: Colour = [255; 3];
const BLACK: Colour = [0; 3];
/// The four fields from the upper left, row by row.
const PLAIN: [Colour; 4] = [RED, GREEN, BLUE, YELLOW];
const GREY: [Colour; 4] = [[80; 3], [102; 3], [43; 3], [194; 3]];
/// Red and blue exchanged by a profile whose curve differs a little from that of sRGB.
const SWAPPED: [Colour; 4] = [[12, 12, 221], [12, 161, 11], [221, 12, 13], [12, 211, 230]];
const WIDE: [Colour; 4] = [[242, 0, 0], [0, 164, 0], [13, 12, 230], [235, 210, 0]];
const GAMMA: [Colour; 4] = [[239, 79, 79], [79, 208, 79], [79, 79, 239], [244, 234, 79]];
const INVERTED_INKS: [Colour; 4] = [[186, 0, 226], [255, 169, 178], [106, 255, 255], [176, 0, 0]];
const PALE: [Colour; 4] = [[237, 137, 137], [137, 207, 137], [137, 137, 237], [242, 232, 137]];

const TAUGHT: [(&str, [Colour; 4]); 68] = [
    ("colours/alpha-profile.png", WIDE),
    ("colours/cmyk-without-adobe.jpg", PLAIN),
    ("colours/code-points.png", [[240, 0, 0], [0, 163, 0], [20, 20, 229], [234, 209, 0]]),
    ("colours/gamma-and-places.png", WIDE),
    ("colours/gamma-of-srgb.png", PLAIN),
    ("colours/gamma.png", GAMMA),
    ("colours/grey-alpha.png", GREY),
    ("colours/grey-profile-for-rgb.png", [[79; 3], [102; 3], [39; 3], [195; 3]]),
    ("colours/grey-profile.jpg", [[152; 3], [170; 3], [114; 3], [226; 3]]),
    ("colours/grey-profile.png", [[152; 3], [170; 3], [114; 3], [226; 3]]),
    ("colours/half-transparent.webp", PALE),
    ("colours/profile.webp", WIDE),
    ("colours/rgb.jpg", PLAIN),
    ("colours/srgb-and-gamma.png", PLAIN),
    ("colours/ycck-profile.jpg", [[207, 52, 134], [255, 189, 160], [117, 210, 251], [199, 46, 0]]),
    ("colours/ycck.jpg", INVERTED_INKS),
    // Its darkest channel is 4 from the 38 that Chromium shows: the two libraries differ most where inks are nearly
    // pure.
    ("colours/cmyk-profile.jpg", [[221, 65, 0], [124, 128, 62], [124, 69, 156], [242, 200, 36]]),
    ("copies/copy-00.png", PLAIN),
    ("gif/2000-frames.gif", PLAIN),
    ("gif/first-frame-clear.gif", PLAIN),
    ("gif/plain.gif", PLAIN),
    ("jpeg/app1-odd-length.jpg", PLAIN),
    ("jpeg/cmyk.jpg", PLAIN),
    ("jpeg/fill-bytes.jpg", PLAIN),
    ("jpeg/grey.jpg", GREY),
    ("jpeg/junk-between-segments.jpg", PLAIN),
    ("jpeg/no-end.jpg", PLAIN),
    ("jpeg/no-training-plus.jpg", PLAIN),
    ("jpeg/orientation-1.jpg", PLAIN),
    ("jpeg/orientation-2.jpg", [GREEN, RED, YELLOW, BLUE]),
    ("jpeg/orientation-3.jpg", [YELLOW, BLUE, GREEN, RED]),
    ("jpeg/orientation-4.jpg", [BLUE, YELLOW, RED, GREEN]),
    ("jpeg/orientation-6.jpg", [BLUE, RED, YELLOW, GREEN]),
    ("jpeg/orientation-8.jpg", [GREEN, YELLOW, RED, BLUE]),
    // 9 is no orientation.
    ("jpeg/orientation-9.jpg", PLAIN),
    ("jpeg/plain.jpg", PLAIN),
    ("jpeg/progressive.jpg", PLAIN),
    ("jpeg/swapped-profile.jpg", SWAPPED),
    ("near/near-15.png", PLAIN),
    ("other/jpeg-without-ending", PLAIN),
    ("other/png-named.jpg", PLAIN),
    ("png/70000-wide.png", [BLACK; 4]),
    ("png/animated-first-frame-clear.png", PLAIN),
    ("png/exif-orientation-6.png", [BLUE, RED, YELLOW, GREEN]),
    ("png/grey.png", GREY),
    ("png/half-transparent.png", PALE),
    ("png/interlaced.png", PLAIN),
    ("png/no-training-c2pa.png", PLAIN),
    ("png/one-bit.png", [BLACK; 4]),
    ("png/palette-transparent.png", [WHITE, GREEN, BLUE, YELLOW]),
    ("png/plain.png", PLAIN),
    ("png/sixteen-bits.png", PLAIN),
    ("png/swapped-profile.png", SWAPPED),
    ("png/text-bomb.png", PLAIN),
    ("png/thousands-of-texts.png", PLAIN),
    ("png/twelve-of-sixteen-bits.png", PLAIN),
    ("png/wide-profile.png", WIDE),
    // Browsers pass over what its EXIF says.
    ("webp/exif-orientation-6.webp", PLAIN),
    // Browsers show its first frame, which is clear.
    ("webp/first-frame-clear.webp", PLAIN),
    ("webp/lossy.webp", PLAIN),
    ("webp/moving.webp", PLAIN),
    ("webp/plain.webp", PLAIN),
    ("copies/copy-15.png", PLAIN),
    ("near/near-00.png", PLAIN),
    ("near/near-01.png", PLAIN),
    ("near/near-07.png", PLAIN),
    ("near/near-08.png", PLAIN),
    ("near/near-14.png", PLAIN),
];

const LEFT_OUT: [(&str, Refusal); 24] = [
    ("gif/frame-20000-on-1x1.gif", Refusal::TooLarge { megapixels: 400 }),
    ("gif/no-frame.gif", Refusal::Damaged),
    ("gif/screen-20000.gif", Refusal::TooLarge { megapixels: 400 }),
    ("jpeg/65500-square.jpg", Refusal::TooLarge { megapixels: 4291 }),
    ("jpeg/half.jpg", Refusal::EndsTooSoon),
    ("jpeg/header-only.jpg", Refusal::Damaged),
    ("jpeg/many-scans.jpg", Refusal::TooManyScans),
    ("jpeg/twelve-bits.jpg", Refusal::Damaged),
    ("other/header.jxl", Refusal::Foreign(Foreign::Jxl)),
    ("other/heic-as-jpg.jpg", Refusal::Foreign(Foreign::Heic)),
    ("other/heic-header.heic", Refusal::Foreign(Foreign::Heic)),
    ("other/huge.svg", Refusal::Foreign(Foreign::Svg)),
    ("other/movie.mp4", Refusal::Foreign(Foreign::Video)),
    ("other/plain.bmp", Refusal::Foreign(Foreign::Bmp)),
    ("other/plain.tiff", Refusal::Foreign(Foreign::Tiff)),
    ("other/reference.svg", Refusal::Foreign(Foreign::Svg)),
    ("other/script.svg", Refusal::Foreign(Foreign::Svg)),
    ("other/text.png", Refusal::NoPicture),
    ("other/zero.png", Refusal::Empty),
    ("png/100-megapixels.png", Refusal::TooLarge { megapixels: 100 }),
    ("png/all-transparent.png", Refusal::Clear),
    ("png/half.png", Refusal::EndsTooSoon),
    ("png/size-0.png", Refusal::Damaged),
    ("png/wrong-crc-in-header.png", Refusal::Damaged),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases")
}

fn case(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn fields(rgba: &[u8]) -> [Colour; 4] {
    [(8, 8), (24, 8), (8, 24), (24, 24)].map(|(x, y)| {
        let at = (y * SIDE + x) * 4;
        [rgba[at], rgba[at + 1], rgba[at + 2]]
    })
}

#[test]
fn each_file_is_taught_as_a_browser_shows_it() {
    for (name, expected) in TAUGHT {
        let picture = decode(&case(name), SIDE).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!(picture.rgba.len(), SIDE * SIDE * 4);
        assert!(picture.rgba.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 255), "{name}");
        let found = fields(&picture.rgba);
        let far =
            found.as_flattened().iter().zip(expected.as_flattened()).any(|(a, b)| a.abs_diff(*b) > WITHIN);
        assert!(!far, "{name}: {found:?}, and browsers show {expected:?}");
    }
}

#[test]
fn each_file_that_cannot_be_taught_is_left_out_for_its_reason() {
    for (name, expected) in LEFT_OUT {
        assert_eq!(decode(&case(name), SIDE).err(), Some(expected), "{name}");
    }
}

#[test]
fn every_file_of_the_folders_is_in_a_table() {
    let tables = TAUGHT.iter().map(|row| row.0).chain(LEFT_OUT.iter().map(|row| row.0));
    let known: BTreeSet<String> = tables.map(str::to_owned).collect();
    for kind in ["colours", "gif", "jpeg", "other", "png", "webp"] {
        for file in fs::read_dir(folder().join(kind)).unwrap() {
            let name = format!("{kind}/{}", file.unwrap().file_name().into_string().unwrap());
            assert!(known.contains(&name), "{name} is in neither table");
        }
    }
}

#[test]
fn which_frame_was_taken_is_told() {
    for (name, frame) in [
        ("gif/2000-frames.gif", Some(Frame::First)),
        ("gif/first-frame-clear.gif", Some(Frame::Later)),
        ("gif/plain.gif", None),
        ("png/animated-first-frame-clear.png", Some(Frame::Later)),
        ("png/plain.png", None),
        ("webp/first-frame-clear.webp", Some(Frame::Later)),
        ("webp/moving.webp", Some(Frame::First)),
        ("webp/plain.webp", None),
    ] {
        assert_eq!(decode(&case(name), SIDE).unwrap().frame, frame, "{name}");
    }
}

#[test]
fn what_a_file_asks_for_is_told_of_those_that_ask_only() {
    for (name, _) in TAUGHT {
        let expected = match name {
            "jpeg/no-training-plus.jpg" => Some(Reservation::Plus),
            "png/no-training-c2pa.png" => Some(Reservation::C2pa),
            _ => None,
        };
        assert_eq!(decode(&case(name), SIDE).unwrap().reservation, expected, "{name}");
    }
}

#[test]
fn copies_are_one_picture_and_near_ones_are_sixteen() {
    let different = |folder: &str| {
        let tiles = (0..16).map(|i| {
            let name =
                if folder == "copies" { format!("copy-{i:02}.png") } else { format!("near-{i:02}.png") };
            decode(&case(&format!("{folder}/{name}")), SIDE).unwrap().rgba
        });
        tiles.collect::<BTreeSet<_>>().len()
    };
    assert_eq!((different("copies"), different("near")), (1, 16));
}

#[test]
fn no_beginning_of_any_file_does_harm_and_none_is_taught_as_the_whole() {
    for name in [
        "jpeg/plain.jpg",
        "jpeg/progressive.jpg",
        "png/interlaced.png",
        "png/plain.png",
        "gif/plain.gif",
        "webp/lossy.webp",
    ] {
        let whole = case(name);
        let expected = decode(&whole, SIDE).unwrap().rgba;
        for length in 0..whole.len() {
            if let Ok(picture) = decode(&whole[..length], SIDE) {
                // Without its last bytes a file may be taught, if the whole picture came before them.
                let close = picture.rgba.iter().zip(&expected).all(|(a, b)| a.abs_diff(*b) <= 24);
                assert!(close, "{name}: its first {length} bytes are taught as another picture");
            }
        }
    }
}

#[test]
fn a_changed_byte_does_no_harm() {
    // But for long ones and those whose profile takes long to prepare.
    let long = ["thousands", "bomb", "cmyk-profile", "ycck-profile"];
    for (name, _) in TAUGHT.iter().filter(|(name, _)| !long.iter().any(|part| name.contains(part))) {
        let mut file = case(name);
        let step = (file.len() / 150).max(1);
        for at in (0..file.len()).step_by(step) {
            let right = file[at];
            for wrong in [0, 255, right ^ 0x40] {
                file[at] = wrong;
                // Whatever comes of it.
                let _ = decode(&file, SIDE);
            }
            file[at] = right;
        }
    }
}

#[test]
fn the_demo_set_is_cut_into_its_flags() {
    let sheet = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/demo/flags.png")).unwrap();
    let tiles = cut(&sheet, SIDE).unwrap();
    assert_eq!(tiles.len(), 270);
    assert_eq!(tiles.iter().collect::<BTreeSet<_>>().len(), 261, "some territories share a flag");
    assert_eq!(cut(&case("png/70000-wide.png"), SIDE).err(), Some(Refusal::Damaged));
}

#[test]
fn a_long_file_is_refused_unread() {
    let long = vec![0xff; abraham_pictures::MAX_FILE_BYTES + 1];
    assert_eq!(decode(&long, SIDE).err(), Some(Refusal::FileTooLarge));
}
