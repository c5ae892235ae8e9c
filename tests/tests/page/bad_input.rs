//! Whatever a visitor drops: a clear sentence for each bad file, the rest used, nothing stalls.

use abraham_tests::{Pictures, WebGpu, selector, visit};
use anyhow::{Result, ensure};

use crate::{PICTURES, flags, learned, wake};

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_file_is_named_with_its_reason_and_the_rest_is_used() -> Result<()> {
    visit("each_bad_file_is_named_with_its_reason", WebGpu::Off, async |visit| {
        let pictures = Pictures::new(visit.folder(), "mixed")?;
        let mut files = flags(visit, 20)?;
        files.push(pictures.file("words.png", b"these are words, not a picture")?);
        files.push(pictures.file("nothing.png", b"")?);
        files.push(pictures.file("head-only.png", b"\x89PNG\r\n\x1a\n")?);
        files.push(pictures.hundred_megapixels()?);
        files.push(pictures.corrupt()?);
        files.push(pictures.animated_gif()?);
        files.push(pictures.half_transparent()?);

        let tab = wake(visit, "/").await?;
        tab.choose(&selector("teach-files"), &files).await?;
        tab.reads(&selector("yours"), "22 pictures").await?;
        let list = selector("refused-list");
        for (name, reason) in [
            ("words.png", "not a picture"),
            ("nothing.png", "empty"),
            ("head-only.png", "damaged"),
            ("huge.png", "100 megapixels"),
            ("corrupt.png", "damaged"),
            ("animated.gif", "first frame"),
        ] {
            tab.until(
                &format!("{name} to be named with \"{reason}\""),
                &format!(
                    "[...document.querySelectorAll('{list} li')]
                        .some((line) => line.innerText.includes('{name}') && line.innerText.includes('{reason}'))"
                ),
            )
            .await?;
        }
        let all: String = tab.text(&list).await?;
        ensure!(!all.contains("transparent.png"), "a transparent picture was remarked on: {all}");
        learned(&tab, 2).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_picture_only_is_too_few_and_more_pictures_set_it_going() -> Result<()> {
    visit("one_picture_only_is_too_few", WebGpu::Off, async |visit| {
        let tab = wake(visit, "/").await?;
        let files = flags(visit, 24)?;
        tab.choose(&selector("teach-files"), &files[..1]).await?;
        tab.reads(&selector("teach-missing"), "15 more pictures").await?;
        tab.no_longer_sees(&selector("trouble")).await?;
        tab.until("the one picture to be kept", &format!("{PICTURES} === 1")).await?;
        tab.choose(&selector("teach-files"), &files[1..]).await?;
        learned(&tab, 1).await?;
        tab.no_longer_sees(&selector("teach-missing")).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_files_and_an_empty_folder_do_not_stall_it() -> Result<()> {
    visit("ten_thousand_files_and_an_empty_folder", WebGpu::Off, async |visit| {
        let tab = wake(visit, "/").await?;
        let empty = Pictures::new(visit.folder(), "empty")?;
        tab.drop_on(&selector("drop-zone"), &[empty.folder()]).await?;
        tab.reads(&selector("refused"), "no files").await?;

        let many = Pictures::new(visit.folder(), "many")?;
        let mut files = flags(visit, 20)?;
        for index in 0..10_000 {
            files.push(many.file(&format!("note-{index}.txt"), b"words")?);
        }
        tab.choose(&selector("teach-files"), &files).await?;
        tab.reads(&selector("refused"), "more than 10,000 files").await?;
        tab.reads(&selector("yours"), "20 pictures").await?;
        tab.reads(&selector("refused-list"), "and 9,880 more").await?;
        learned(&tab, 1).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_folder_is_walked() -> Result<()> {
    visit("a_dropped_folder_is_walked", WebGpu::Off, async |visit| {
        let tab = wake(visit, "/").await?;
        let folder = Pictures::new(visit.folder(), "outer")?;
        folder.flags(5)?;
        Pictures::new(folder.folder(), "inner")?.flags(4)?;
        tab.drop_on(&selector("drop-zone"), &[folder.folder()]).await?;
        // Four of the nine are the same as four others.
        tab.reads(&selector("yours"), "5 pictures").await?;
        tab.reads(&selector("refused-list"), "4 pictures are copies").await
    })
    .await
}
