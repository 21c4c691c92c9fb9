//! Options objects from JavaScript, entry by entry.
//!
//! Not by serde's derived code, which takes some kilobytes of the module for each struct.

use super::json;
use crate::document::{CROP_MARGIN, Frame, HandMeasure, Margins, PageStyle, Paper};
use crate::error::Error;
use serde_json::{Map, Value};
use wasm_bindgen::JsValue;

/// The entries of an options object that have not been read yet. Its methods are not inlined: there are many options.
pub struct Fields(Map<String, Value>);

impl Fields {
    /// The entries of an object; none of `undefined` and `null`.
    pub fn new(options: JsValue) -> Result<Self, Error> {
        Self::of("options", json("options", options)?)
    }

    fn of(name: &str, value: Value) -> Result<Self, Error> {
        match value {
            Value::Object(map) => Ok(Self(map)),
            Value::Null => Ok(Self(Map::new())),
            other => Err(bad(name, format!("expected an object, found {other}"))),
        }
    }

    /// An entry of any type; `None` if it is missing or null.
    #[inline(never)]
    pub fn value(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key).filter(|value| !value.is_null())
    }

    /// An entry that is an object itself.
    #[inline(never)]
    pub fn object(&mut self, key: &str) -> Result<Option<Self>, Error> {
        self.value(key).map(|value| Self::of(key, value)).transpose()
    }

    fn typed<T>(&mut self, key: &str, kind: &str, read: fn(&Value) -> Option<T>) -> Result<Option<T>, Error> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match read(&value) {
            Some(found) => Ok(Some(found)),
            None => Err(bad("options", format!("{key}: {value} is not {kind}"))),
        }
    }

    #[inline(never)]
    pub fn number(&mut self, key: &str) -> Result<Option<f64>, Error> {
        self.typed(key, "a number", Value::as_f64)
    }

    /// A number, in the precision of the networks.
    pub fn float(&mut self, key: &str) -> Result<Option<f32>, Error> {
        Ok(self.number(key)?.map(|number| number as f32))
    }

    #[inline(never)]
    pub fn whole(&mut self, key: &str) -> Result<Option<u64>, Error> {
        self.typed(key, "a whole number that is not negative", whole)
    }

    pub fn count(&mut self, key: &str) -> Result<Option<usize>, Error> {
        Ok(self.whole(key)?.map(|number| usize::try_from(number).unwrap_or(usize::MAX)))
    }

    #[inline(never)]
    pub fn flag_or(&mut self, key: &str, default: bool) -> Result<bool, Error> {
        Ok(self.typed(key, "true or false", Value::as_bool)?.unwrap_or(default))
    }

    pub fn flag(&mut self, key: &str) -> Result<bool, Error> {
        self.flag_or(key, false)
    }

    #[inline(never)]
    pub fn text(&mut self, key: &str) -> Result<Option<String>, Error> {
        self.typed(key, "a text", |value| value.as_str().map(str::to_owned))
    }

    /// Refuses entries that have not been read, such as misspelt keys.
    pub fn finish(self) -> Result<(), Error> {
        match self.0.keys().next() {
            Some(key) => Err(bad("options", format!("there is no option {key:?}"))),
            None => Ok(()),
        }
    }
}

/// A whole number, which may come from JavaScript as a floating-point one.
pub fn whole(value: &Value) -> Option<u64> {
    const MAX: f64 = 9_007_199_254_740_991.0;
    let number = || value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=MAX).contains(number));
    value.as_u64().or_else(|| number().map(|number| number as u64))
}

#[cold]
pub fn bad(name: &str, problem: String) -> Error {
    Error::Setting { name: name.into(), problem }
}

/// Reads `LayoutOptions`.
pub fn page_style(fields: &mut Fields) -> Result<PageStyle, Error> {
    let turned = match fields.text("orientation")?.as_deref() {
        None | Some("portrait") => false,
        Some("landscape") => true,
        Some(other) => return Err(bad("orientation", format!("{other:?} is neither portrait nor landscape"))),
    };
    let paper = match fields.value("paper") {
        None => None,
        Some(paper) if paper == "free" => None,
        Some(paper) => {
            let sides = paper.as_array().map(|sides| sides.iter().filter_map(Value::as_f64).collect::<Vec<_>>());
            let paper: Paper = match (sides.as_deref(), paper.as_str()) {
                (Some(&[width, height]), _) => Paper::new(width, height)?,
                (_, Some(name)) => name.parse()?,
                _ => return Err(bad("paper", format!("{paper} is neither a text nor [width, height] in mm"))),
            };
            let paper = if turned { paper.landscape() } else { paper };
            Some(paper)
        }
    };
    let margin = fields.value("margin");
    let (first_top, mirrored) = (fields.number("firstTop")?, fields.flag("mirrorMargins")?);
    let paper = match paper {
        None => None,
        Some(paper) => Some(Paper { first_top, mirrored, ..with_margin(paper, margin)? }),
    };
    let style = PageStyle {
        paper,
        ruling: fields.text("ruling")?.as_deref().unwrap_or("plain").parse()?,
        slant: fields.number("slant")?.unwrap_or_default(),
        wander: fields.number("wander")?.unwrap_or_default(),
        max_rows: fields.count("rows")?.unwrap_or(usize::MAX).max(1),
        page_numbers: fields.flag_or("pageNumbers", true)?,
        ..PageStyle::default()
    };
    let style = style.with_size(fields.number("size")?, fields.number("pitch")?)?;
    style.validate()?;
    Ok(style)
}

/// Reads `LayoutOptions["margin"]`.
fn with_margin(paper: Paper, margin: Option<Value>) -> Result<Paper, Error> {
    let Some(margin) = margin else { return Ok(paper) };
    if let Some(margin) = margin.as_f64() {
        return paper.with_margin(margin);
    }
    if !margin.is_object() {
        return Err(bad("margin", format!("{margin} is neither a number nor {{ top, right, bottom, left }} in mm")));
    }
    let mut fields = Fields::of("margin", margin)?;
    let Margins { top, right, bottom, left } = paper.margins;
    let margins = Margins {
        top: fields.number("top")?.unwrap_or(top),
        right: fields.number("right")?.unwrap_or(right),
        bottom: fields.number("bottom")?.unwrap_or(bottom),
        left: fields.number("left")?.unwrap_or(left),
    };
    fields.finish()?;
    Ok(Paper { margins, ..paper })
}

pub fn page_style_of(options: JsValue) -> Result<PageStyle, Error> {
    let mut fields = Fields::new(options)?;
    let style = page_style(&mut fields)?;
    fields.finish()?;
    Ok(style)
}

/// Reads `HandMeasure`.
pub fn hand(mut fields: Fields) -> Result<HandMeasure, Error> {
    let mut number = |key| fields.number(key)?.ok_or_else(|| bad("hand", format!("{key} is missing")));
    let hand = HandMeasure {
        x_height: number("xHeight")?,
        letter: number("letter")?,
        gap: number("gap")?,
        letter_gap: number("letterGap")?,
        lean: number("lean")?,
    };
    fields.finish()?;
    Ok(hand)
}

/// Reads `FrameOptions`.
pub fn frame(fields: &mut Fields) -> Result<Frame, Error> {
    let crop = fields.flag("crop")?.then_some(CROP_MARGIN);
    Ok(Frame { crop, width: fields.float("width")?, end: fields.count("end")?, rules: fields.flag("rules")? })
}
