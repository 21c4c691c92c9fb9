//! The JavaScript surface: what the page uses, and what others embed. Nothing else in the crate
//! knows the browser.
//!
//! Every method takes `&self`: a network that is being loaded or a text that is being written holds
//! the writer's lock, not the object, so that JavaScript can call any method at any time. Pages lie
//! outside that lock: they can be laid out and exported while a line is being written.

mod capture;
mod claim;
mod event_loop;
mod export;
mod fetch;
mod inspect;
mod layout;
mod options;
mod prime;
mod remote_gpu;

use crate::document::{self, Document, HandMeasure, LineInk, LineStream, Pages, PlacedInk, measure_hand};
use crate::engine::cpu::CpuEngine;
use crate::engine::{Choice, Engine, ReadyGpu};
use crate::error::Error;
use crate::model::{Hand, Kind, Weights};
use crate::text::alphabet::Alphabet;
use crate::writer::{Canceller, Finish, Settings, Writer};
use async_lock::Mutex;
use js_sys::{Function, Object, Reflect, Uint8Array};
use options::Fields;
use prime::PrimeInk;
use remote_gpu::Files;
use serde::Serialize;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** "auto": the GPU where there is a real one, else the CPU. */
export type EngineChoice = "auto" | "cpu" | "gpu";

/**
 * Paper that has a name. "card" is as large as "a6", and a text of few lines is written small enough for it; "envelope-10" is
 * the American No. 10.
 */
export type PaperName =
  | "a4"
  | "a5"
  | "a6"
  | "card"
  | "letter"
  | "legal"
  | "envelope-dl"
  | "envelope-c6"
  | "envelope-10";

/** How ink is laid out: nothing here changes which points are drawn. */
export interface LayoutOptions {
  /**
   * A sheet by its name, its width and height in mm or as a text ("120x80mm", "5x7in"), or "free" for one that grows with
   * the ink. Default "free". On an envelope the text is the address, in the lower right, as posts ask; what stands above a
   * line "---" of it is the sender's, in the upper left.
   */
  paper?: "free" | PaperName | `${number}x${number}${"mm" | "in" | ""}` | [number, number];
  /** "landscape" turns a sheet so that its longer side lies across. Default "portrait": as it is. */
  orientation?: "portrait" | "landscape";
  /**
   * Margin of the paper in mm, on all sides or on each. Default: 8.5 % of a side within 10 to 20 mm; on an envelope what
   * posts ask around the address.
   */
  margin?: number | { top?: number; right?: number; bottom?: number; left?: number };
  /** Top margin of the first page in mm, below a letterhead for example. Default: that of the other pages. */
  firstTop?: number;
  /** Whether the left and the right margin are exchanged on every second page. Default false. */
  mirrorMargins?: boolean;
  /** Height of an x in mm. Default: 5/17 of `pitch`, and 3.2 without one. */
  size?: number;
  /** Distance of the lines in mm. Default: 3.4 times `size`. */
  pitch?: number;
  /** Lines printed on the paper: one under each line of writing, or squares or dots at half their distance. Default "plain". */
  ruling?: "plain" | "ruled" | "squared" | "dotted";
  /** Degrees by which the ink leans to the right, -45 to 45. Default 0. */
  slant?: number;
  /** How much lines and words wander, as people's do: 0 (not at all) to 1. Default 0. */
  wander?: number;
  /** Whether sheets of paper are numbered, from the second on; envelopes are not. Default true. */
  pageNumbers?: boolean;
  /** Most lines on a sheet that grows with the ink; the next ones go to another. Default: no limit. */
  rows?: number;
}

export interface WriteOptions extends LayoutOptions {
  /** 0 to 5: neater. Default 0.75. */
  bias?: number;
  /** 0.1 to 4: wilder; 1 is neutral. */
  temperature?: number;
  /** The same seed, settings and weights give the same writing. A whole number; default 1. */
  seed?: number | bigint;
  /** A hand, by its name in `styles()` or its index there. Default: no particular hand. */
  style?: string | number;
  /** Most characters in a line, 1 to 100. Default: as many as fit. */
  columns?: number;
  /** The hand as it was measured before, if it was (`measureHand`). Default: measured before it writes first. */
  hand?: HandMeasure;
  /** A second hand, and how far the first one is moved towards it, 0 to 1. */
  blend?: { style: string | number; share: number };
  /** Points to write when there is no text. Default 1400. */
  points?: number;
  /** How often a word that went wrong is written anew, 0 to 20. 0: nothing is checked. Default 4. */
  attempts?: number;
  /** Ink in whose hand to write. */
  prime?: Prime;
  /** A hand that `learnHand` learnt, in the place of `style` and `blend`. */
  ownHand?: OwnHand;
  /**
   * Whether the first words come as they are written, placed by what is known of the hand. Default false: every line
   * comes when it is known where it ends, exactly where `layOut` would place it.
   */
  live?: boolean;
}

/** A hand that was learnt from ink. */
export interface OwnHand {
  /** Fingerprint of the weights that it was learnt with, which alone can use it. */
  weights: string;
  /** What is added to the network's style and biases, in units of 1/4096. */
  numbers: number[];
  /** How much of it to use, 0 to 1: from legible to alike. Default 1. */
  strength?: number;
}

/**
 * Ink to continue from: triples x, y, pen at the network's rate and scale (see `readInk`), and the text they say. Each
 * line is written in the same hand, as if just after the ink; the ink itself is not written again. With an empty text
 * to write, the network continues from the last point, and `text` is ignored.
 */
export interface Prime {
  text: string;
  points: Float32Array | number[];
  /** With an empty text to write: whether the ink is part of the writing, and laid out with it. Default false. */
  drawn?: boolean;
}

/** What is known of a hand before it writes. Lengths but the first are in x-heights. */
export interface HandMeasure {
  /** Height of an x as the network writes it, in corpus units. */
  xHeight: number;
  /** Mean width of a character, blanks included. */
  letter: number;
  /** Mean gap between words, and mean of the widest gaps within words. */
  gap: number;
  letterGap: number;
  /** How far downstrokes lean to the right: x per y. */
  lean: number;
}

/** Ink of one line where it lies on its page. */
export interface PlacedInk {
  /** The page, from 0. */
  page: number;
  /** The line among those that have ink, from 0. */
  line: number;
  /** Index of the first point among all points of the writing. */
  start: number;
  /** Triples x, y, pen: corpus units from the page's upper left corner, y down; pen is 1 where a stroke ends. */
  points: Float32Array;
}

/** The paper of all pages, in corpus units: an x is 200 high. */
export interface Sheet {
  width: number;
  height: number;
  /** Millimetres of a corpus unit. */
  unit: number;
  /** Number of pages so far. */
  pages: number;
  /**
   * What is printed on each page; the last entry is that of all further pages. Heights of the horizontal rules, and
   * distances of the vertical ones from the left edge; `dotted`: there are dots where they cross, in their place.
   */
  rules: { across: number[]; upright: number[]; dotted: boolean }[];
  /** The number that is written on each page, as points like those of `PlacedInk`; empty where there is none. */
  numbers: Float32Array[];
}

/** A network that has been loaded. */
export interface Network {
  kind: "prediction" | "synthesis";
  /** Bytes of the file. */
  bytes: number;
  /** Hash of the file: a seed repeats its writing only with the same weights. */
  fingerprint: string;
  /** How it was trained, as far as the file says. */
  training: unknown;
  /** What it was trained on, and the terms of that. */
  corpus: string;
}

/** A part of a text that is written otherwise, or not at all. */
export interface Replacement {
  /** Where it is: `text.slice(start, end)`. */
  start: number;
  end: number;
  /** What is written in its place; `undefined` if nothing is. */
  by?: string;
}

/** What will be written. */
export interface Plan {
  kind: "prediction" | "synthesis";
  /** The pieces of the text that the network writes as one line each, wherever lines end on the page. */
  lines: string[];
  /** About how many lines the text takes on the page, blank ones included. */
  rows: number;
  /** Words that were broken with a hyphen because no line holds them. */
  broken: string[];
  /** Most characters in a line, or about how many fit. */
  columns: number;
  /** How many of the first points are ink that is continued (`Prime.drawn`). */
  drawnPoints: number;
  /** Characters that are written as others. */
  transliterated: [string, string][];
  /** Characters that cannot be written. */
  leftOut: string[];
  /** Milliseconds of pen time from point to point. */
  sampleMs: number;
  /** Hash of the network's file, as in `Network`. */
  fingerprint: string;
}

/**
 * Why a text ended: "stopped" is as it should be, "length" too where there is no text. "cap": a line
 * ran on and was cut.
 */
export type Finish = "stopped" | "length" | "cap" | "cancelled";
"#;

#[derive(Serialize)]
struct Network<'a> {
    kind: Kind,
    bytes: usize,
    fingerprint: String,
    training: &'a Value,
    corpus: &'a str,
}

#[derive(Serialize)]
struct Replacement {
    start: usize,
    end: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan<'a> {
    kind: Kind,
    lines: &'a [String],
    rows: usize,
    broken: &'a [String],
    columns: usize,
    drawn_points: usize,
    transliterated: &'a [(char, String)],
    left_out: &'a [char],
    sample_ms: f32,
    fingerprint: String,
}

/// The writer, and what has to be accessible while it is locked.
struct Shared {
    writer: Mutex<Writer>,
    canceller: Canceller,
    /// Number of the text that may continue; texts are numbered, so that an older one ends.
    current: Cell<u64>,
    /// Whether a pool of workers claims lines.
    has_pool: Cell<bool>,
    label: RefCell<String>,
    notice: RefCell<String>,
    /// Whether a GPU is to be looked for once there is a network to test it with.
    wants_gpu: Cell<bool>,
    /// Locked while a GPU is looked for and made ready.
    gpu: Arc<Mutex<()>>,
    files: Files,
    styles: RefCell<Vec<String>>,
    /// The synthesis network's; empty until one is loaded.
    alphabet: RefCell<Alphabet>,
    /// Hands that were measured, with their weights and settings.
    hands: RefCell<Vec<(Option<u64>, Settings, HandMeasure)>>,
}

/// Most hands whose measures are kept.
const MOST_HANDS: usize = 32;

impl Shared {
    /// Ends what is being written; returns the number of the next text.
    fn supersede(&self) -> u64 {
        self.canceller.cancel();
        self.current.set(self.current.get() + 1);
        self.current.get()
    }

    /// Makes a GPU ready in the background; the writer's CPU engine can write meanwhile.
    fn look_for_gpu(self: &Rc<Self>, weights: &Arc<Weights>) {
        let (shared, weights) = (self.clone(), Arc::clone(weights));
        let Some(looking) = self.gpu.try_lock_arc() else { return };
        wasm_bindgen_futures::spawn_local(async move {
            let ready = async {
                let gpu = remote_gpu::open(false, shared.files.clone()).await?;
                ReadyGpu::new(gpu, &weights, event_loop::milliseconds).await
            };
            match ready.await {
                Ok(ready) => shared.writer.lock().await.add_gpu(ready),
                Err(error) => *shared.notice.borrow_mut() = error.to_string(),
            }
            drop(looking);
        });
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
    /// Opens an engine. By default the CPU engine writes at once, and a hardware GPU, if there is one, takes over when it
    /// is ready ([`RunningHand::settled`]), with the same ink. If a GPU is wanted and cannot be used, the CPU writes, and
    /// `notice` says why.
    pub async fn open(
        #[wasm_bindgen(unchecked_optional_param_type = "EngineChoice")] engine: Option<String>,
    ) -> Result<RunningHand, JsError> {
        console_error_panic_hook::set_once();
        let choice: Choice = engine.as_deref().unwrap_or("auto").parse()?;
        let place = Place::find();
        let files = Files::default();
        let unavailable = |reason: &str| Some(Err(Error::GpuUnavailable(reason.into())));
        let opened = match (choice, place) {
            (Choice::Gpu, Place::BrowserWithGpu) => Some(remote_gpu::open(true, files.clone()).await),
            (Choice::Gpu, Place::Elsewhere) => unavailable("it needs a browser"),
            (Choice::Gpu | Choice::Auto, Place::BrowserWithoutGpu) => unavailable("this browser offers no WebGPU here"),
            _ => None,
        };
        let (engine, notice) = match opened {
            Some(Ok(gpu)) => (gpu, String::new()),
            Some(Err(error)) => (Engine::Cpu(CpuEngine::new()), error.to_string()),
            None => (Engine::Cpu(CpuEngine::new()), String::new()),
        };
        let mut writer = Writer::new(engine);
        writer.set_clock(event_loop::milliseconds);
        let shared = Shared {
            canceller: writer.canceller(),
            current: Cell::new(0),
            has_pool: Cell::new(false),
            label: RefCell::new(writer.engine_label()),
            notice: RefCell::new(notice),
            wants_gpu: Cell::new(choice == Choice::Auto && place == Place::BrowserWithGpu),
            gpu: Arc::default(),
            files,
            styles: RefCell::default(),
            alphabet: RefCell::default(),
            hands: RefCell::default(),
            writer: Mutex::new(writer),
        };
        Ok(Self { shared: Rc::new(shared) })
    }

    /// Downloads a network's weights file. `progress` gets the number of bytes that have come and their
    /// total, which is 0 if the server does not say. With a `kind`, a network of the other kind is refused.
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
        self.load_bytes(Uint8Array::from(bytes.as_slice()), file, kind).await
    }

    /// Takes a network from the bytes of a weights file, which must not be changed afterwards; `name` is for messages.
    #[wasm_bindgen(js_name = loadBytes, unchecked_return_type = "Network")]
    pub async fn load_bytes(
        &self,
        file: Uint8Array,
        name: &str,
        #[wasm_bindgen(unchecked_optional_param_type = "Network[\"kind\"]")] kind: Option<String>,
    ) -> Result<JsValue, JsError> {
        let bytes = &file.to_vec();
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
        let weights = Arc::new(weights);
        self.shared.files.keep(&weights, file);
        if weights.config.kind == Kind::Synthesis {
            self.shared.styles.borrow_mut().clone_from(&weights.config.styles);
            *self.shared.alphabet.borrow_mut() = Alphabet::new(&weights.config.alphabet);
            if self.shared.wants_gpu.take() {
                self.shared.look_for_gpu(&weights);
            }
        }
        self.shared.writer.lock().await.set_weights(weights);
        Ok(network)
    }

    /// Fulfilled when it is known which engines write: once a synthesis network is loaded and the GPU, if one was looked
    /// for, is ready or was refused.
    pub async fn settled(&self) {
        drop(self.shared.gpu.lock().await);
    }

    /// Begins to write; ends what is being written. Without text the prediction network writes.
    pub async fn write(
        &self,
        text: String,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Result<Writing, JsValue> {
        let (options, prime) = self.document_options(options)?;
        let number = self.shared.supersede();
        let mut writer = self.shared.writer.lock().await;
        let mut options = primed(options, prime, &writer, &text)?;
        writer.set_has_pool(self.shared.has_pool.get());
        if options.hand.is_none() && !text.trim().is_empty() {
            options.hand = Some(self.known_hand(&mut writer, &options.settings).await?);
        }
        let document = Document::start(&mut writer, &text, options).await?;
        self.shared.note(&writer);
        drop(writer);
        let finish = Cell::new(document.finish());
        let (lines, pages) = document.into_parts();
        let state = State {
            shared: self.shared.clone(),
            number,
            lines: Mutex::new(lines),
            pages: RefCell::new(pages),
            finish,
            doubtful: RefCell::default(),
            ink_came_at: Cell::new(0.0),
        };
        Ok(Writing { state: Rc::new(state) })
    }

    /// Ends what is being written; the ink written so far stays.
    pub fn cancel(&self) {
        self.shared.supersede();
    }

    /// Names of the hands that the loaded network knows.
    pub fn styles(&self) -> Vec<String> {
        self.shared.styles.borrow().clone()
    }

    /// What of a text the loaded network cannot write as it stands, in order of appearance, before it is written.
    #[wasm_bindgen(unchecked_return_type = "Replacement[]")]
    pub fn review(&self, text: &str) -> Result<JsValue, JsError> {
        let alphabet = self.shared.alphabet.borrow();
        if *alphabet == Alphabet::default() {
            return Err(Error::NotLoaded { kind: Kind::Synthesis.to_string() }.into());
        }
        let (mut place, mut units) = (0, 0);
        // JavaScript counts in units of UTF-16.
        let mut counted = |bytes: usize| {
            units += text.get(place..bytes).unwrap_or_default().encode_utf16().count();
            place = bytes;
            units
        };
        let found = crate::text::review(&alphabet, text).into_iter();
        let found: Vec<Replacement> = found
            .map(|part| Replacement { start: counted(part.range.start), end: counted(part.range.end), by: part.by })
            .collect();
        to_js(&found)
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

    /// The options without `prime`, and `prime` as it came.
    fn document_options(&self, options: JsValue) -> Result<(document::Options, Option<PrimeInk>), Error> {
        let (options, prime) = prime::taken_from(options)?;
        let mut fields = Fields::new(options)?;
        let style = options::page_style(&mut fields)?;
        let default = Settings::default();
        let own = fields.object("ownHand")?.map(own_hand).transpose()?;
        let settings = Settings {
            bias: fields.float("bias")?.unwrap_or(default.bias),
            temperature: fields.float("temperature")?.unwrap_or(default.temperature),
            seed: fields.whole("seed")?.unwrap_or(default.seed),
            style: self.style(fields.value("style"))?,
            blend: match fields.object("blend")? {
                Some(mut blend) => {
                    let (style, share) = (self.style(blend.value("style"))?, blend.float("share")?);
                    blend.finish()?;
                    let incomplete = || options::bad("blend", "expected { style, share }".into());
                    Some(style.zip(share).ok_or_else(incomplete)?)
                }
                None => None,
            },
            points: fields.count("points")?.unwrap_or(default.points),
            attempts: fields.count("attempts")?.unwrap_or(default.attempts),
            strength: own.as_ref().map_or(default.strength, |own| own.1),
            hand: own.map(|own| Arc::new(own.0)),
            ..default
        };
        let options = document::Options {
            settings,
            style,
            columns: fields.count("columns")?,
            hand: match fields.object("hand")? {
                Some(hand) => Some(options::hand(hand)?),
                None => None,
            },
            live: fields.flag("live")?,
            drawn: None,
        };
        fields.finish()?;
        Ok((options, prime))
    }

    /// What is known of the hand of these settings: measured before, or now.
    async fn known_hand(&self, writer: &mut Writer, settings: &Settings) -> Result<HandMeasure, Error> {
        let fingerprint = writer.weights(Kind::Synthesis).map(|weights| weights.fingerprint);
        let Settings { style, blend, strength, ref prime, ref hand, .. } = *settings;
        let (prime, hand) = (prime.clone(), hand.clone());
        let key = Settings { style, blend, prime, hand, strength, ..Settings::default() };
        let known = |hands: &[(Option<u64>, Settings, HandMeasure)]| {
            hands.iter().find(|(weights, of, _)| *weights == fingerprint && *of == key).map(|(.., hand)| *hand)
        };
        if let Some(hand) = known(&self.shared.hands.borrow()) {
            return Ok(hand);
        }
        let hand = measure_hand(writer, settings).await?;
        if writer.is_cancelled() {
            return Ok(hand);
        }
        let mut hands = self.shared.hands.borrow_mut();
        if hands.len() >= MOST_HANDS {
            hands.remove(0);
        }
        hands.push((fingerprint, key, hand));
        Ok(hand)
    }

    /// A hand by its name or its index.
    fn style(&self, style: Option<Value>) -> Result<Option<usize>, Error> {
        let styles = self.shared.styles.borrow();
        let Some(style) = style else { return Ok(None) };
        let found = match style.as_str() {
            Some(name) => styles.iter().position(|own| own == name),
            None => options::whole(&style).and_then(|index| usize::try_from(index).ok()),
        };
        match found {
            Some(index) => Ok(Some(index)),
            None => Err(options::bad("style", format!("there is no hand {style}; there are: {}", styles.join(", ")))),
        }
    }
}

/// State shared by a text, its iterator and its inspector.
struct State {
    shared: Rc<Shared>,
    number: u64,
    /// Locked while a line is awaited.
    lines: Mutex<LineStream>,
    /// Never borrowed across an `await`.
    pages: RefCell<Pages>,
    /// Why the text has ended, as of the last ink.
    finish: Cell<Option<Finish>>,
    /// Words that may be hard to read, likewise.
    doubtful: RefCell<Vec<String>>,
    /// When ink last came, in milliseconds.
    ink_came_at: Cell<f64>,
}

impl State {
    /// Places new ink, and ink that has been held back for too long.
    fn place(&self, ink: Vec<LineInk>) -> Vec<PlacedInk> {
        /// Milliseconds without ink after which ink that is held back is handed out, so that the pen need not wait.
        const PATIENCE: f64 = 400.0;
        let now = event_loop::milliseconds();
        let mut pages = self.pages.borrow_mut();
        let mut placed = pages.add(ink);
        if placed.is_empty() && pages.is_holding() && now - self.ink_came_at.get() > PATIENCE {
            placed.extend(pages.release());
        }
        if !placed.is_empty() {
            self.ink_came_at.set(now);
        }
        placed
    }
}

/// A text being written: `for await (const ink of writing)`. Each `ink` is a list of `PlacedInk`, maybe empty.
#[wasm_bindgen]
pub struct Writing {
    state: Rc<State>,
}

#[wasm_bindgen]
impl Writing {
    /// The text itself, for `for await`.
    #[wasm_bindgen(js_name = "[Symbol.asyncIterator]")]
    pub fn iterator(&self) -> Writing {
        Writing { state: self.state.clone() }
    }

    /// The next ink.
    #[wasm_bindgen(unchecked_return_type = "IteratorResult<PlacedInk[], undefined>")]
    pub async fn next(&self) -> Result<JsValue, JsError> {
        let state = &self.state;
        let mut lines = state.lines.lock().await;
        let mut writer = state.shared.writer.lock().await;
        if state.shared.current.get() != state.number {
            return result(None);
        }
        let ink = lines.next(&mut writer).await?;
        state.finish.set(lines.finish);
        if lines.finish.is_some() {
            state.doubtful.replace(state.pages.borrow().doubtful(&lines.faults));
        }
        state.shared.note(&writer);
        drop((lines, writer));
        let ink = ink.map(|ink| state.place(ink));
        // The CPU engine computes while JavaScript waits: let other tasks have their turn.
        event_loop::yield_to_event_loop().await;
        result(ink.as_deref())
    }

    /// Ends the writing: `for await` calls this when it is left early.
    #[wasm_bindgen(js_name = "return", unchecked_return_type = "IteratorResult<PlacedInk[], undefined>")]
    pub async fn end(&self) -> Result<JsValue, JsError> {
        if self.state.shared.current.get() == self.state.number {
            self.state.shared.supersede();
        }
        result(None)
    }

    /// What is written, and which characters are transliterated or left out.
    #[wasm_bindgen(getter, unchecked_return_type = "Plan")]
    pub fn plan(&self) -> Result<JsValue, JsError> {
        let pages = self.state.pages.borrow();
        to_js(&Plan {
            kind: pages.kind(),
            lines: pages.lines(),
            rows: pages.rows(),
            broken: pages.broken(),
            columns: pages.columns(),
            drawn_points: pages.drawn_points(),
            transliterated: &pages.text().transliterated,
            left_out: &pages.text().left_out,
            sample_ms: pages.weights().config.sample_ms,
            fingerprint: hex(pages.weights().fingerprint),
        })
    }

    /// Why the text ended; `undefined` while it is being written.
    #[wasm_bindgen(getter, unchecked_return_type = "Finish | undefined")]
    pub fn finish(&self) -> Option<String> {
        let superseded = self.state.shared.current.get() != self.state.number;
        let finish = self.state.finish.get().or(superseded.then_some(Finish::Cancelled))?;
        Some(name(finish).to_owned())
    }

    /// Words, as they were typed, that failed the engine's checks however often they were written anew: they may be hard
    /// to read. Complete when the text has ended.
    #[wasm_bindgen(getter)]
    pub fn doubtful(&self) -> Vec<String> {
        self.state.doubtful.borrow().clone()
    }
}

/// Where this runs, as far as a GPU is concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Node.js and the like.
    Elsewhere,
    BrowserWithoutGpu,
    BrowserWithGpu,
}

impl Place {
    fn find() -> Self {
        // Of a name that is not defined it is `undefined`.
        let part = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).unwrap_or_default();
        let global = js_sys::global();
        if ["Window", "WorkerGlobalScope"].iter().all(|name| part(&global, name).is_undefined()) {
            return Self::Elsewhere;
        }
        let gpu = part(&part(&global, "navigator"), "gpu");
        if gpu.is_object() { Self::BrowserWithGpu } else { Self::BrowserWithoutGpu }
    }
}

/// A learnt hand, and how much of it.
fn own_hand(mut fields: Fields) -> Result<(Hand, f32), Error> {
    let bad = || options::bad("ownHand", "is not as `learnHand` made it".into());
    let weights = fields.text("weights")?.and_then(|digits| u64::from_str_radix(&digits, 16).ok()).ok_or_else(bad)?;
    let number = |value: &Value| value.as_f64().map(|number| number as i16);
    let numbers = fields.value("numbers").and_then(|value| value.as_array()?.iter().map(number).collect());
    let hand = Hand { weights, numbers: numbers.ok_or_else(bad)? };
    let strength = fields.float("strength")?.unwrap_or(1.0);
    Ok((hand, strength))
}

/// The options with the priming ink, encoded for the network that will write `text`.
fn primed(
    mut options: document::Options,
    prime: Option<PrimeInk>,
    writer: &Writer,
    text: &str,
) -> Result<document::Options, Error> {
    if let Some(ink) = prime {
        options.settings.prime = Some(ink.prime(writer, text)?);
        options.drawn = ink.drawn();
    }
    Ok(options)
}

/// The result of an async iterator's `next`.
fn result(ink: Option<&[PlacedInk]>) -> Result<JsValue, JsError> {
    let object = Object::new();
    set(&object, "done", &ink.is_none().into())?;
    if let Some(ink) = ink {
        set(&object, "value", &layout::ink_to_js(ink)?)?;
    }
    Ok(object.into())
}

/// Sets a property of a plain object.
fn set(object: &Object, key: &str, value: &JsValue) -> Result<(), JsError> {
    match Reflect::set(object, &key.into(), value) {
        Ok(_) => Ok(()),
        Err(_) => Err(JsError::new("an object refused a property")),
    }
}

/// `Finish` as a string of the JavaScript type.
fn name(finish: Finish) -> &'static str {
    match finish {
        Finish::Stopped | Finish::WindowRule => "stopped",
        Finish::Length => "length",
        Finish::Cap => "cap",
        Finish::Cancelled => "cancelled",
    }
}

/// A file's hash in the form used by links and downloads.
fn hex(fingerprint: u64) -> String {
    format!("{fingerprint:016x}")
}

fn to_js(value: &impl Serialize) -> Result<JsValue, JsError> {
    // So that JSON objects become plain objects, not `Map`s.
    Ok(value.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
}

/// A JavaScript value as JSON; an empty object for `undefined` and `null`.
fn json(name: &str, value: JsValue) -> Result<Value, Error> {
    if value.is_undefined() || value.is_null() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let bad = |error: serde_wasm_bindgen::Error| Error::Setting { name: name.into(), problem: error.to_string() };
    serde_wasm_bindgen::from_value(value).map_err(bad)
}
