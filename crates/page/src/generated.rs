//! The scripts' types and sizes, made of those in Rust. What lies in `web/generated` must be what is made here.

use std::{env, fs, path::Path};

use abraham_messages::limits::{
    MAX_PIECE_FILE_BYTES, MIN_PICTURES, MIN_SOLO_PICTURES, MIN_TEACHERS, PAINTERS,
};
use ts_rs::{Config, TS};

use crate::*;

/// Set where the files are to be written, and not only compared.
const WRITE: &str = "ABRAHAM_GENERATE";
const MADE_BY: &str = "Made of crates/page by `cargo xtask generate`: change it there.";

/// A type's declaration, with its documentation before it.
fn declaration<T: TS>(config: &Config) -> String {
    format!("\n{}export {}\n", T::docs().unwrap_or_default(), T::decl(config))
}

/// Comments without lines of their own for their marks, and no blanks at the end of a line.
fn tidied(text: &str) -> String {
    let text = text.replace("/**\n *", "/**").replace("\n */", " */");
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn types() -> String {
    // No number here is too large for a script's own.
    let config = &Config::new().with_large_int("number");
    macro_rules! declarations {
        ($($type:ty),* $(,)?) => { [$(declaration::<$type>(config)),*].concat() };
    }
    let declarations = declarations![
        OpenOptions,
        WebGpu,
        StudioStatus,
        DeviceStatus,
        NoGraphics,
        Round,
        Painting,
        Piece,
        CollectivePiece,
        Checked,
        Verdict,
        PieceRecord,
        PainterSignature,
        NetworkOptions,
        JoinOptions,
        MemberEvent,
        Traffic,
        LinkTraffic,
        Failure,
        Snapshot,
        Connection,
        Role,
        Why,
        Member,
        Backend,
        Waiting,
        WaitsFor,
        Term,
        TermPhase,
        Teacher,
        TeacherState,
        Done,
        EndCause,
    ];
    tidied(&format!("/** What the programs and the page say to each other. {MADE_BY} */\n{declarations}"))
}

fn constants() -> String {
    let constants = [
        ("SIDE", "Width and height of a picture in pixels.", sizes::SIDE),
        ("CHANNELS", "Samples of a pixel: every artist of the page paints in colour.", sizes::CHANNELS),
        ("BATCH", "Pictures that an artist paints a round.", sizes::BATCH),
        ("TILE_BYTES", "Bytes of a picture as RGBA.", sizes::SIDE * sizes::SIDE * 4),
        (
            "UPDATE_BYTES",
            "Bytes that leave with what a tab teaches in one round: its shares for the four painters.",
            sizes::UPDATE_BYTES,
        ),
        ("PAINTERS", "Painters of an artist.", PAINTERS),
        (
            "MIN_SOLO_PICTURES",
            "Fewest pictures that an artist of one's own learns from: with fewer it can only repeat them.",
            MIN_SOLO_PICTURES,
        ),
        (
            "MIN_PICTURES",
            "Fewest pictures, of all teachers together, that a collective learns from.",
            MIN_PICTURES,
        ),
        (
            "MIN_TEACHERS",
            "Fewest teachers of a collective's round, so that no sum is of one visitor's pictures alone.",
            MIN_TEACHERS,
        ),
        (
            "MAX_FILE_BYTES",
            "Bytes of the largest picture file that is read.",
            abraham_pictures::MAX_FILE_BYTES,
        ),
        (
            "MAX_MEGAPIXELS",
            "Millions of pixels of the largest picture that is read.",
            abraham_pictures::MAX_PIXELS as usize / 1_000_000,
        ),
        ("MAX_LESSON_FILES", "Files of one drop that are looked at.", sizes::MAX_LESSON_FILES),
        ("MAX_TAUGHT_PICTURES", "Pictures that one visitor teaches.", sizes::MAX_TAUGHT_PICTURES),
        ("MAX_PIECE_FILE_BYTES", "Bytes of the largest file that may be a piece.", MAX_PIECE_FILE_BYTES),
    ];
    let mut text = format!("/** Sizes that the page's programs and its scripts count on. {MADE_BY} */\n\n");
    for (name, said, value) in constants {
        text += &format!("/** {said} */\nexport const {name} = {value};\n");
    }
    text
}

#[test]
fn what_the_scripts_have_is_what_is_made_here() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/generated");
    for (name, made) in [("page.d.ts", types()), ("sizes.js", constants())] {
        let file = folder.join(name);
        if env::var_os(WRITE).is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, made).unwrap();
            continue;
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        assert!(found == made, "web/generated/{name} is stale; run `cargo xtask generate`");
    }
}

/// The page's HTML is read before any script, so its numbers stand in it; they are these.
#[test]
fn the_page_says_the_sizes_that_are() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/index.html");
    let page = fs::read_to_string(page).unwrap();
    let parameters = sizes::PARAMETERS.to_string();
    let (thousands, rest) = parameters.split_at(parameters.len() - 3);
    assert!(page.contains(&format!("a list of {thousands},{rest} numbers")), "{parameters} parameters");
    let squares = page.matches(&format!("width=\"{0}\" height=\"{0}\"", sizes::SIDE)).count();
    assert_eq!(page.matches("<img ").count(), squares, "each picture is a square of {} pixels", sizes::SIDE);
}
