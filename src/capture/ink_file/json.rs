//! Ink as JSON: Running Hand's own, and that of other programs.

use super::{DEFAULT_MS, FileInk, InkFileError, timed};
use crate::capture::HandSample;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// A position, and its time in the file's unit if it has one.
type Place = (f64, f64, Option<f64>);
type Object = Map<String, Value>;

/// Objects within each other at most: groups of tldraw.
const MAX_PARENTS: usize = 50;

/// Reads JSON, or the first line of many.
pub(super) fn read(text: &str) -> Result<FileInk, InkFileError> {
    let unreadable = |error: serde_json::Error| InkFileError::Unreadable(error.to_string());
    // Lines after the first are other drawings.
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next().ok_or(InkFileError::NoInk)?.map_err(unreadable)?;
    let is_drawing = value.get("drawing").is_some();
    if !is_drawing && !text[values.byte_offset()..].trim().is_empty() {
        serde_json::from_str::<Value>(text).map_err(unreadable)?;
    }
    match value.get("format").and_then(Value::as_str) {
        Some("running-hand-ink") => return own(&value),
        Some("running-hand-sample") => return Ok(HandSample::from_json(text.as_bytes())?.into()),
        _ => {}
    }
    let strokes = match &value {
        Value::Object(object) => match () {
            () if object.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("excalidraw")) => {
                excalidraw(object)
            }
            () if is_tldraw(object) => tldraw(object),
            () if is_drawing => columns_of_each(&object["drawing"]),
            () => generic(&value, 0),
        },
        _ => generic(&value, 0),
    };
    if strokes.iter().all(Vec::is_empty) {
        return Err(if is_empty_ink(&value) { InkFileError::NoInk } else { InkFileError::OtherJson });
    }
    let text = ["text", "truth", "label", "transcription", "word"].iter().find_map(|key| value.get(key)?.as_str());
    Ok(FileInk { text: text.unwrap_or_default().to_owned(), strokes: timed(in_milliseconds(strokes), DEFAULT_MS) })
}

/// Whether it is ink of a known kind in which there is nothing yet.
fn is_empty_ink(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => {
            let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
            kind.starts_with("excalidraw") || is_tldraw(object) || LISTS.iter().any(|key| object.contains_key(*key))
        }
        _ => false,
    }
}

// --- Running Hand ------------------------------------------------------------------------------

fn own(file: &Value) -> Result<FileInk, InkFileError> {
    let version = file.get("version");
    if version.and_then(Value::as_f64) != Some(1.0) {
        let told = version.map_or_else(|| "undefined".into(), ToString::to_string);
        return Err(InkFileError::OtherVersion(super::shortened(&told)));
    }
    let strokes = file.get("strokes").and_then(Value::as_array).ok_or(InkFileError::Damaged("it has no strokes"))?;
    let step = file.get("sampleMs").and_then(Value::as_f64).filter(|step| *step > 0.0).unwrap_or(DEFAULT_MS);
    let mut read = Vec::new();
    for stroke in strokes {
        let points = stroke.as_array().ok_or(InkFileError::Damaged("a stroke is not a list of points"))?;
        let place = |point: &Value| match point.as_array().map(Vec::as_slice) {
            Some([x, y]) => Some((x.as_f64()?, y.as_f64()?, None)),
            _ => None,
        };
        let places: Option<Vec<Place>> = points.iter().map(place).collect();
        read.push(places.ok_or(InkFileError::Damaged("a point is not a pair of numbers"))?);
    }
    let text = file.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(FileInk { text, strokes: timed(read, step) })
}

// --- Excalidraw --------------------------------------------------------------------------------

/// Free-hand elements, whose points are relative to the element; also those of a library.
fn excalidraw(file: &Object) -> Vec<Vec<Place>> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut elements = list(file.get("elements"));
    for item in list(file.get("libraryItems").or_else(|| file.get("library"))) {
        elements.extend(item.as_array().cloned().unwrap_or_else(|| list(item.get("elements"))));
    }
    let stroke = |element: &Value| {
        let kind = element.get("type").and_then(Value::as_str)?;
        if !["freedraw", "draw"].contains(&kind) || element.get("isDeleted").and_then(Value::as_bool) == Some(true) {
            return None;
        }
        let number = |key: &str| element.get(key).and_then(Value::as_f64).unwrap_or(0.0);
        let points = places(element.get("points")?)?;
        let placed: Vec<Place> = points.iter().map(|&(x, y, _)| (x + number("x"), y + number("y"), None)).collect();
        Some(rotated(placed, number("angle")))
    };
    elements.iter().filter_map(stroke).collect()
}

/// Turned about the middle of their bounding box, by radians, clockwise.
fn rotated(points: Vec<Place>, angle: f64) -> Vec<Place> {
    if angle == 0.0 || points.is_empty() {
        return points;
    }
    let middle = |of: fn(&Place) -> f64| {
        let (low, high) = points.iter().map(of).fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
        f64::midpoint(low, high)
    };
    let (x, y) = (middle(|p| p.0), middle(|p| p.1));
    let about = Transform::rotation(angle).after_moving(-x, -y);
    points.iter().map(|&point| about.applied(point)).map(|(a, b, time)| (a + x, b + y, time)).collect()
}

// --- tldraw ------------------------------------------------------------------------------------

/// x' = a x + c y + e, y' = b x + d y + f.
#[derive(Clone, Copy)]
struct Transform([f64; 6]);

impl Transform {
    const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    fn rotation(angle: f64) -> Self {
        let (sin, cos) = (libm::sin(angle), libm::cos(angle));
        Self([cos, sin, -sin, cos, 0.0, 0.0])
    }

    fn applied(self, (x, y, time): Place) -> Place {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f, time)
    }

    /// This one after a translation.
    fn after_moving(self, dx: f64, dy: f64) -> Self {
        let (e, f, _) = self.applied((dx, dy, None));
        let [a, b, c, d, ..] = self.0;
        Self([a, b, c, d, e, f])
    }

    /// First `inner`, then this one.
    fn after(self, inner: Self) -> Self {
        let [a, b, c, d, e, f] = inner.0;
        let origin = self.applied((0.0, 0.0, None));
        let linear = |x, y| {
            let (x, y, _) = self.applied((x, y, None));
            (x - origin.0, y - origin.1)
        };
        let ((a, b), (c, d)) = (linear(a, b), linear(c, d));
        let (e, f, _) = self.applied((e, f, None));
        Self([a, b, c, d, e, f])
    }

    /// `{a, b, c, d, tx, ty}` or six numbers.
    fn of(value: &Value) -> Option<Self> {
        if let Some(numbers) = value.as_array() {
            let numbers: Option<Vec<f64>> = numbers.iter().map(Value::as_f64).collect();
            return Some(Self(numbers?.try_into().ok()?));
        }
        let number = |keys: [&str; 2]| keys.iter().find_map(|key| value.get(key)?.as_f64());
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|key| number([key, key]));
        Some(Self([a?, b?, c?, d?, number(["tx", "e"])?, number(["ty", "f"])?]))
    }
}

fn is_tldraw(file: &Object) -> bool {
    file.contains_key("tldrawFileFormatVersion")
        || (file.contains_key("schema") && (file.contains_key("store") || file.contains_key("records")))
        || file
            .get("document")
            .is_some_and(|document| document.get("store").is_some() || document.get("pages").is_some())
        || file.get("type").and_then(Value::as_str) == Some("application/tldraw")
        || file.get("shapes").and_then(Value::as_array).is_some_and(|shapes| {
            shapes.iter().any(|shape| shape.get("props").is_some_and(|props| props.get("segments").is_some()))
        })
}

/// Drawn shapes in the order in which they lie over each other, moved and turned with the groups that hold them.
fn tldraw(file: &Object) -> Vec<Vec<Place>> {
    let content = file.get("data").and_then(Value::as_object).unwrap_or(file);
    let document = content.get("document").and_then(Value::as_object).unwrap_or(content);
    if let Some(pages) = document.get("pages").and_then(Value::as_object) {
        return pages.values().flat_map(early_tldraw).collect();
    }
    let records: Vec<&Value> = match document.get("store").and_then(Value::as_object) {
        Some(store) => store.values().collect(),
        None => ["records", "shapes"]
            .iter()
            .find_map(|key| document.get(*key)?.as_array())
            .map(|records| records.iter().collect())
            .unwrap_or_default(),
    };
    let by_id: HashMap<&str, &Value> =
        records.iter().filter_map(|record| Some((record.get("id")?.as_str()?, *record))).collect();
    let mut drawn: Vec<(Vec<&str>, Vec<Place>)> = Vec::new();
    for shape in records.iter().filter(|record| record.get("type").and_then(Value::as_str) == Some("draw")) {
        let (mut order, mut placed, mut at) = (Vec::new(), Transform::IDENTITY, Some(*shape));
        while let Some(record) = at.filter(|_| order.len() < MAX_PARENTS) {
            let number = |key: &str| record.get(key).and_then(Value::as_f64).unwrap_or(0.0);
            let mut own = Transform::rotation(number("rotation"));
            (own.0[4], own.0[5]) = (number("x"), number("y"));
            placed = own.after(placed);
            order.push(record.get("index").and_then(Value::as_str).unwrap_or_default());
            at = record.get("parentId").and_then(Value::as_str).and_then(|id| by_id.get(id)).copied();
        }
        order.reverse();
        let Some(props) = shape.get("props") else { continue };
        let scale = |key: &str| props.get(key).and_then(Value::as_f64).unwrap_or(1.0);
        let segments = props.get("segments").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let points = segments.iter().filter_map(segment).flatten();
        let points = points.map(|(x, y, _)| placed.applied((x * scale("scaleX"), y * scale("scaleY"), None)));
        drawn.push((order, points.collect()));
    }
    drawn.sort_by(|(a, _), (b, _)| a.cmp(b));
    drawn.into_iter().map(|(_, stroke)| stroke).collect()
}

/// Shapes of a page of tldraw's first version.
fn early_tldraw(page: &Value) -> Vec<Vec<Place>> {
    let shapes = page.get("shapes").and_then(Value::as_object);
    let mut drawn: Vec<(f64, Vec<Place>)> = Vec::new();
    for shape in shapes.into_iter().flat_map(Map::values) {
        if shape.get("type").and_then(Value::as_str) != Some("draw") {
            continue;
        }
        let at = shape.get("point").and_then(place).unwrap_or((0.0, 0.0, None));
        let points = shape.get("points").and_then(places).unwrap_or_default();
        let order = shape.get("childIndex").and_then(Value::as_f64).unwrap_or(0.0);
        drawn.push((order, points.iter().map(|&(x, y, _)| (x + at.0, y + at.1, None)).collect()));
    }
    drawn.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    drawn.into_iter().map(|(_, stroke)| stroke).collect()
}

/// The points of a segment: a list, or Base64 of numbers of half precision, which `path` has as differences.
fn segment(segment: &Value) -> Option<Vec<Place>> {
    if let Some(path) = segment.get("path").and_then(Value::as_str) {
        let bytes = from_base64(path)?;
        let (first, rest) = bytes.split_first_chunk::<12>()?;
        let single =
            |at: usize| f64::from(f32::from_le_bytes([first[at], first[at + 1], first[at + 2], first[at + 3]]));
        let (mut x, mut y) = (single(0), single(4));
        let mut points = vec![(x, y, None)];
        for &[x0, x1, y0, y1, ..] in rest.as_chunks::<6>().0 {
            x += half::f16::from_le_bytes([x0, x1]).to_f64();
            y += half::f16::from_le_bytes([y0, y1]).to_f64();
            points.push((x, y, None));
        }
        return Some(points);
    }
    let points = segment.get("points")?;
    let Some(packed) = points.as_str() else { return places(points) };
    let number = |low, high| half::f16::from_le_bytes([low, high]).to_f64();
    let bytes = from_base64(packed)?;
    Some(bytes.as_chunks::<6>().0.iter().map(|&[a, b, c, d, ..]| (number(a, b), number(c, d), None)).collect())
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

// --- lists of points ---------------------------------------------------------------------------

/// Keys under which programs keep strokes, or what holds strokes.
const LISTS: [&str; 21] = [
    "strokes",
    "traces",
    "lines",
    "paths",
    "groups",
    "strokeGroups",
    "pages",
    "layers",
    "items",
    "children",
    "attrs",
    "elements",
    "objects",
    "events",
    "drawing",
    "ink",
    "data",
    "points",
    "path",
    "content",
    "canvas",
];

/// Strokes anywhere in a value: lists of points, or objects with such a list.
fn generic(value: &Value, depth: usize) -> Vec<Vec<Place>> {
    if depth > MAX_PARENTS {
        return Vec::new();
    }
    if let Some(stroke) = stroke(value) {
        return vec![stroke];
    }
    match value {
        Value::Array(items) => items.iter().flat_map(|item| generic(item, depth + 1)).collect(),
        Value::Object(object) => {
            LISTS.iter().filter_map(|key| object.get(*key)).flat_map(|value| generic(value, depth + 1)).collect()
        }
        _ => Vec::new(),
    }
}

fn stroke(value: &Value) -> Option<Vec<Place>> {
    if let Some(places) = places(value) {
        return Some(places);
    }
    let object = value.as_object()?;
    let inner = ["points", "path", "samples"].iter().find_map(|key| {
        let list = object.get(*key)?;
        let within = || places(list.get("points").or_else(|| list.get("controlPoints"))?);
        places(list).or_else(|| flat(list)).or_else(within)
    });
    let stroke = inner.or_else(|| {
        let list = |keys: [&str; 2]| keys.iter().find_map(|key| object.get(*key));
        columns(list(["x", "X"])?, list(["y", "Y"])?, list(["t", "T"]).or_else(|| list(["time", "times"])))
    })?;
    let placed = object.get("transform").and_then(Transform::of).unwrap_or(Transform::IDENTITY);
    Some(stroke.into_iter().map(|point| placed.applied(point)).collect())
}

/// A list of points, not empty; `None` if anything in it is none. A third number of a list is a time if it runs on, which
/// a pressure does not.
fn places(value: &Value) -> Option<Vec<Place>> {
    let list = value.as_array().filter(|list| !list.is_empty())?;
    let mut places: Vec<Place> = list.iter().map(place).collect::<Option<_>>()?;
    if list[0].is_array() {
        let times: Option<Vec<f64>> = places.iter().map(|place| place.2).collect();
        let is_time = times.is_some_and(|times| {
            times.is_sorted()
                && times.last().zip(times.first()).is_some_and(|(last, first)| *last > 1.0 && last > first)
        });
        if !is_time {
            places.iter_mut().for_each(|place| place.2 = None);
        }
    }
    Some(places)
}

fn place(value: &Value) -> Option<Place> {
    if let Some(numbers) = value.as_array() {
        let (x, y) = (numbers.first()?.as_f64()?, numbers.get(1)?.as_f64()?);
        return Some((x, y, numbers.get(2).and_then(Value::as_f64)));
    }
    let object = value.as_object()?;
    let number = |keys: &[&str]| keys.iter().find_map(|key| object.get(*key)?.as_f64());
    // PencilKit has seconds since the stroke's first point.
    let time = number(&["t", "T", "time", "Time", "timestamp", "ms"]);
    let time = time.or_else(|| number(&["timeOffset"]).map(|seconds| seconds * 1000.0));
    if let (Some(x), Some(y)) = (number(&["x", "X"]), number(&["y", "Y"])) {
        return Some((x, y, time));
    }
    let inner = ["location", "position", "point", "pos"].iter().find_map(|key| object.get(*key))?;
    let (x, y, _) = place(inner)?;
    Some((x, y, time))
}

/// A stroke from the numbers x, y, x, y and so on.
fn flat(list: &Value) -> Option<Vec<Place>> {
    let numbers: Vec<f64> = list.as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?;
    let (pairs, rest) = numbers.as_chunks::<2>();
    (rest.is_empty() && !pairs.is_empty()).then(|| pairs.iter().map(|&[x, y]| (x, y, None)).collect())
}

/// A stroke from lists of its x, its y and perhaps its times.
fn columns(x: &Value, y: &Value, times: Option<&Value>) -> Option<Vec<Place>> {
    let (x, y) = (x.as_array()?, y.as_array()?);
    let times = times.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let time = |at: usize| times.get(at).and_then(Value::as_f64);
    let place = |(at, (x, y)): (usize, (&Value, &Value))| Some((x.as_f64()?, y.as_f64()?, time(at)));
    x.iter().zip(y).enumerate().map(place).collect()
}

/// Strokes that are each lists of x, y and perhaps times.
fn columns_of_each(drawing: &Value) -> Vec<Vec<Place>> {
    let strokes = drawing.as_array().map(Vec::as_slice).unwrap_or_default();
    strokes.iter().filter_map(|stroke| columns(stroke.get(0)?, stroke.get(1)?, stroke.get(2))).collect()
}

/// Converts times by how far apart samples are, which digitisers take every 2 to 50 ms: files do not say their unit.
fn in_milliseconds(mut strokes: Vec<Vec<Place>>) -> Vec<Vec<Place>> {
    let steps = strokes.iter().flat_map(|stroke| stroke.windows(2)).filter_map(|pair| Some(pair[1].2? - pair[0].2?));
    let (sum, count) =
        steps.filter(|step| *step > 0.0).fold((0.0, 0.0), |(sum, count), step| (sum + step, count + 1.0));
    let factor = match sum / count {
        mean if mean < 0.3 => 1000.0,
        mean if mean > 1e6 => 1e-6,
        mean if mean > 1500.0 => 1e-3,
        _ => 1.0,
    };
    for time in strokes.iter_mut().flatten().filter_map(|place| place.2.as_mut()) {
        *time *= factor;
    }
    strokes
}
