//! What visitors bring, given to the real page at once: `tests/cases`, and names and folders that are made here, for
//! some file systems refuse them. What becomes of each file is in `crates/pictures/tests/cases.rs`; here it is that the
//! page says the same of all of them together, and goes on.

use std::{collections::BTreeMap, fs, path::PathBuf};

use abraham_tests::{Pictures, Tab, Visit, WebGpu, selector, visit};
use anyhow::{Result, ensure};

use crate::{PICTURES, learned, wake};

/// Files of `tests/cases` by folder.
fn cases() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// How many lines of each kind a list of the page has.
async fn kinds(tab: &Tab, list: &str) -> Result<BTreeMap<String, usize>> {
    tab.value(&format!(
        "[...document.querySelectorAll('#{list} li')].reduce((counts, {{ dataset }}) =>
            ({{ ...counts, [dataset.kind]: (counts[dataset.kind] ?? 0) + 1 }}), {{}})"
    ))
    .await
}

async fn is_within_its_width(tab: &Tab) -> Result<()> {
    let wide: bool = tab.value("document.documentElement.scrollWidth > innerWidth").await?;
    ensure!(!wide, "the page is wider than its window");
    Ok(())
}

/// What visitors' file systems hold beside pictures, in a folder `folder` of the visit's own.
fn folder_with_leftovers(visit: &Visit) -> Result<PathBuf> {
    let top = Pictures::new(visit.folder(), "folder")?;
    let folder = top.folder().to_owned();
    for (within, name) in [
        ("", "Thumbs.db"),
        ("", ".DS_Store"),
        ("", "desktop.ini"),
        ("", "ehthumbs.db"),
        ("", "Picasa.ini"),
        ("", ".picasa.ini"),
        ("__MACOSX", "._one.png"),
        ("__MACOSX", "one.png"),
        ("@eaDir/one.png", "SYNOFILE_THUMB_S.jpg"),
    ] {
        fs::create_dir_all(folder.join(within))?;
        fs::write(folder.join(within).join(name), b"\0\x05\x16\x07\0\x02\0\0Mac OS X")?;
    }
    for name in ["notes.txt", "one.xmp", "one.json"] {
        fs::write(folder.join(name), b"notes\n")?;
    }
    fs::create_dir_all(folder.join("within/deeper"))?;
    let pictures = Pictures::new(visit.folder(), "pictures")?.flags(3)?;
    for (picture, name) in pictures.iter().zip(["one.png", "within/two.png", "within/deeper/three.jpg"]) {
        fs::rename(picture, folder.join(name))?;
    }
    fs::write(folder.join("within/not-one.png"), b"not a picture")?;
    Ok(folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_dropped_at_once_is_taught_or_named_and_the_page_goes_on() -> Result<()> {
    visit("every_case_dropped_at_once", WebGpu::Off, async |visit| {
        let tab = wake(visit, "/").await?;
        let folders: Vec<PathBuf> =
            ["colours", "jpeg", "png", "gif", "webp", "other"].map(|kind| cases().join(kind)).to_vec();
        let folders: Vec<&std::path::Path> = folders.iter().map(PathBuf::as_path).collect();
        tab.drop_on(&selector("drop-zone"), &folders).await?;
        tab.sees(&selector("asking")).await?;
        tab.until("all to be looked at", "document.getElementById('teach-progress').hidden").await?;
        let left_out = kinds(&tab, "refused-list").await?;
        let expected = [
            ("bmp", 1),
            ("clear", 1),
            ("copies", 1),
            ("damaged", 5),
            ("empty", 1),
            ("ends-too-soon", 2),
            ("frame-first", 2),
            ("frame-later", 3),
            ("heic", 2),
            ("jxl", 1),
            ("no-picture", 1),
            ("svg", 3),
            ("tiff", 1),
            ("too-large", 4),
            ("too-many-scans", 1),
            ("video", 1),
        ];
        let expected: BTreeMap<String, usize> = expected.map(|(kind, count)| (kind.to_owned(), count)).into();
        ensure!(left_out == expected, "the page has lines {left_out:?}");
        let asking = kinds(&tab, "asking-list").await?;
        ensure!(asking == [("c2pa".to_owned(), 1), ("plus".to_owned(), 1)].into(), "it asks of {asking:?}");
        is_within_its_width(&tab).await?;

        let before: usize = tab.value(PICTURES).await?;
        tab.click(&selector("asking-leave")).await?;
        tab.no_longer_sees(&selector("asking")).await?;
        ensure!(tab.value::<usize>(PICTURES).await? == before, "what asked was taught without a yes");
        // Different pictures among them are enough to learn from.
        ensure!(before >= 16, "only {before} different pictures were taught");
        learned(&tab, 1).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_copies_are_one_before_and_after_reopening() -> Result<()> {
    visit("sixteen_copies_are_one", WebGpu::Off, async |visit| {
        let tab = wake(visit, "/").await?;
        let copies = cases().join("copies");
        let files: Vec<PathBuf> =
            fs::read_dir(copies)?.map(|file| Ok(file?.path())).collect::<Result<_>>()?;
        tab.choose(&selector("teach-files"), &files).await?;
        tab.reads(&selector("refused-list"), "15 pictures are copies").await?;
        tab.reads(&selector("teach-missing"), "15 more pictures").await?;
        tab.no_longer_sees(&selector("trouble")).await?;
        tab.reload().await?;
        tab.click(&selector("wake")).await?;
        crate::awake(&tab).await?;
        ensure!(tab.value::<usize>(PICTURES).await? == 1, "copies are counted after reopening");
        tab.reads(&selector("teach-missing"), "15 more pictures").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_folder_the_pictures_are_taught_and_a_named_file_has_its_folder() -> Result<()> {
    visit("of_a_folder_the_pictures_are_taught", WebGpu::Off, async |visit| {
        let folder = folder_with_leftovers(visit)?;
        let tab = wake(visit, "/").await?;
        tab.drop_on(&selector("drop-zone"), &[&folder]).await?;
        tab.reads(&selector("yours"), "3 pictures").await?;
        tab.reads(&selector("refused-list"), "folder/within/not-one.png").await?;
        tab.reads(&selector("refused-list"), "3 notes and sidecars").await?;
        tab.reads(&selector("refused-list"), "9 hidden or system files").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn any_name_is_one_line_of_text_that_a_phone_has_room_for() -> Result<()> {
    visit("any_name_is_one_line", WebGpu::Off, async |visit| {
        let pictures = Pictures::new(visit.folder(), "names")?;
        let long = format!("{}.png", "n".repeat(200));
        let names = [
            "holiday\u{202e}gpj.exe.png",
            "two\nlines.png",
            "bell\u{7}.png",
            "smile\u{1f600}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}.png",
            "<img src=x onerror=alert(1)>.png",
            "e\u{301}-composed-of-two.png",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631}\u{62d}\u{628}\u{627}.png",
            "-rf.png",
            "%2e%2e%2fup.png",
            &long,
        ];
        let good = pictures.flags(names.len())?;
        for (from, name) in good.iter().zip(names) {
            fs::rename(from, pictures.folder().join(name))?;
            pictures.file(&format!("bad-{name}"), b"not a picture")?;
        }
        let tab = wake(visit, "/").await?;
        tab.resize(360, 740, false).await?;
        tab.drop_on(&selector("drop-zone"), &[pictures.folder()]).await?;
        tab.reads(&selector("yours"), "10 pictures").await?;
        tab.until("ten names", "document.querySelectorAll('#refused-list .file-name').length === 10").await?;
        is_within_its_width(&tab).await?;
        let high: usize = tab
            .value(
                "[...document.querySelectorAll('#refused-list .file-name')]
                    .filter((name) => name.getClientRects().length !== 1
                        || name.clientHeight > 1.6 * parseFloat(getComputedStyle(name).lineHeight)).length",
            )
            .await?;
        ensure!(high == 0, "{high} names take more than a line");
        ensure!(
            tab.value::<usize>("document.querySelectorAll('#refused-list img').length").await? == 0,
            "a name is run"
        );
        Ok(())
    })
    .await
}
