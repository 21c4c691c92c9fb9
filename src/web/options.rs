//! Options objects from JavaScript, entry by entry.
//!
//! Not by serde's derived code, which takes some kilobytes of the module for each struct.

use super::json;
use crate::document::{CROP_MARGIN, Frame, PageStyle, Paper};
use crate::error::Error;
use serde_json::{Map, Value};
use wasm_bindgen::JsValue;

/// The entries of an options object that have not been read yet.
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
    pub fn value(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key).filter(|value| !value.is_null())
    }

    /// An entry that is an object itself.
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

    pub fn number(&mut self, key: &str) -> Result<Option<f64>, Error> {
        self.typed(key, "a number", Value::as_f64)
    }

    /// A number, in the precision of the networks.
    pub fn float(&mut self, key: &str) -> Result<Option<f32>, Error> {
        Ok(self.number(key)?.map(|number| number as f32))
    }

    pub fn whole(&mut self, key: &str) -> Result<Option<u64>, Error> {
        self.typed(key, "a whole number that is not negative", whole)
    }

    pub fn count(&mut self, key: &str) -> Result<Option<usize>, Error> {
        Ok(self.whole(key)?.map(|number| usize::try_from(number).unwrap_or(usize::MAX)))
    }

    pub fn flag(&mut self, key: &str) -> Result<bool, Error> {
        Ok(self.typed(key, "true or false", Value::as_bool)?.unwrap_or_default())
    }

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
            let named = || paper.as_str().and_then(Paper::named);
            match sides.as_deref() {
                Some(&[width, height]) => Some(Paper::new(width, height)?),
                _ => Some(named().map(|paper| if turned { paper.landscape() } else { paper }).ok_or_else(|| {
                    bad("paper", format!("{paper} is none of free, a4, letter, card and [width, height] in mm"))
                })?),
            }
        }
    };
    let paper = match (paper, fields.number("margin")?) {
        (Some(paper), Some(margin)) => Some(paper.with_margin(margin)?),
        (paper, _) => paper,
    };
    let style = PageStyle {
        paper,
        ruling: fields.text("ruling")?.as_deref().unwrap_or("plain").parse()?,
        slant: fields.number("slant")?.unwrap_or_default(),
        unsteadiness: fields.number("unsteadiness")?.unwrap_or_default(),
        max_rows: fields.count("rows")?.unwrap_or(usize::MAX).max(1),
        ..PageStyle::default()
    };
    match fields.number("size")? {
        Some(size) => style.with_size(size),
        None => Ok(style),
    }
}

pub fn page_style_of(options: JsValue) -> Result<PageStyle, Error> {
    let mut fields = Fields::new(options)?;
    let style = page_style(&mut fields)?;
    fields.finish()?;
    Ok(style)
}

/// Reads `FrameOptions`.
pub fn frame(fields: &mut Fields) -> Result<Frame, Error> {
    let crop = fields.flag("crop")?.then_some(CROP_MARGIN);
    Ok(Frame { crop, width: fields.float("width")?, end: fields.count("end")? })
}
