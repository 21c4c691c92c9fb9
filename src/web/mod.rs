//! The JavaScript surface: what the page uses, and what others embed. Nothing else in the crate
//! knows the browser.
//!
//! Every method takes `&self`: a network that is being loaded or a text that is being written holds
//! the writer's lock, not the object, so that JavaScript can call anything at any time.

mod capture;
mod claim;
mod event_loop;
mod export;
mod fetch;
mod inspect;
mod prime;

use crate::document::{COLUMNS, Page};
use crate::engine::{Choice, Engine};
use crate::error::Error;
use crate::model::{Kind, Weights};
use crate::writer::{Canceller, Finish, Settings, Writer};
use async_lock::Mutex;
use js_sys::{Float32Array, Function, Reflect};
use prime::Given;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** "auto": the GPU where there is a real one, else the CPU. */
export type EngineChoice = "auto" | "cpu" | "gpu";

export interface WriteOptions {
  /** 0 to 5: neater. Default 0.5. */
  bias?: number;
  /** 0.1 to 4: wilder; 1 is neutral. */
  temperature?: number;
  /** The same seed, settings and weights give the same writing. A whole number; default 1. */
  seed?: number | bigint;
  /** A hand, by its name in `styles()` or its index there. Without one: no one's in particular. */
  style?: string | number;
  /** Characters in a line, 1 to 100. Default 40. */
  columns?: number;
  /** A second hand, and how far the first one is moved towards it, 0 to 1. */
  blend?: { style: string | number; share: number };
  /** Points to write when there is no text. Default 1400. */
  points?: number;
  /** How often a word that went wrong is written anew, 0 to 20. 0: nothing is checked. Default 4. */
  attempts?: number;
  /** Ink in whose hand to write. */
  prime?: Prime;
}

/**
 * Given ink: triples x, y, pen as `Writing` gives them, at the network's rate and scale, and what they say. Each line is
 * written as if by the same hand just after it; the ink itself is not written again. With an empty text to write, the
 * network goes on from the last point, in the coordinates of `points`, and `text` is not looked at.
 */
export interface Prime {
  text: string;
  points: Float32Array | number[];
}

/** A network that has been loaded. */
export interface Network {
  kind: "prediction" | "synthesis";
  /** Bytes of the file. */
  bytes: number;
  /** Hash of the file: a seed repeats its writing only with the same weights. */
  fingerprint: string;
  /** How it was trained, as far as the file tells. */
  training: unknown;
  /** What it was trained on, and the terms of that. */
  corpus: string;
}

/** What will be written. */
export interface Plan {
  kind: "prediction" | "synthesis";
  /** The lines, as they will be written. */
  lines: string[];
  /** Characters that are written as others. */
  transliterated: [string, string][];
  /** Characters that cannot be written. */
  leftOut: string[];
  /** Milliseconds of pen time from point to point. */
  sampleMs: number;
  /** Hash of the network's file, as in `Network`. */
  fingerprint: string;
}

/** A line for another `RunningHand`, maybe in a worker of its own: `writeLine` there, then `Writing.completeLine` here. */
export interface LineClaim {
  /** Which of the lines, from 0. */
  number: number;
  /** Its index under the seed: on which line of the sheet it is. */
  line: number;
  text: string;
}

/** A line as `writeLine` gives it. */
export interface WrittenLine {
  /** What the network said at each point, 9 numbers each. */
  steps: Float32Array;
  finish: Finish;
}

/**
 * Why a text ended: "stopped" is as it should be, "length" too where there is no text. "cap": a line
 * ran on and was cut; "nonfinite": the network computed something that is no number.
 */
export type Finish = "stopped" | "length" | "cap" | "nonfinite" | "cancelled";
"#;

/// `WriteOptions` as JavaScript gives them.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    bias: f32,
    temperature: f32,
    seed: u64,
    style: Option<Style>,
    blend: Option<Blend>,
    columns: usize,
    points: usize,
    attempts: usize,
}

impl Default for Options {
    fn default() -> Self {
        let Settings { bias, temperature, seed, points, attempts, .. } = Settings::default();
        Self { bias, temperature, seed, style: None, blend: None, columns: COLUMNS, points, attempts }
    }
}

/// `WriteOptions.blend`.
#[derive(Debug, Deserialize)]
struct Blend {
    style: Style,
    share: f32,
}

/// A hand by name or index.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Style {
    Index(usize),
    Name(String),
}

#[derive(Serialize)]
struct Network<'a> {
    kind: Kind,
    bytes: usize,
    fingerprint: String,
    training: &'a serde_json::Value,
    corpus: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan<'a> {
    kind: Kind,
    lines: Vec<&'a str>,
    transliterated: &'a [(char, String)],
    left_out: &'a [char],
    sample_ms: f32,
    fingerprint: String,
}

/// The writer and what must be known while it is busy.
struct Shared {
    writer: Mutex<Writer>,
    canceller: Canceller,
    /// Number of the text that may go on; each has its own, so that an older one ends.
    current: Cell<u64>,
    /// Whether others take lines.
    has_pool: Cell<bool>,
    label: RefCell<String>,
    notice: RefCell<String>,
    styles: RefCell<Vec<String>>,
}

impl Shared {
    /// Ends whatever is under way; gives the number of the next text.
    fn supersede(&self) -> u64 {
        self.canceller.cancel();
        self.current.set(self.current.get() + 1);
        self.current.get()
    }

    fn note(&self, writer: &Writer) {
        *self.label.borrow_mut() = writer.engine_label();
        if !writer.notice().is_empty() {
            *self.notice.borrow_mut() = writer.notice().to_owned();
        }
    }
}

/// An engine with the networks it has loaded. Writes one text at a time.
#[wasm_bindgen]
pub struct RunningHand {
    shared: Rc<Shared>,
}

#[wasm_bindgen]
impl RunningHand {
    /// Opens an engine. Where the GPU that was wanted cannot be had, the CPU writes, and `notice` says why.
    pub async fn open(
        #[wasm_bindgen(unchecked_optional_param_type = "EngineChoice")] engine: Option<String>,
    ) -> Result<RunningHand, JsError> {
        console_error_panic_hook::set_once();
        let choice: Choice = engine.as_deref().unwrap_or("auto").parse()?;
        let (engine, notice) = Engine::choose(choice).await;
        let mut writer = Writer::new(engine);
        writer.set_clock(event_loop::milliseconds);
        let shared = Shared {
            canceller: writer.canceller(),
            current: Cell::new(0),
            has_pool: Cell::new(false),
            label: RefCell::new(writer.engine_label()),
            notice: RefCell::new(notice.unwrap_or_default()),
            styles: RefCell::default(),
            writer: Mutex::new(writer),
        };
        Ok(Self { shared: Rc::new(shared) })
    }

    /// Downloads a network's weights file. `progress` is told the bytes that have come and their
    /// total, which is 0 if the server does not say. With a `kind`, a network of the other is refused.
    #[wasm_bindgen(unchecked_return_type = "Network")]
    pub async fn load(
        &self,
        url: String,
        #[wasm_bindgen(unchecked_optional_param_type = "(loaded: number, total: number) => void")] progress: Option<
            Function,
        >,
        #[wasm_bindgen(unchecked_optional_param_type = "Network[\"kind\"]")] kind: Option<String>,
    ) -> Result<JsValue, JsError> {
        let bytes = fetch::bytes(&url, progress.as_ref()).await.map_err(|message| JsError::new(&message))?;
        let file = url.rsplit('/').next().unwrap_or(&url);
        self.load_bytes(&bytes, file, kind).await
    }

    /// Takes a network from the bytes of a weights file; `name` is for messages.
    #[wasm_bindgen(js_name = loadBytes, unchecked_return_type = "Network")]
    pub async fn load_bytes(
        &self,
        bytes: &[u8],
        name: &str,
        #[wasm_bindgen(unchecked_optional_param_type = "Network[\"kind\"]")] kind: Option<String>,
    ) -> Result<JsValue, JsError> {
        let weights = match kind.as_deref() {
            None => Weights::from_bytes(bytes, name)?,
            Some("prediction") => Weights::from_bytes_of(Kind::Prediction, bytes, name)?,
            Some("synthesis") => Weights::from_bytes_of(Kind::Synthesis, bytes, name)?,
            Some(other) => {
                return Err(JsError::new(&format!("kind: {other:?} is neither \"prediction\" nor \"synthesis\"")));
            }
        };
        let config = &weights.config;
        let network = to_js(&Network {
            kind: config.kind,
            bytes: bytes.len(),
            fingerprint: hex(weights.fingerprint),
            training: &config.training,
            corpus: &config.corpus,
        })?;
        if config.kind == Kind::Synthesis {
            self.shared.styles.borrow_mut().clone_from(&config.styles);
        }
        self.shared.writer.lock().await.set_weights(weights);
        Ok(network)
    }

    /// Begins to write; ends what is being written. Without text the prediction network writes.
    pub async fn write(
        &self,
        text: String,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Result<Writing, JsError> {
        let (settings, columns, given) = self.settings(options)?;
        let number = self.shared.supersede();
        let mut writer = self.shared.writer.lock().await;
        let settings = primed(settings, given.as_ref(), &writer, &text)?;
        writer.set_has_pool(self.shared.has_pool.get());
        let page = Page::start(&mut writer, &text, &settings, columns).await?;
        self.shared.note(&writer);
        drop(writer);
        Ok(Writing { shared: self.shared.clone(), number, page: Rc::new(Mutex::new(page)) })
    }

    /// Ends what is being written; what has come of it stays.
    pub fn cancel(&self) {
        self.shared.supersede();
    }

    /// Names of the hands that the loaded network knows.
    pub fn styles(&self) -> Vec<String> {
        self.shared.styles.borrow().clone()
    }

    /// Which engine writes: "CPU · SIMD", "WebGPU · …".
    #[wasm_bindgen(getter)]
    pub fn engine(&self) -> String {
        self.shared.label.borrow().clone()
    }

    /// What the user should know about the engine, in a sentence; empty if nothing happened.
    #[wasm_bindgen(getter)]
    pub fn notice(&self) -> String {
        self.shared.notice.borrow().clone()
    }

    /// Settings, columns, and given ink that is not yet in the settings.
    fn settings(&self, options: JsValue) -> Result<(Settings, usize, Option<Given>), Error> {
        let (options, given) = prime::taken_from(options)?;
        let options: Options = from_js("options", options)?;
        let settings = Settings {
            bias: options.bias,
            temperature: options.temperature,
            seed: options.seed,
            style: self.style(options.style)?,
            blend: match options.blend {
                Some(Blend { style, share }) => self.style(Some(style))?.map(|style| (style, share)),
                None => None,
            },
            points: options.points,
            attempts: options.attempts,
            line: 0,
            prime: None,
        };
        Ok((settings, options.columns, given))
    }

    fn style(&self, style: Option<Style>) -> Result<Option<usize>, Error> {
        let styles = self.shared.styles.borrow();
        match style {
            None => Ok(None),
            Some(Style::Index(index)) => Ok(Some(index)),
            Some(Style::Name(name)) => match styles.iter().position(|own| *own == name) {
                Some(index) => Ok(Some(index)),
                None => Err(Error::Setting {
                    name: "style".into(),
                    problem: format!("there is no hand {name:?}; there are: {}", styles.join(", ")),
                }),
            },
        }
    }
}

/// A text being written: `for await (const points of writing)`. Each `points` is a `Float32Array` of
/// triples x, y, pen: corpus units, y down; pen is 1 where a stroke ends. It may be empty.
#[wasm_bindgen]
pub struct Writing {
    shared: Rc<Shared>,
    number: u64,
    page: Rc<Mutex<Page>>,
}

#[wasm_bindgen]
impl Writing {
    /// The text itself, for `for await`.
    #[wasm_bindgen(js_name = "[Symbol.asyncIterator]")]
    pub fn iterator(&self) -> Writing {
        Writing { shared: self.shared.clone(), number: self.number, page: self.page.clone() }
    }

    /// The next points.
    #[wasm_bindgen(unchecked_return_type = "IteratorResult<Float32Array, undefined>")]
    pub async fn next(&self) -> Result<JsValue, JsError> {
        let mut page = self.page.lock().await;
        let mut writer = self.shared.writer.lock().await;
        if self.shared.current.get() != self.number {
            return result(None);
        }
        let points = page.next(&mut writer).await?;
        self.shared.note(&writer);
        // The CPU engine computes while JavaScript waits: let others have their turn.
        event_loop::yield_to_event_loop().await;
        result(points.as_deref())
    }

    /// Ends the writing: `for await` calls this when it is left early.
    #[wasm_bindgen(js_name = "return", unchecked_return_type = "IteratorResult<Float32Array, undefined>")]
    pub async fn end(&self) -> Result<JsValue, JsError> {
        if self.shared.current.get() == self.number {
            self.shared.supersede();
        }
        result(None)
    }

    /// What is written, and what became of characters that cannot be.
    #[wasm_bindgen(getter, unchecked_return_type = "Plan")]
    pub fn plan(&self) -> Result<JsValue, JsError> {
        let page = self.page.try_lock().ok_or_else(|| JsError::new("ask for `plan` between two points"))?;
        to_js(&Plan {
            kind: page.kind(),
            lines: page.lines().collect(),
            transliterated: &page.text().transliterated,
            left_out: &page.text().left_out,
            sample_ms: page.sample_ms(),
            fingerprint: hex(page.fingerprint()),
        })
    }

    /// On which line of the sheet the points given last are, from 0, lines left free counted. Points
    /// that come together are on one line. Without text always 0.
    #[wasm_bindgen(getter)]
    pub fn row(&self) -> usize {
        self.page.try_lock().map_or(0, |page| page.row())
    }

    /// Why it ended; `undefined` while it is being written.
    #[wasm_bindgen(getter, unchecked_return_type = "Finish | undefined")]
    pub fn finish(&self) -> Option<String> {
        let superseded = self.shared.current.get() != self.number;
        let finish = self.page.try_lock().and_then(|page| page.finish());
        let finish = finish.or(superseded.then_some(Finish::Cancelled))?;
        Some(name(finish).to_owned())
    }
}

/// The settings, with given ink as the network takes it that will write `text`.
fn primed(settings: Settings, given: Option<&Given>, writer: &Writer, text: &str) -> Result<Settings, Error> {
    let prime = given.map(|given| given.prime(writer, text)).transpose()?;
    Ok(Settings { prime, ..settings })
}

/// What an async iterator's `next` gives.
fn result(points: Option<&[[f32; 3]]>) -> Result<JsValue, JsError> {
    let object = js_sys::Object::new();
    let set = |key: &str, value: &JsValue| {
        Reflect::set(&object, &key.into(), value).map_err(|_| JsError::new("an object refused a property"))
    };
    set("done", &points.is_none().into())?;
    if let Some(points) = points {
        set("value", &Float32Array::from(points.as_flattened()))?;
    }
    Ok(object.into())
}

/// `Finish` as JavaScript knows it.
fn name(finish: Finish) -> &'static str {
    match finish {
        Finish::Stopped | Finish::WindowRule => "stopped",
        Finish::Length => "length",
        Finish::Cap => "cap",
        Finish::NonFinite => "nonfinite",
        Finish::Cancelled => "cancelled",
    }
}

/// A file's hash as links and downloads have it.
fn hex(fingerprint: u64) -> String {
    format!("{fingerprint:016x}")
}

fn to_js(value: &impl Serialize) -> Result<JsValue, JsError> {
    // JSON objects as plain objects, not as maps.
    Ok(value.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
}

fn from_js<T: DeserializeOwned + Default>(name: &str, value: JsValue) -> Result<T, Error> {
    if value.is_undefined() || value.is_null() {
        return Ok(T::default());
    }
    let bad = |problem: String| Error::Setting { name: name.into(), problem };
    // By way of JSON: read directly, a key that is misspelt would go unseen.
    let value: serde_json::Value = serde_wasm_bindgen::from_value(value).map_err(|error| bad(error.to_string()))?;
    serde_json::from_value(value).map_err(|error| bad(error.to_string()))
}
