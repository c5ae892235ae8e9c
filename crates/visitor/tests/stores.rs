//! What earlier versions stored on visitors' devices, one folder of `tests/stores` each: it is opened, or shown as older
//! and kept. Whoever changes what is stored adds a folder that the new version writes, and leaves the others as they are:
//! `ABRAHAM_WRITE_STORE=name` writes what this version stores.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use abraham_artist::Architecture;
use abraham_learning::{
    CandleKernelSums, Curation, Pictures, Schedule,
    studio::{Entropy, Studio, StudioConfig},
};
use abraham_messages::Latent;
use abraham_provenance::{Signer, file};
use abraham_ring::CpuBackend;
use abraham_visitor::{Key, MemoryStore, PieceId, Saves, Shelf, Storage, Store as _};
use pollster::block_on;

/// Names the folder that what this version stores is written to.
const WRITE: &str = "ABRAHAM_WRITE_STORE";
/// Pixels a side of the pictures that the stored artists paint.
const SIDE: usize = 4;
/// Pictures that are stored beside each.
const PICTURES: u32 = 20;

fn config() -> StudioConfig {
    let architecture = Architecture::new(4, &[6, 5], SIDE, 3).unwrap();
    StudioConfig { architecture, batch: 8, inner: 1, schedule: Schedule::open_ended(1000) }
}

fn entropy() -> Entropy {
    Entropy::new([[1; 32], [2; 32], [3; 32], [4; 32]], [5; 32])
}

fn stores() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/stores")
}

/// All files below `folder`, by their paths from it.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut queue = vec![folder.to_owned()];
    while let Some(path) = queue.pop() {
        if path.is_dir() {
            queue.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let name = path.strip_prefix(folder).unwrap().components();
            let name: Vec<_> = name.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
            found.push((name.join("/"), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// The tensors of a checkpoint with their types and shapes, and the names of what it says of itself; of other files nothing.
fn fields(bytes: &[u8]) -> Vec<String> {
    let header = || -> Option<serde_json::Map<String, serde_json::Value>> {
        let (length, rest) = bytes.split_first_chunk()?;
        serde_json::from_slice(rest.get(..u64::from_le_bytes(*length).try_into().ok()?)?).ok()
    };
    let mut fields = Vec::new();
    for (name, value) in header().unwrap_or_default() {
        match value.as_object() {
            Some(said) if name == "__metadata__" => fields.extend(said.keys().cloned()),
            _ => fields.push(format!("{name}: {value}")),
        }
    }
    fields.sort();
    fields
}

fn pictures(tiles: &[u8]) -> Pictures {
    let mut pictures = Pictures::new(SIDE, 3).unwrap();
    for tile in tiles.chunks_exact(4 * SIDE * SIDE) {
        pictures.push_new_rgba(tile).unwrap();
    }
    pictures
}

fn restore(saves: &Saves) -> Studio<CpuBackend> {
    let files = saves.whole[0].each_ref().map(Vec::as_slice);
    Studio::restore(config(), [CpuBackend; 4], entropy(), files).unwrap()
}

/// Rounds of the artist in the folder of this name, and whether its piece has a signed record.
fn expected(name: &str) -> (u64, bool) {
    match name {
        // Records without signatures lay beside the pictures.
        "2026-11-30-records-beside" => (2, false),
        "2026-12-01-signed-pieces" => (2, true),
        name => panic!("say here what {name} holds"),
    }
}

#[test]
fn what_earlier_versions_stored_is_opened_or_shown_as_older_and_kept() {
    if env::var_os(WRITE).is_some() {
        return;
    }
    let mut opened = 0;
    for folder in fs::read_dir(stores()).unwrap().map(|entry| entry.unwrap().path()) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let (rounds, signed) = expected(&name);
        let store = MemoryStore::default();
        for (path, bytes) in files(&folder) {
            let key = Key::from_path(&path);
            assert!(!matches!(key, Key::Other(_)), "{name}: {path} is not known any more");
            block_on(store.write(&key, &bytes)).unwrap();
        }
        let storage = Storage::new(&store);

        let saves = block_on(storage.saves()).unwrap();
        assert_eq!((saves.whole.len(), saves.incomplete), (2, false), "{name}");
        let mut studio = restore(&saves);
        assert_eq!(studio.round_number(), rounds, "{name}");
        let artist = studio.genesis_id();

        let shelf = Shelf::new(SIDE);
        let tiles = block_on(shelf.taken(Ok(&store), usize::MAX)).unwrap();
        assert_eq!(tiles.len(), PICTURES as usize * shelf.tile_bytes(), "{name}");

        let kept = block_on(storage.pieces()).unwrap();
        assert_eq!(kept.len(), 1, "{name}");
        match (file::open(&kept[0].png), signed) {
            (Ok(opened), true) => assert_eq!(opened.piece.artist, artist, "{name}"),
            (Err(abraham_provenance::Error::NoRecord), false) => {}
            (Ok(_), false) => panic!("{name}: nobody signed it"),
            (Err(error), _) => panic!("{name}: {error}"),
        }

        // It goes on from there, and what it then saves is opened again, as the same artist.
        let taught = pictures(&tiles);
        block_on(studio.learn(&[&taught], &CandleKernelSums, &Curation::default())).unwrap();
        block_on(storage.save(&studio.checkpoint().unwrap())).unwrap();
        let again = restore(&block_on(storage.saves()).unwrap());
        assert_eq!((again.round_number(), again.genesis_id()), (rounds + 1, artist), "{name}");

        // Nothing is left of what the visitor has deleted.
        block_on(storage.delete_artist()).unwrap();
        block_on(shelf.clear(Ok(&store))).unwrap();
        block_on(storage.delete_piece(kept[0].id.clone())).unwrap();
        assert!(block_on(store.list()).unwrap().is_empty(), "{name}");
        opened += 1;
    }
    assert!(opened >= 2, "{opened} stores");
}

#[test]
fn the_newest_store_is_as_this_version_writes_it() {
    let store = MemoryStore::default();
    let storage = Storage::new(&store);
    let tiles: Vec<u8> = (0..PICTURES * (SIDE * SIDE) as u32)
        .flat_map(|n| {
            let (tile, pixel) = (n / 16, n % 16);
            let value = ((pixel * 31 + tile * 77) % 256) as u8;
            [value, 255 - value, (tile * 12) as u8, 255]
        })
        .collect();
    block_on(Shelf::new(SIDE).put(&store, &tiles)).unwrap();
    let taught = pictures(&tiles);
    let mut studio = block_on(Studio::genesis(config(), [CpuBackend; 4], entropy())).unwrap();
    for _ in 0..2 {
        block_on(studio.learn(&[&taught], &CandleKernelSums, &Curation::default())).unwrap();
        block_on(storage.save(&studio.checkpoint().unwrap())).unwrap();
    }
    let signer = Signer::new(&[9; 32]).unwrap();
    let (piece, _) = block_on(studio.paint(Latent([7; 32]), &signer)).unwrap();
    let png = file::write(&piece, SIDE as u32).unwrap();
    block_on(storage.keep_piece(PieceId::new("1764550000000-0123456789ab").unwrap(), &png)).unwrap();

    let mut written = Vec::new();
    for key in block_on(store.list()).unwrap() {
        written.push((key.path(), block_on(store.read(&key, usize::MAX)).unwrap().unwrap()));
    }
    written.sort();
    if let Some(name) = env::var_os(WRITE) {
        assert!(!stores().join(&name).exists(), "that folder is there, and is never changed");
        for (path, bytes) in &written {
            let path = stores().join(&name).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        return;
    }
    let newest = fs::read_dir(stores()).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
    // What a teacher computes in floating point differs from processor to processor; names and formats do not.
    let forms = |files: Vec<(String, Vec<u8>)>| -> Vec<_> {
        files.into_iter().map(|(path, bytes)| (path, fields(&bytes))).collect()
    };
    assert_eq!(
        forms(files(&newest)),
        forms(written),
        "this version stores something else than {}: keep that folder, and add one of this version",
        newest.display()
    );
}
