//! Pieces from elsewhere and from storage: who signed them, and what is said of one that was changed.

use std::{fs, path::PathBuf};

use abraham_messages::{ArtistName, Commitment, Latent, PainterSignature, RecipeId, SignedPiece};
use abraham_provenance::{Signer, Unsigned, file, to_text};
use abraham_tests::{Tab, Visit, WebGpu, selector, visit};
use anyhow::{Context, Result, ensure};

use crate::{awake, flags, learned, pause, wake};

const SIDE: u32 = 32;

/// Where the page says what the check of a piece found.
pub(crate) fn found(verdict: &str) -> String {
    format!("{}[data-verdict={verdict}]", selector("easel-check"))
}

/// A piece that four painters signed.
fn signed() -> Result<SignedPiece> {
    let content: Vec<u8> = (0..SIDE * SIDE * 3).map(|i| (i % 251) as u8).collect();
    let piece = Unsigned {
        artist: ArtistName([1; 32]),
        recipe: RecipeId([2; 32]),
        round: 612,
        generation: 0,
        commitments: &[Commitment([3; 32]); 4],
        latent: Latent([4; 32]),
        content: &content,
    }
    .piece();
    let mut signatures = Vec::new();
    for n in 1..=4 {
        let by = Signer::new(&[n; 32])?;
        signatures.push(PainterSignature { painter: by.public_key(), signature: by.sign(&piece) });
    }
    Ok(SignedPiece { piece, content, signatures })
}

/// A whole PNG of these samples with this record.
fn picture(record: &str, samples: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, SIDE, SIDE);
    encoder.set_color(png::ColorType::Rgb);
    encoder.add_itxt_chunk("abraham-provenance".into(), record.into())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(samples)?;
    writer.finish()?;
    Ok(out)
}

/// Files with what the page has to say of each.
fn files(visit: &Visit) -> Result<Vec<(PathBuf, &'static str)>> {
    let good = signed()?;
    let text = to_text(&good);
    let mut repainted = good.content.clone();
    repainted[7] ^= 1;
    let mut damaged = file::write(&good, SIDE)?;
    let place = damaged.windows(4).position(|bytes| bytes == b"IDAT").context("it has a picture")? + 20;
    damaged[place] ^= 1;
    let mut changed = good.clone();
    changed.content[7] ^= 1;
    let mut three = good.clone();
    three.signatures.pop();
    let mut twice = good.clone();
    twice.signatures[3] = twice.signatures[0];
    let older = r#"{"protocol":"/abraham/painters/1.1.0","genesis":"00","round":600,"committee":"solo"}"#;
    let files = [
        ("intact", file::write(&good, SIDE)?),
        ("damaged", damaged),
        ("picture", picture(&text, &repainted)?),
        ("content", file::write(&changed, SIDE)?),
        ("signature", picture(&text.replace("\"round\":612", "\"round\":613"), &good.content)?),
        ("signature-count", file::write(&three, SIDE)?),
        ("painter-twice", file::write(&twice, SIDE)?),
        ("record", picture("{}", &good.content)?),
        ("older", picture(older, &good.content)?),
    ];
    files
        .into_iter()
        .map(|(verdict, bytes)| {
            let path = visit.folder().join(format!("{verdict}.png"));
            fs::write(&path, bytes)?;
            Ok((path, verdict))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_that_is_dropped_or_chosen_says_who_signed_it_and_whether_it_was_changed() -> Result<()> {
    visit("a_piece_that_is_dropped_says_who_signed_it", WebGpu::Off, async |visit| {
        let tab = visit.open("/").await?;
        let files = files(visit)?;
        for (path, verdict) in &files {
            tab.drop_on("body", &[path]).await?;
            tab.sees(&found(verdict)).await?;
            tab.click(&selector("easel-close")).await?;
            tab.no_longer_sees(&selector("easel")).await?;
            tab.choose(&selector("check-file"), &[path]).await?;
            tab.sees(&found(verdict)).await?;
            let said = tab.text(&selector("easel-check")).await?;
            let intact = *verdict == "intact";
            ensure!(said.contains("checked here") == intact, "{verdict}: {said}");
            if intact {
                ensure!(said.contains("Four keys signed it"), "{said}");
                tab.reads(&selector("easel"), "signature of seat 4").await?;
            }
            tab.click(&selector("easel-close")).await?;
        }
        let [(good, _), ..] = &files[..] else { return Ok(()) };
        let other = visit.folder().join("other.png");
        image::RgbImage::new(SIDE, SIDE).save(&other)?;
        tab.choose(&selector("check-file"), &[&other]).await?;
        tab.reads(&selector("welcome-said"), "no record of a piece").await?;

        // In the studio, too; and what is looked at is not learned from.
        tab.click(&selector("wake")).await?;
        awake(&tab).await?;
        tab.drop_on(&selector("drop-zone"), &[good]).await?;
        tab.sees(&found("intact")).await?;
        tab.click(&selector("easel-close")).await?;
        tab.no_longer_sees(&selector("yours")).await
    })
    .await
}

/// Changes the kept piece behind the page's back.
const CHANGE: &str = "navigator.storage.getDirectory()
    .then((top) => top.getDirectoryHandle('abraham'))
    .then((root) => root.getDirectoryHandle('pieces'))
    .then(async (pieces) => {
        for await (const [name, handle] of pieces) {
            const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
            bytes[bytes.length - 40] ^= 1;
            const writable = await handle.createWritable();
            await writable.write(bytes);
            await writable.close();
            return name.endsWith('.png');
        }
    })";

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_piece_that_was_changed_is_told_and_can_be_deleted() -> Result<()> {
    visit("a_kept_piece_that_was_changed_is_told", WebGpu::Off, async |visit| {
        let tab: Tab = wake(visit, "/").await?;
        tab.choose(&selector("teach-files"), &flags(visit, 16)?).await?;
        learned(&tab, 1).await?;
        pause(&tab).await?;
        tab.click(&selector("paint")).await?;
        tab.sees(&found("intact")).await?;
        tab.click(&selector("keep")).await?;
        tab.sees(&selector("delete")).await?;
        tab.click(&selector("easel-close")).await?;
        tab.until_async("the piece to be changed", CHANGE).await?;
        tab.reload().await?;
        tab.click(&selector("wake")).await?;
        awake(&tab).await?;
        tab.click(&format!("{} button", selector("piece"))).await?;
        tab.sees(&found("damaged")).await?;
        tab.click(&selector("delete")).await?;
        tab.sees(&selector("pieces-none")).await
    })
    .await
}
