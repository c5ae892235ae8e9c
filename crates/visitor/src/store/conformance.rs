//! What every [`Store`] does, as cases that run wherever one does: natively, and in a browser's worker.

use abraham_mpc::PainterId;

use super::{Key, PieceId, Slot, Store};
use crate::Error;

/// Calls a macro with the names of all cases, which are functions of [`conformance`](crate::conformance) that take an
/// empty store: `each! { what_is_written_is_read … }`.
#[macro_export]
macro_rules! store_conformance {
    ($each:ident) => {
        $each! {
            an_empty_store_has_nothing
            what_is_written_is_read
            what_is_written_takes_the_place_of_what_was_there
            a_read_is_bounded
            what_is_appended_stands_behind_what_was_there
            an_append_cuts_off_what_followed
            what_is_deleted_is_gone_and_nothing_else
            all_that_lies_there_is_listed
            what_is_cleared_is_empty_and_takes_more
        }
    };
}

/// A key of each kind, in folders of each depth, and what another version left.
fn keys() -> Result<[Key; 6], Error> {
    let id = PieceId::new("0000000000001-00")?;
    Ok([
        Key::Current,
        Key::Checkpoint { slot: Slot::A, painter: PainterId::ALL[3] },
        Key::Piece(id.clone()),
        Key::PieceRecord(id),
        Key::Pictures { side: 32 },
        Key::Other("elsewhere/deeper/still/left".into()),
    ])
}

fn check(is_so: bool, what: &'static str) -> Result<(), Error> {
    if is_so { Ok(()) } else { Err(Error::Nonconforming(what)) }
}

async fn check_holds(store: &impl Store, key: &Key, bytes: &[u8], what: &'static str) -> Result<(), Error> {
    check(store.read(key, usize::MAX).await?.as_deref() == Some(bytes), what)?;
    check(store.length(key).await? == Some(bytes.len() as u64), what)
}

async fn check_lacks(store: &impl Store, key: &Key, what: &'static str) -> Result<(), Error> {
    check(store.read(key, usize::MAX).await?.is_none() && store.length(key).await?.is_none(), what)
}

/// Nothing is found in an empty store, and deleting nothing is no error.
///
/// # Errors
/// [`Error::Nonconforming`], and the store's own.
pub async fn an_empty_store_has_nothing(store: &impl Store) -> Result<(), Error> {
    check(store.list().await?.is_empty(), "an empty store lists nothing")?;
    for key in keys()? {
        check_lacks(store, &key, "an empty store has nothing").await?;
        store.delete(&key).await?;
    }
    store.clear().await
}

/// What is written under each key is there, also when it is empty.
///
/// # Errors
/// [`Error::Nonconforming`], and the store's own.
pub async fn what_is_written_is_read(store: &impl Store) -> Result<(), Error> {
    for (number, key) in keys()?.iter().enumerate() {
        store.write(key, &[number as u8; 3][..number % 4]).await?;
    }
    for (number, key) in keys()?.iter().enumerate() {
        check_holds(store, key, &[number as u8; 3][..number % 4], "each key has its own bytes").await?;
    }
    Ok(())
}

/// Longer, shorter, empty: only the last is there.
///
/// # Errors
/// [`Error::Nonconforming`], and the store's own.
pub async fn what_is_written_takes_the_place_of_what_was_there(store: &impl Store) -> Result<(), Error> {
    let key = Key::Current;
    for bytes in [&b"first"[..], b"longer than before", b"short", b"", b"again"] {
        store.write(&key, bytes).await?;
        check_holds(store, &key, bytes, "a write replaces all that was there").await?;
    }
    Ok(())
}

/// No more is read than was asked for.
///
/// # Errors
/// [`Error::Nonconforming`], and the store's own.
pub async fn a_read_is_bounded(store: &impl Store) -> Result<(), Error> {
    let key = Key::Pictures { side: 32 };
    store.write(&key, b"abcdef").await?;
    for most in [0, 4, 6, 7] {
        let read = store.read(&key, most).await?;
        check(
            read.as_deref() == Some(&b"abcdef"[..most.min(6)]),
            "a read has as many bytes as are asked for",
        )?;
    }
    check(store.length(&key).await? == Some(6), "a bounded read changes nothing")
}

/// The first append makes the file, and others go on where they are told to.
///
/// # Errors
/// [`Error::Nonconforming`], and the store's own.
pub async fn what_is_appended_stands_behind_what_was_there(store: &impl Store) -> Result<(), Error> {
    let key = Key::Pictures { side: 32 };
    store.append(&key, 0, b"ab").await?;
    store.append(&key, 2, b"").await?;
    store.append(&key, 2, b"cd").await?;
    check_holds(store, &key, b"abcd", "appended bytes stand behind those before").await
}

/// Of what lay behind the place nothing is left, however little is put there.
///
/// # Errors
/// [`Error::Nonconforming`], and the store's own.
pub async fn an_append_cuts_off_what_followed(store: &impl Store) -> Result<(), Error> {
    let key = Key::Pictures { side: 32 };
    store.write(&key, b"abcdefgh").await?;
    store.append(&key, 2, b"X").await?;
    check_holds(store, &key, b"abX", "an append replaces what followed").await
}

/// One of several is deleted.
///
/// # Errors
/// [`Error::Nonconforming`], and the store's own.
pub async fn what_is_deleted_is_gone_and_nothing_else(store: &impl Store) -> Result<(), Error> {
    let keys = keys()?;
    for key in &keys {
        store.write(key, b"here").await?;
    }
    let [first, others @ ..] = &keys;
    store.delete(first).await?;
    store.delete(first).await?;
    check_lacks(store, first, "what was deleted is gone").await?;
    for key in others {
        check_holds(store, key, b"here", "what was not deleted stays").await?;
    }
    Ok(())
}

/// Each once, whatever folder it is in.
///
/// # Errors
/// [`Error::Nonconforming`], and the store's own.
pub async fn all_that_lies_there_is_listed(store: &impl Store) -> Result<(), Error> {
    let mut keys = keys()?;
    for key in &keys {
        store.write(key, b"").await?;
    }
    let mut listed = store.list().await?;
    listed.sort();
    keys.sort();
    check(listed == keys, "a list has each key once")
}

/// All is gone, and the store goes on.
///
/// # Errors
/// [`Error::Nonconforming`], and the store's own.
pub async fn what_is_cleared_is_empty_and_takes_more(store: &impl Store) -> Result<(), Error> {
    for key in keys()? {
        store.write(&key, b"here").await?;
    }
    store.clear().await?;
    check(store.list().await?.is_empty(), "nothing is left of what was cleared")?;
    store.write(&Key::Current, b"again").await?;
    check_holds(store, &Key::Current, b"again", "a cleared store takes more").await
}

/// For a store with room for `room` bytes, of which there are more than a thousand: what does not fit is refused whole,
/// and what was there still is or is gone.
///
/// # Errors
/// [`Error::Nonconforming`], and the store's own.
pub async fn what_finds_no_room_leaves_no_part_of_itself(
    store: &impl Store,
    room: usize,
) -> Result<(), Error> {
    let (written, appended) = (Key::Current, Key::Pictures { side: 32 });
    store.write(&written, b"small").await?;
    store.append(&appended, 0, b"small").await?;
    let large = vec![7; 2 * room];
    let refused = store.write(&written, &large).await;
    check(matches!(refused, Err(Error::StorageFull)), "a write without room says so")?;
    let left = store.read(&written, room).await?;
    check(left.is_none_or(|left| left == b"small"), "a failed write leaves no part of itself")?;
    let refused = store.append(&appended, 5, &large).await;
    check(matches!(refused, Err(Error::StorageFull)), "an append without room says so")?;
    check_holds(store, &appended, b"small", "a failed append leaves what it began behind").await?;
    store.append(&appended, 5, b"er").await?;
    check_holds(store, &appended, b"smaller", "there is still room for little").await
}
