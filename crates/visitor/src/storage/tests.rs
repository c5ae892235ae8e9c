use pollster::block_on;

use super::*;
use crate::MemoryStore;

/// Four checkpoints of so many bytes, all `value`.
fn checkpoints(value: u8, bytes: usize) -> [Vec<u8>; 4] {
    std::array::from_fn(|_| vec![value; bytes])
}

fn checkpoint(slot: Slot, painter: usize) -> Key {
    Key::Checkpoint { slot, painter: PainterId::ALL[painter] }
}

fn piece(number: usize) -> PieceId {
    PieceId::new(&format!("{number:013}-00")).unwrap()
}

/// A storage over a store that the test looks into.
fn over(store: &MemoryStore) -> Storage<&MemoryStore> {
    Storage::new(store)
}

#[test]
fn the_newest_save_comes_first_and_the_one_before_it_next() {
    let store = MemoryStore::default();
    block_on(async {
        let storage = over(&store);
        assert!(storage.saves().await.unwrap().whole.is_empty());
        for value in 1..=5 {
            storage.save(&checkpoints(value, 3)).await.unwrap();
            let saves = storage.saves().await.unwrap();
            let expected: Vec<_> =
                [value, value - 1].into_iter().filter(|v| *v > 0).map(|v| checkpoints(v, 3)).collect();
            assert_eq!(saves.whole, expected);
            assert!(!saves.incomplete);
        }
    });
}

#[test]
fn a_save_that_finds_no_room_leaves_the_last_good_one() {
    let store = MemoryStore::with_room(130);
    block_on(async {
        let storage = over(&store);
        storage.save(&checkpoints(1, 10)).await.unwrap();
        for value in 2..4 {
            assert!(matches!(storage.save(&checkpoints(value, 30)).await, Err(Error::StorageFull)));
            let saves = storage.saves().await.unwrap();
            assert_eq!(saves.whole, [checkpoints(1, 10)]);
            assert!(!saves.incomplete);
        }
    });
}

#[test]
fn a_save_that_lacks_a_file_is_said_and_the_one_before_it_found() {
    let store = MemoryStore::default();
    block_on(async {
        let storage = over(&store);
        storage.save(&checkpoints(1, 3)).await.unwrap();
        storage.save(&checkpoints(2, 3)).await.unwrap();
        store.delete(&checkpoint(Slot::B, 2)).await.unwrap();
        let saves = storage.saves().await.unwrap();
        assert_eq!(saves.whole, [checkpoints(1, 3)]);
        assert!(saves.incomplete);

        // Where the first save ever was cut off, there is no save that lacks anything.
        store.delete(&Key::Current).await.unwrap();
        store.delete(&checkpoint(Slot::A, 0)).await.unwrap();
        let saves = storage.saves().await.unwrap();
        assert!(saves.whole.is_empty() && !saves.incomplete);

        // A damaged `current` says that there was one.
        store.write(&Key::Current, b"studio-anything").await.unwrap();
        assert!(storage.saves().await.unwrap().incomplete);
    });
}

#[test]
fn a_file_that_no_checkpoint_can_be_is_missing() {
    let store = MemoryStore::default();
    block_on(async {
        let storage = over(&store);
        storage.save(&checkpoints(1, 3)).await.unwrap();
        store.write(&checkpoint(Slot::A, 1), &vec![0; MAX_CHECKPOINT_BYTES + 1]).await.unwrap();
        let saves = storage.saves().await.unwrap();
        assert!(saves.whole.is_empty() && saves.incomplete);
    });
}

#[test]
fn the_latest_thousand_pieces_are_shown_however_many_there_are() {
    let store = MemoryStore::default();
    block_on(async {
        let storage = over(&store);
        for number in 0..MAX_LISTED_PIECES + 2 {
            storage.keep_piece(piece(number), &[number as u8]).await.unwrap();
        }
        let kept = storage.pieces().await.unwrap();
        assert_eq!(kept.len(), MAX_LISTED_PIECES);
        assert_eq!((&kept[0].id, &kept[0].png[..]), (&piece(1001), &[1001_usize as u8][..]));
        assert_eq!(kept.last().unwrap().id, piece(2));
    });
}

#[test]
fn a_deleted_piece_is_gone_with_what_lay_beside_it() {
    let store = MemoryStore::default();
    block_on(async {
        let storage = over(&store);
        storage.keep_piece(piece(1), b"one").await.unwrap();
        storage.keep_piece(piece(2), b"two").await.unwrap();
        store.write(&Key::PieceRecord(piece(1)), b"{}").await.unwrap();
        storage.delete_piece(piece(1)).await.unwrap();
        assert_eq!(store.list().await.unwrap(), [Key::Piece(piece(2))]);
    });
}

#[test]
fn a_piece_that_finds_no_room_leaves_nothing() {
    let store = MemoryStore::with_room(10);
    block_on(async {
        assert!(matches!(over(&store).keep_piece(piece(1), &[0; 11]).await, Err(Error::StorageFull)));
        assert!(store.list().await.unwrap().is_empty());
    });
}

#[test]
fn nothing_but_pieces_and_pictures_outlives_the_artist_whoever_wrote_it() {
    let store = MemoryStore::default();
    block_on(async {
        let storage = over(&store);
        storage.save(&checkpoints(1, 3)).await.unwrap();
        storage.save(&checkpoints(2, 3)).await.unwrap();
        for left in ["abraham/studio-painter-0.safetensors", "abraham/deeper/left", "left"] {
            store.write(&Key::from_path(left), b"by another version").await.unwrap();
        }
        let outlives = [Key::Piece(piece(1)), Key::PieceRecord(piece(1)), Key::Pictures { side: 32 }];
        for key in &outlives {
            store.write(key, b"kept").await.unwrap();
        }
        storage.delete_artist().await.unwrap();
        assert_eq!(store.list().await.unwrap(), outlives);
    });
}
