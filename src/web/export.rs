//! Pages as files, for JavaScript: by another module (`sheet_file.rs`), which is loaded when a file is first asked for.

use super::options::{Fields, frame};
use super::{Writing, set};
use crate::document::Frame;
use crate::export::{Format, Layout, Options, PageNumber, Rules, Word};
use js_sys::{Array, Float32Array, Object, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r##"
/**
 * "svg": one unfilled path per stroke, as plotters like them; "outline": filled outlines, wider where
 * the pen was slower; "animated": SVG that is written before one's eyes; "gcode": for pen plotters;
 * "hpgl": for old plotters; "inkml": W3C Ink Markup Language; "lottie": an animation; "json": see `docs/ink.schema.json`.
 */
export type ExportFormat = "svg" | "outline" | "animated" | "gcode" | "hpgl" | "inkml" | "lottie" | "json";

/** What a format has no use for is ignored. */
export interface ExportOptions {
  /** As in CSS. Default "#1a1a2e". */
  color?: string;
  /** In mm at the natural size. Default 0.25. */
  lineWidth?: number;
  /** How many times as fast as the hand the animation goes. Default 1. */
  speed?: number;
  /** How the plotter moves. */
  gcode?: {
    /** The controller's firmware. Default "grbl". */
    dialect?: "grbl" | "grblhal" | "marlin";
    /** In mm a minute. Default 1500. */
    feed?: number;
    /** The Z axis, or a servo in the spindle's place (`M3 S…`; `M5` for 0). Default "z". */
    lift?: "z" | "servo";
    /** Height of the lifted pen in mm, default 3, or the servo's number. */
    up?: number;
    /** Height of the pen on paper in mm, default 0, or the servo's number. */
    down?: number;
    /** Seconds to wait after the pen was lifted or set down. Default 0. */
    dwell?: number;
    /** Seconds that the pen rests on the paper for a dot. Default 0.1. */
    dot?: number;
  };
  /** Whether SVG, G-code and HPGL have their strokes in the order of least travel of the lifted pen. Default false. */
  optimise?: boolean;
  /** What else determined the ink, to be kept with it in JSON: a plain object. */
  settings?: object;
}
"##;

#[wasm_bindgen(module = "/src/web/load.js")]
extern "C" {
    /// `fileOfPage` of the other module, once it is loaded.
    #[wasm_bindgen(js_name = fileOfPage)]
    fn file_of_page(page: &Object, format: &str, options: &JsValue) -> Promise;
}

#[wasm_bindgen]
impl Writing {
    /// A page as a file, with the ink that it has now.
    #[wasm_bindgen(js_name = exportPage, unchecked_return_type = "Promise<string>")]
    pub fn export_page(
        &self,
        page: usize,
        #[wasm_bindgen(unchecked_param_type = "ExportFormat")] format: &str,
        #[wasm_bindgen(unchecked_optional_param_type = "ExportOptions & FrameOptions")] options: JsValue,
    ) -> Result<Promise, JsError> {
        let parsed: Format = format.parse()?;
        // The other module refuses what neither of them knows.
        let frame = frame(&mut Fields::new(options.clone())?)?;
        Ok(file_of_page(&self.page_to_js(page, parsed, frame)?, format, &options))
    }

    /// `PageToExport` of `sheet_file.rs`.
    fn page_to_js(&self, page: usize, format: Format, frame: Frame) -> Result<Object, JsError> {
        // What the width of a line is multiplied by.
        let options = Options { line_width: 1.0, ..Options::default() };
        let (ink, options) = self.state.pages.borrow().page_to_export(page, format, &options, frame)?;
        let Options { layout, line_width, sample_ms, text, words, page_number, rules, .. } = options;
        let object = Object::new();
        let points: Vec<f32> = ink
            .strokes
            .iter()
            .flat_map(|stroke| {
                let last = stroke.len().saturating_sub(1);
                stroke.iter().enumerate().flat_map(move |(n, p)| [p.x, p.y, f32::from(u8::from(n == last))])
            })
            .collect();
        set(&object, "points", &Float32Array::from(points.as_slice()))?;
        if let Some(Layout { width, height, x, y, scale }) = layout {
            set(&object, "layout", &Float32Array::from([width, height, x, y, scale].as_slice()))?;
        }
        set(&object, "lineFactor", &line_width.into())?;
        set(&object, "sampleMs", &sample_ms.into())?;
        set(&object, "text", &text.into())?;
        let list = Array::new();
        for Word { text, page, line, first, last } in words {
            let numbers = [page, line, first, last].map(JsValue::from);
            list.push(&[JsValue::from(text)].into_iter().chain(numbers).collect::<Array>());
        }
        set(&object, "words", &list)?;
        if let Some(PageNumber { text, first, last }) = page_number {
            let number: Array = [JsValue::from(text), first.into(), last.into()].into_iter().collect();
            set(&object, "pageNumber", &number)?;
        }
        if let Some(Rules { across, upright, dotted }) = rules {
            let list = |places: Vec<f32>| JsValue::from(Float32Array::from(places.as_slice()));
            let rules: Array = [list(across), list(upright), dotted.into()].into_iter().collect();
            set(&object, "rules", &rules)?;
        }
        Ok(object)
    }
}
