//! Pages, for JavaScript: their sheets, laying ink out again, and exporting it.

use super::options::{Fields, frame, page_style_of};
use super::{RunningHand, Writing, set, to_js};
use crate::document::{self, Extent, LETTER_WIDTH, PageNumber, PlacedInk, Ruling};
use crate::error::Error;
use crate::export;
use js_sys::{Array, Float32Array, Object, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** Which part of a page is exported, and how large. */
export interface FrameOptions {
  /** Only the ink, with 2 mm around it, rather than the whole sheet. Default false. */
  crop?: boolean;
  /** Width of the result in mm. Default: its natural size. */
  width?: number;
  /** Leaves out this point and all later ones, counted over all pages: those that the pen has not drawn yet. */
  end?: number;
  /** Whether SVG shows the lines printed on the paper. Default false: the ink alone, as plotters want it. */
  rules?: boolean;
}

/** Where a page's ink lies, in mm; `scale` is the millimetres of a corpus unit. */
export interface Frame {
  width: number;
  height: number;
  x: number;
  y: number;
  scale: number;
}
"#;

/// `Sheet`, without its numbers.
#[derive(Debug, Serialize)]
struct Sheet {
    width: f64,
    height: f64,
    unit: f64,
    pages: usize,
    rules: Vec<Rules>,
}

#[derive(Debug, Serialize)]
struct Rules {
    across: Vec<f64>,
    upright: Vec<f64>,
    dotted: bool,
}

impl Sheet {
    /// As JavaScript has it, with the numbers of the pages that have one.
    fn to_js(&self, numbers: &[Option<PageNumber>]) -> Result<JsValue, JsError> {
        let object = to_js(self)?;
        let list = Array::new();
        for number in numbers {
            let points = number.as_ref().map_or(&[][..], |number| &number.points);
            list.push(&Float32Array::from(points.as_flattened()));
        }
        set(object.unchecked_ref(), "numbers", &list)?;
        Ok(object)
    }

    fn new(sheet: &document::Sheet, ruling: Ruling, pages: usize) -> Self {
        let rules = |page: usize| {
            let [across, upright] = sheet.rules(ruling, page);
            Rules { across, upright, dotted: ruling == Ruling::Dotted }
        };
        let kinds = if sheet.first(0) == sheet.first(1) { 1 } else { 2 };
        let &document::Sheet { width, height, unit, .. } = sheet;
        Self { width, height, unit, pages, rules: (0..kinds).map(rules).collect() }
    }
}

/// `Frame`.
#[derive(Debug, Serialize)]
struct FrameInMm {
    width: f32,
    height: f32,
    x: f32,
    y: f32,
    scale: f32,
}

/// A list of `PlacedInk`.
pub fn ink_to_js(ink: &[PlacedInk]) -> Result<JsValue, JsError> {
    let list = Array::new();
    for PlacedInk { page, line, start, points } in ink {
        let object = Object::new();
        set(&object, "page", &(*page).into())?;
        set(&object, "line", &(*line).into())?;
        set(&object, "start", &(*start).into())?;
        set(&object, "points", &Float32Array::from(points.as_flattened()))?;
        list.push(&object);
    }
    Ok(list.into())
}

#[wasm_bindgen]
impl Writing {
    /// The sheet as it is now: one that grows with the ink may become larger whenever ink comes.
    #[wasm_bindgen(getter, unchecked_return_type = "Sheet")]
    pub fn sheet(&self) -> Result<JsValue, JsError> {
        let pages = self.state.pages.borrow();
        let layout = pages.layout();
        let numbers: Vec<_> = (0..layout.pages()).map(|page| layout.page_number(page)).collect();
        Sheet::new(layout.sheet(), layout.style().ruling, layout.pages()).to_js(&numbers)
    }

    /// Lays the ink out with other options, and returns all of it; number and order of the points stay the same. Later
    /// ink is laid out with the same options.
    #[wasm_bindgen(js_name = layOut, unchecked_return_type = "PlacedInk[]")]
    pub fn lay_out(
        &self,
        #[wasm_bindgen(unchecked_param_type = "LayoutOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let style = page_style_of(options)?;
        let mut pages = self.state.pages.borrow_mut();
        pages.lay_out(style)?;
        Ok(ink_to_js(&pages.layout().ink().collect::<Vec<_>>())?)
    }

    /// Removes all but the first `count` points, as if the pen had been stopped there. Of a text that is being
    /// written, cancel the rest first.
    pub fn truncate(&self, count: usize) {
        self.state.pages.borrow_mut().truncate(count);
    }

    /// Where a page's ink lies in an export.
    #[wasm_bindgen(unchecked_return_type = "Frame")]
    pub fn frame(
        &self,
        page: usize,
        #[wasm_bindgen(unchecked_optional_param_type = "FrameOptions")] options: JsValue,
    ) -> Result<JsValue, JsError> {
        let mut fields = Fields::new(options)?;
        let frame = frame(&mut fields)?;
        fields.finish()?;
        let export::Layout { width, height, x, y, scale } = self.state.pages.borrow().frame(page, frame)?;
        to_js(&FrameInMm { width, height, x, y, scale })
    }

    /// A page as SVG to be shown in a web page: one unfilled path per stroke, in corpus units, cropped to the ink.
    #[wasm_bindgen(js_name = toSvg)]
    pub fn to_svg(&self, page: Option<usize>) -> String {
        export::svg(&self.state.pages.borrow().ink(page.unwrap_or(0), None))
    }
}

/// An error as it is thrown. Those that visitors meet also have a code and values, to be said in other languages.
impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        let thrown = JsValue::from(JsError::new(&error.to_string()));
        // New objects refuse nothing.
        let set = |object: &JsValue, key: &str, value: JsValue| _ = Reflect::set(object, &key.into(), &value);
        match error {
            Error::Layout { name, code, values, .. } => {
                let object = JsValue::from(Object::new());
                set(&object, "name", name.into());
                values.into_iter().for_each(|(key, value)| set(&object, key, value.into()));
                set(&thrown, "code", code.into());
                set(&thrown, "values", object);
            }
            Error::NothingToWrite => set(&thrown, "code", "nothingToWrite".into()),
            _ => {}
        }
        thrown
    }
}

#[wasm_bindgen]
impl RunningHand {
    /// A sheet without ink.
    #[wasm_bindgen(js_name = emptySheet, unchecked_return_type = "Sheet")]
    pub fn empty_sheet(
        #[wasm_bindgen(unchecked_param_type = "LayoutOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let style = page_style_of(options)?;
        Ok(Sheet::new(&document::Sheet::new(&style, Extent::default()), style.ruling, 1).to_js(&[])?)
    }

    /// How many characters fit in a line, if they are `letterWidth` corpus units wide on average.
    #[wasm_bindgen(js_name = fittingColumns)]
    pub fn fitting_columns(
        #[wasm_bindgen(unchecked_param_type = "LayoutOptions")] options: JsValue,
        letter_width: Option<f64>,
    ) -> Result<usize, JsError> {
        let style = page_style_of(options)?;
        Ok(style.columns(letter_width.filter(|_| style.paper.is_some()).unwrap_or(LETTER_WIDTH)))
    }
}
