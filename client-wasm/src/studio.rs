//! The studio that the worker drives.

use abraham_gpu::ComputeBackend;
use abraham_learning::{
    Curation,
    studio::{Entropy, Studio as Painters, StudioConfig, samples},
};
use abraham_messages::{Latent, codec::hex};
use abraham_page::{OpenOptions, Round, StudioStatus, sizes::MAX_BATCH};
use abraham_provenance::Signer;
use abraham_visitor::{Saves, Storage};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    browser::{now_ms, random},
    device::Device,
    error::Error,
    kernel::TeacherDevice,
    lessons::Lessons,
    object::{from_object, to_object},
    opfs::Opfs,
    picture,
    pieces::painting,
    recipe::recipe,
};

/// Four painters in this worker, and where they live between sessions.
#[wasm_bindgen]
pub struct Studio {
    painters: Painters<&'static ComputeBackend>,
    /// This visit's key, which signs what it paints.
    signer: Signer,
    device: Device,
    storage: Option<Storage<Opfs>>,
    unstored: Option<&'static str>,
    /// Whether this visit drew it.
    born: bool,
    /// Its round in the last whole save.
    saved: Option<u64>,
    /// Why the last save could not be used, where the one before it was.
    passed_over: Option<&'static str>,
}

#[wasm_bindgen]
impl Studio {
    /// Wakes the artist that lives on this device, or draws a new one.
    ///
    /// # Errors
    /// Where the options are not valid, or what lives here is damaged or foreign; it is then left as it is.
    pub async fn open(
        #[wasm_bindgen(unchecked_param_type = "OpenOptions")] options: JsValue,
    ) -> Result<Studio, Error> {
        let options: OpenOptions = from_object(options)?;
        if !(2..=MAX_BATCH).contains(&options.batch) {
            return Err(Error::Option(format!("batch: {}", options.batch)));
        }
        let config = recipe(options.channels, options.batch)?;
        let device = Device::get(options.webgpu).await;
        let (storage, unstored) = match Opfs::open().await {
            Ok(store) => (Some(Storage::new(store)), None),
            Err(error) => (None, Some(Error::from(error).code())),
        };
        let saves = match &storage {
            Some(storage) => storage.saves().await?,
            None => Saves::default(),
        };
        let awake = wake(&config, device.backend, &saves)?;
        let born = awake.is_none();
        let (painters, passed_over) = match awake {
            Some(awake) => awake,
            None => (Painters::genesis(config, [device.backend; 4], entropy()?).await?, None),
        };
        let saved = (!born).then(|| painters.round_number());
        Ok(Self {
            painters,
            signer: Signer::new(&random()?)?,
            device,
            storage,
            unstored,
            born,
            saved,
            passed_over,
        })
    }

    /// Runs one learning round, with what the visitor teaches.
    ///
    /// # Errors
    /// Where there are too few pictures, or the protocol stopped; the artist is then unchanged.
    #[wasm_bindgen(unchecked_return_type = "Round")]
    pub async fn round(&mut self, lessons: &Lessons) -> Result<JsValue, Error> {
        let start = now_ms();
        let pictures = lessons.now();
        let kernel = TeacherDevice(self.device.backend);
        let report = self.painters.learn(&[&pictures], &kernel, &Curation::default()).await?;
        let channels = self.painters.config().architecture.channels();
        to_object(&Round {
            round: report.round,
            pictures: report.pictures,
            refused: report.refused,
            batch: picture::rgba(&samples(&report.batch), channels),
            bytes: report.meter.bytes(),
            kinds: report.meter.by_kind().collect(),
            protocol_rounds: report.meter.rounds,
            millis: now_ms() - start,
        })
    }

    /// Paints one piece from a fresh latent.
    ///
    /// # Errors
    /// Where the protocol stopped.
    #[wasm_bindgen(unchecked_return_type = "Painting")]
    pub async fn paint(&mut self) -> Result<JsValue, Error> {
        let (piece, _) = self.painters.paint(Latent(random()?), &self.signer).await?;
        to_object(&painting(&piece)?)
    }

    /// Saves the four painters' shares on this device.
    ///
    /// # Errors
    /// Where storage is full or denied; the last good save is kept, and the artist lives on in memory.
    pub async fn save(&mut self) -> Result<(), Error> {
        let files = self.painters.checkpoint()?;
        let Some(storage) = &self.storage else {
            let why = "it was not to be had when the studio opened".into();
            return Err(abraham_visitor::Error::StorageDenied(why).into());
        };
        let saved = storage.save(&files).await.map_err(Error::from);
        self.unstored = saved.as_ref().err().map(Error::code);
        if saved.is_ok() {
            self.saved = Some(self.painters.round_number());
            self.passed_over = None;
        }
        saved
    }

    /// What the studio is and where it lives.
    ///
    /// # Errors
    /// None that the page can cause.
    #[wasm_bindgen(unchecked_return_type = "StudioStatus")]
    pub async fn status(&self) -> Result<JsValue, Error> {
        to_object(&StudioStatus {
            device: self.device.status(),
            genesis: hex(&self.painters.genesis_id().0),
            round: self.painters.round_number(),
            unstored: self.unstored,
            born: self.born,
            saved: self.saved,
            passed_over: self.passed_over,
        })
    }
}

/// Deletes all that was ever saved of the artist on this device, by earlier versions too, whether or not it can be
/// opened. Kept pieces and taught pictures stay.
///
/// # Errors
/// Where storage is denied.
#[wasm_bindgen(js_name = deleteArtist)]
pub async fn delete_artist() -> Result<(), Error> {
    Ok(Storage::new(Opfs::open().await?).delete_artist().await?)
}

type Awake = (Painters<&'static ComputeBackend>, Option<&'static str>);

/// Wakes the artist from the newest checkpoints that are whole. Where the newest are damaged or not all there but the
/// ones before are, says so; where none are, fails with the newest's reason, and nothing is overwritten.
fn wake(
    config: &StudioConfig,
    device: &'static ComputeBackend,
    saves: &Saves,
) -> Result<Option<Awake>, Error> {
    let mut first = saves.incomplete.then_some(Error::Incomplete);
    for files in &saves.whole {
        let files: [&[u8]; 4] = std::array::from_fn(|i| files[i].as_slice());
        match Painters::restore(config.clone(), [device; 4], entropy()?, files) {
            Ok(painters) => {
                return Ok(Some((painters, first.as_ref().map(Error::code))));
            }
            Err(error) => {
                first.get_or_insert(error.into());
            }
        }
    }
    first.map_or(Ok(None), Err)
}

fn entropy() -> Result<Entropy, Error> {
    Ok(Entropy::new([random()?, random()?, random()?, random()?], random()?))
}
