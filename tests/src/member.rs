//! A donated tab, and how it stands in the collective.

use std::path::PathBuf;

use anyhow::Result;
use serde::Deserialize;

use crate::tab::{Tab, selector};

/// How a tab stands, as the page's `data-` attributes say.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Standing {
    /// Such as `painter`.
    pub role: String,
    /// Members in sight, this one included.
    pub members: usize,
    /// Members that it is linked with.
    pub linked: usize,
    /// The step of the term in sight, or nothing.
    pub phase: String,
    /// Learning rounds behind the artist of that term.
    pub round: u64,
    /// The seat, where the tab has one.
    pub seat: Option<u8>,
    /// The artist's id in hex, or nothing.
    pub artist: String,
}

/// A tab that its visitor has donated.
pub struct Member {
    tab: Tab,
}

impl Member {
    /// Donates `tab`, which shows the page, and all of its time.
    ///
    /// # Errors
    /// When the button cannot be pressed or the page says that it cannot join.
    pub async fn donate(tab: Tab) -> Result<Self> {
        tab.click(&selector("wake")).await?;
        tab.until(
            "the tab to be a member",
            "!document.getElementById('welcome-error').hidden
                || Number(document.getElementById('collective').dataset.members) >= 1",
        )
        .await?;
        tab.no_longer_sees(&selector("welcome-error")).await?;
        tab.click("label:has([data-testid=throttle-full])").await?;
        Ok(Self { tab })
    }

    /// The tab.
    #[must_use]
    pub fn tab(&self) -> &Tab {
        &self.tab
    }

    /// How it stands now.
    ///
    /// # Errors
    /// When the page has crashed.
    pub async fn standing(&self) -> Result<Standing> {
        self.tab
            .value(
                "(({ role, members, linked, phase, round, seat, artist }) => ({
                    role, phase, artist, members: Number(members), linked: Number(linked), round: Number(round),
                    seat: seat === '' ? null : Number(seat),
                }))(document.getElementById('collective').dataset)",
            )
            .await
    }

    /// Waits until `condition` holds, which is JavaScript over `it`, the data of [`Standing`] as strings.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn until(&self, what: &str, condition: &str) -> Result<()> {
        self.tab
            .until(what, &format!("((it) => {condition})(document.getElementById('collective').dataset)"))
            .await
    }

    /// Waits until it is one of four painters whose artist exists.
    ///
    /// # Errors
    /// When it is not in time.
    pub async fn until_it_paints(&self) -> Result<()> {
        self.until(
            "a seat",
            "it.role === 'painter' && it.artist !== '' && !['forming', 'settingUp'].includes(it.phase)",
        )
        .await
    }

    /// Teaches it `pictures`.
    ///
    /// # Errors
    /// When they are not taken.
    pub async fn teach(&self, pictures: &[PathBuf]) -> Result<()> {
        self.tab.choose(&selector("teach-files"), pictures).await?;
        self.tab.reads(&selector("yours"), &format!("{} pictures", pictures.len())).await
    }

    /// Waits until more than `count` pieces of the collective hang on the page.
    ///
    /// # Errors
    /// When they do not in time.
    pub async fn until_pieces(&self, count: usize) -> Result<()> {
        let hang = format!("document.querySelectorAll('[data-testid=collective-piece]').length > {count}");
        self.tab.until("a piece", &hang).await
    }

    /// The pixels, in hex, of the collective's pieces that hang on the page, the newest first.
    ///
    /// # Errors
    /// When the page has crashed.
    pub async fn pieces(&self) -> Result<Vec<String>> {
        self.tab
            .value(
                "(async () => {
                    const found = [];
                    for (const image of document.querySelectorAll('[data-testid=collective-piece] img')) {
                        await image.decode();
                        const copy = new OffscreenCanvas(32, 32).getContext('2d');
                        copy.drawImage(image, 0, 0);
                        const { data } = copy.getImageData(0, 0, 32, 32);
                        found.push([...data].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
                    }
                    return found;
                })()",
            )
            .await
    }

    /// Closes the tab.
    ///
    /// # Errors
    /// When it was closed already.
    pub async fn close(self) -> Result<()> {
        self.tab.close().await
    }
}
