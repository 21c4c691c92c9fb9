//! W3C Ink Markup Language, <https://www.w3.org/TR/InkML/>.
//!
//! The format of a trace is that of its context: the one it refers to, or that of the group around it, or the current
//! one, which elements outside of `definitions` change. A context inherits what it does not say from the one that it
//! refers to.

use super::{DEFAULT_MS, FileInk, InkFileError, MAX_DEPTH, Sample, shortened};
use roxmltree::{Document, Node};
use std::collections::{HashMap, HashSet};

type Element<'a> = Node<'a, 'a>;

/// What a context says about the coordinates of its traces.
#[derive(Clone, Copy, Default)]
struct Context<'a> {
    /// `None` is the default format: X, Y.
    format: Option<Element<'a>>,
    source: Option<Element<'a>>,
    transform: Option<Element<'a>>,
}

/// What a channel holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    X,
    Y,
    Time,
    /// Whether the pen touches the paper.
    Tip,
    Other,
}

/// A channel of a format.
struct Channel<'a> {
    role: Role,
    /// Factor from the file's unit: to milliseconds, or -1 for the other direction.
    scale: f64,
    /// Millimetres of the unit, if it is one of length.
    unit: Option<f64>,
    /// The timestamp that times are relative to.
    timestamp: Option<&'a str>,
    /// Whether samples may leave it out.
    intermittent: bool,
}

/// Reads all traces, and what they say.
pub(super) fn read<'a>(document: &'a Document<'a>) -> Result<FileInk, InkFileError> {
    let root = document.root_element();
    let ids: HashMap<&str, Element<'_>> = root.descendants().filter_map(|node| Some((id_of(node)?, node))).collect();
    let named = |name: &'static str| root.descendants().filter(move |node| is(*node, name));
    let mut reader = Reader {
        formats: named("traceFormat").take(MAX_DEPTH).collect(),
        source: named("inkSource").next(),
        ids,
        unit: None,
        strokes: Vec::new(),
        by_id: HashMap::new(),
        count: 0.0,
        read: HashSet::new(),
    };
    reader.children(root, None, 0)?;
    if reader.strokes.is_empty() {
        // Nothing refers to the traces that are only defined.
        for trace in root.descendants().filter(|node| node.tag_name().name() == "trace") {
            reader.trace(trace, Context::default(), None)?;
        }
    }
    Ok(FileInk { text: annotated(root, 0), strokes: reader.strokes })
}

fn id_of<'a>(node: Element<'a>) -> Option<&'a str> {
    node.attribute((roxmltree::NS_XML_URI, "id")).or_else(|| node.attribute("id"))
}

fn is(node: Element<'_>, name: &str) -> bool {
    node.tag_name().name() == name
}

fn child<'a>(node: Element<'a>, name: &str) -> Option<Element<'a>> {
    node.children().find(|child| is(*child, name))
}

/// All text within an element: comments may divide it.
fn text_within(node: Element<'_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|text| text.text()).collect()
}

/// The text that an element's own annotation gives, or else those of the groups and views in it.
fn annotated(node: Element<'_>, depth: usize) -> String {
    let is_text = |kind: &str| ["truth", "transcription", "label", "text"].iter().any(|k| kind.eq_ignore_ascii_case(k));
    let own = node
        .children()
        .filter(|child| is(*child, "annotation"))
        .find(|child| child.attribute("type").is_some_and(|kind| is_text(kind.trim())));
    if let Some(own) = own {
        return text_within(own);
    }
    let parts = node.children().filter(|child| is(*child, "traceGroup") || is(*child, "traceView"));
    let texts = parts.take_while(|_| depth < MAX_DEPTH).map(|part| annotated(part, depth + 1));
    texts.filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join(" ")
}

struct Reader<'a> {
    /// The first formats of the file, and its first source: looked up once, because a file may have very many traces.
    formats: Vec<Element<'a>>,
    source: Option<Element<'a>>,
    ids: HashMap<&'a str, Element<'a>>,
    /// Millimetres of the unit of the file's first position: others are converted to it.
    unit: Option<f64>,
    strokes: Vec<Vec<Sample>>,
    /// The stroke that a trace became, by the trace's id.
    by_id: HashMap<&'a str, usize>,
    /// Samples so far.
    count: f64,
    /// Traces and views that have been read.
    read: HashSet<roxmltree::NodeId>,
}

impl<'a> Reader<'a> {
    fn referenced(&self, node: Element<'a>, attribute: &str) -> Option<Element<'a>> {
        let reference = node.attribute(attribute)?.trim();
        self.ids.get(reference.rsplit('#').next()?).copied()
    }

    /// Reads what is in `ink` or in a group, whose own context is `group`.
    fn children(&mut self, parent: Element<'a>, group: Option<Context<'a>>, depth: usize) -> Result<(), InkFileError> {
        if depth > MAX_DEPTH {
            return Err(InkFileError::Xml("its groups are nested too deep".into()));
        }
        let mut current = group.unwrap_or_default();
        for node in parent.children().filter(Node::is_element) {
            match node.tag_name().name() {
                "context" => current = self.context(node, current, 0),
                "traceFormat" => current.format = Some(node),
                "inkSource" => set_source(&mut current, node),
                "canvasTransform" => current.transform = Some(node),
                "traceGroup" => {
                    let own = self.context_of(node, current);
                    self.children(node, Some(own), depth + 1)?;
                }
                "trace" => self.trace(node, current, None)?,
                "traceView" => self.view(node, current, depth)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The context that a trace or group refers to, or else the one around it.
    fn context_of(&self, node: Element<'a>, around: Context<'a>) -> Context<'a> {
        let Some(reference) = node.attribute("contextRef") else { return around };
        if reference.trim().ends_with("#DefaultContext") {
            return Context::default();
        }
        match self.referenced(node, "contextRef") {
            Some(context) if is(context, "context") => self.context(context, around, 0),
            Some(format) if is(format, "traceFormat") => Context { format: Some(format), ..around },
            Some(source) if is(source, "inkSource") => {
                let mut context = around;
                set_source(&mut context, source);
                context
            }
            _ => around,
        }
    }

    /// A context, which inherits from the one that it refers to, or else from `around`.
    fn context(&self, node: Element<'a>, around: Context<'a>, depth: usize) -> Context<'a> {
        let mut context = match self.referenced(node, "contextRef") {
            Some(parent) if is(parent, "context") && depth < MAX_DEPTH => self.context(parent, around, depth + 1),
            _ if node.attribute("contextRef").is_some_and(|name| name.ends_with("#DefaultContext")) => {
                Context::default()
            }
            _ => around,
        };
        let part = |name, attribute| child(node, name).or_else(|| self.referenced(node, attribute));
        if let Some(source) = part("inkSource", "inkSourceRef") {
            set_source(&mut context, source);
        }
        if let Some(format) = part("traceFormat", "traceFormatRef") {
            context.format = Some(format);
        } else if node.attribute("traceFormatRef").is_some_and(|name| name.ends_with("#DefaultTraceFormat")) {
            context.format = None;
        }
        if let Some(transform) = part("canvasTransform", "canvasTransformRef") {
            context.transform = Some(transform);
        }
        context
    }

    /// Reads the traces that a view shows, unless they have been read. Views nest, and refer to traces and groups.
    fn view(&mut self, view: Element<'a>, current: Context<'a>, depth: usize) -> Result<(), InkFileError> {
        // Each once: views of views could show one trace countless times.
        if depth > MAX_DEPTH || !self.read.insert(view.id()) {
            return Ok(());
        }
        for inner in view.children().filter(|node| is(*node, "traceView")) {
            self.view(inner, current, depth + 1)?;
        }
        let Some(target) = self.referenced(view, "traceDataRef") else { return Ok(()) };
        // What stands outside of definitions is read in its own place.
        if !target.ancestors().any(|node| is(node, "definitions")) {
            return Ok(());
        }
        let number = |name| view.attribute(name).and_then(|value| value.trim().parse::<usize>().ok());
        let range = Some((number("from").unwrap_or(1), number("to").unwrap_or(usize::MAX)));
        match target.tag_name().name() {
            "trace" => self.trace(target, current, range),
            "traceView" => self.view(target, current, depth + 1),
            "traceGroup" => {
                let own = self.context_of(target, current);
                self.children(target, Some(own), depth + 1)
            }
            _ => Ok(()),
        }
    }

    /// Reads a trace, or its samples of a `range` that is counted from 1.
    fn trace(
        &mut self,
        trace: Element<'a>,
        around: Context<'a>,
        range: Option<(usize, usize)>,
    ) -> Result<(), InkFileError> {
        let kind = trace.attribute("type").unwrap_or_default();
        if kind == "penUp" || (!self.read.insert(trace.id()) && range.is_none_or(|range| range == (1, usize::MAX))) {
            return Ok(());
        }
        let context = self.context_of(trace, around);
        let data = text_within(trace);
        let channels = self.channels(context, &data);
        let mut transform = context.transform.and_then(|transform| self.affine(transform));
        let role_at = |role| channels.iter().position(|channel: &Channel<'_>| channel.role == role);
        let (Some(x), Some(y)) = (role_at(Role::X), role_at(Role::Y)) else { return Err(InkFileError::NoPosition) };
        let (time, tip) = (role_at(Role::Time), role_at(Role::Tip).filter(|_| kind == "indeterminate"));
        let unit = *self.unit.get_or_insert(channels[x].unit.unwrap_or(0.0));
        let scale = |channel: &Channel<'_>| match channel.unit {
            Some(own) if unit > 0.0 => own / unit * channel.scale,
            _ => channel.scale,
        };
        let scales = [scale(&channels[x]), scale(&channels[y])];
        if let Some([a, b, c, d, e, f]) = transform {
            // The transformation is from the file's numbers to the canvas, whatever the channels' directions.
            let [sx, sy] = [scales[0].abs(), scales[1].abs()];
            transform = Some([a * sx, b * sx, c * sx, d * sy, e * sy, f * sy]);
        }
        let number = |name| trace.attribute(name).and_then(|value| value.trim().parse::<f64>().ok());
        let offset = number("timeOffset");
        let begin = match time.and_then(|time| channels[time].timestamp) {
            Some(timestamp) => self.timestamp(timestamp, 0),
            None => offset.unwrap_or(0.0),
        };
        let step = self.step(context);
        let mut strokes = vec![Vec::new()];
        let mut last = None;
        for (index, values) in samples(&data, &channels)?.into_iter().enumerate() {
            if range.is_some_and(|(from, to)| index + 1 < from || index + 1 > to) {
                continue;
            }
            if tip.is_some_and(|tip| values[tip] == Some(0.0)) {
                strokes.push(Vec::new());
                continue;
            }
            let (Some(across), Some(down)) = (values[x], values[y]) else { continue };
            self.count += 1.0;
            let ms = match time {
                None => offset.map_or(self.count * step, |offset| offset + index as f64 * step),
                Some(time) => match values[time] {
                    Some(value) => begin + value * channels[time].scale,
                    // It was left out.
                    None => last.map_or(begin, |last| last + step),
                },
            };
            last = Some(ms);
            let [x, y] = match transform {
                None => [across * scales[0], down * scales[1]],
                Some([a, b, c, d, e, f]) => [a * across + b * down + c, d * across + e * down + f],
            };
            if let Some(stroke) = strokes.last_mut() {
                stroke.push(Sample { x, y, ms });
            }
        }
        self.add(trace, strokes);
        Ok(())
    }

    /// Adds the strokes of a trace; one that continues another is joined to it.
    fn add(&mut self, trace: Element<'a>, strokes: Vec<Vec<Sample>>) {
        let continues = matches!(trace.attribute("continuation").map(str::trim), Some("middle" | "end"));
        let prior = trace.attribute("priorRef").and_then(|name| self.by_id.get(name.trim().rsplit('#').next()?));
        let prior = prior.copied().or_else(|| self.strokes.len().checked_sub(1)).filter(|_| continues);
        let mut at = prior;
        for stroke in strokes {
            match at.take().and_then(|at| self.strokes.get_mut(at)) {
                Some(before) => before.extend(stroke),
                None => self.strokes.push(stroke),
            }
        }
        if let Some(id) = id_of(trace) {
            self.by_id.insert(id, prior.unwrap_or(self.strokes.len() - 1));
        }
    }

    /// The channels of a context. Without a context, the default format holds where it fits the samples, else the first
    /// format of the file that does.
    fn channels(&self, context: Context<'a>, data: &str) -> Vec<Channel<'a>> {
        if let Some(format) = context.format {
            return channels_of(format);
        }
        let count = data.split(',').find(|sample| !sample.trim().is_empty()).map_or(2, |sample| Values(sample).count());
        let fits = |channels: &Vec<Channel<'_>>| {
            let needed = channels.iter().filter(|channel| !channel.intermittent).count();
            (needed..=channels.len()).contains(&count)
        };
        let other = self.formats.iter().copied().map(channels_of).find(fits).filter(|_| count != 2);
        other.unwrap_or_else(|| vec![position(Role::X), position(Role::Y)])
    }

    /// Milliseconds between samples that have no times.
    fn step(&self, context: Context<'a>) -> f64 {
        let source = context.source.or(self.source);
        let rate =
            source.and_then(|source| child(source, "sampleRate")?.attribute("value")?.trim().parse::<f64>().ok());
        rate.filter(|rate| *rate > 0.0).map_or(DEFAULT_MS, |rate| 1000.0 / rate)
    }

    /// Milliseconds of a timestamp, which may be relative to another.
    fn timestamp(&self, reference: &str, depth: usize) -> f64 {
        let Some(node) = reference.rsplit('#').next().and_then(|id| self.ids.get(id)) else { return 0.0 };
        let number = |name| node.attribute(name).and_then(|value| value.trim().parse::<f64>().ok());
        let base = match node.attribute("timestampRef") {
            Some(other) if depth < MAX_DEPTH => self.timestamp(other, depth + 1),
            _ => 0.0,
        };
        number("time").unwrap_or(base) + number("timeOffset").unwrap_or(0.0)
    }

    /// The matrix of a transformation to the canvas: x' = a x + b y + c, y' = d x + e y + f.
    fn affine(&self, transform: Element<'a>) -> Option<[f64; 6]> {
        let mapping = child(transform, "mapping")?;
        let mapping = self.referenced(mapping, "mappingRef").unwrap_or(mapping);
        let matrix = text_within(child(mapping, "affine")?);
        let rows: Vec<Vec<f64>> = matrix
            .split(',')
            .map(|row| row.split_whitespace().map_while(|value| value.parse().ok()).collect())
            .collect();
        match &rows[..] {
            [x, y, ..] if x.len() == 3 && y.len() == 3 => Some([x[0], x[1], x[2], y[0], y[1], y[2]]),
            _ => None,
        }
    }
}

/// A source brings its own format.
fn set_source<'a>(context: &mut Context<'a>, source: Element<'a>) {
    context.source = Some(source);
    if let Some(format) = child(source, "traceFormat") {
        context.format = Some(format);
    }
}

fn position<'a>(role: Role) -> Channel<'a> {
    Channel { role, scale: 1.0, unit: None, timestamp: None, intermittent: false }
}

/// The channels of a format in the order of a sample's values: intermittent ones come last.
fn channels_of<'a>(format: Element<'a>) -> Vec<Channel<'a>> {
    let within = |node: Element<'a>| node.children().filter(|child| is(*child, "channel"));
    let mut channels: Vec<Channel<'a>> = within(format).map(|node| channel(node, false)).collect();
    for group in format.children().filter(|child| is(*child, "intermittentChannels")) {
        channels.extend(within(group).map(|node| channel(node, true)));
    }
    if channels.is_empty() { vec![position(Role::X), position(Role::Y)] } else { channels }
}

fn channel<'a>(node: Element<'a>, intermittent: bool) -> Channel<'a> {
    let role = match node.attribute("name").unwrap_or_default().trim() {
        "X" => Role::X,
        "Y" => Role::Y,
        "T" => Role::Time,
        "S" => Role::Tip,
        _ => Role::Other,
    };
    let units = node.attribute("units").unwrap_or_default().trim();
    let milliseconds = match units {
        "s" | "sec" => 1000.0,
        "us" | "µs" | "μs" => 1e-3,
        "ns" => 1e-6,
        _ => 1.0,
    };
    let millimetres = match units {
        "m" => Some(1000.0),
        "cm" => Some(10.0),
        "mm" => Some(1.0),
        "um" | "µm" => Some(1e-3),
        "himetric" => Some(0.01),
        "in" | "inch" => Some(25.4),
        "pt" => Some(25.4 / 72.0),
        "pc" => Some(25.4 / 6.0),
        _ => None,
    };
    let is_position = matches!(role, Role::X | Role::Y);
    let other_way = is_position && node.attribute("orientation").map(str::trim) == Some("-ve");
    let scale = if role == Role::Time { milliseconds } else { 1.0 };
    Channel {
        role,
        scale: if other_way { -scale } else { scale },
        unit: millimetres.filter(|_| is_position),
        timestamp: node.attribute("respectTo").filter(|_| role == Role::Time),
        intermittent,
    }
}

/// A value of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Number(f64),
    /// `*`: as before.
    Unchanged,
    /// `?`.
    Unknown,
}

/// The values of a sample, each with its prefix: `!`, `'`, `"`, or none.
struct Values<'t>(&'t str);

impl Iterator for Values<'_> {
    /// `Err` for what is no value.
    type Item = Result<(Option<u8>, Value), ()>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut rest = self.0.trim_start();
        let prefix = rest.bytes().next().filter(|first| b"!'\"".contains(first));
        if prefix.is_some() {
            rest = rest[1..].trim_start();
        }
        let Some(&first) = rest.as_bytes().first() else {
            self.0 = "";
            return prefix.map(|_| Err(()));
        };
        let (value, length) = match first {
            b'*' => (Some(Value::Unchanged), 1),
            b'?' => (Some(Value::Unknown), 1),
            b'T' => (Some(Value::Number(1.0)), 1),
            b'F' => (Some(Value::Number(0.0)), 1),
            _ => number(rest).map_or((None, 0), |(number, length)| (Some(Value::Number(number)), length)),
        };
        self.0 = if value.is_some() { &rest[length..] } else { "" };
        Some(value.map(|value| (prefix, value)).ok_or(()))
    }
}

/// The number that a text begins with, and its length: decimal, or hexadecimal after `#`.
fn number(text: &str) -> Option<(f64, usize)> {
    let bytes = text.as_bytes();
    let count = |from: usize, is: fn(&u8) -> bool| bytes[from..].iter().take_while(|byte| is(byte)).count();
    let sign = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    if bytes.get(sign) == Some(&b'#') {
        let digits = count(sign + 1, u8::is_ascii_hexdigit);
        let end = sign + 1 + digits;
        let value = u64::from_str_radix(&text[sign + 1..end], 16).ok()? as f64;
        return Some((if bytes[0] == b'-' { -value } else { value }, end));
    }
    let mut end = sign + count(sign, u8::is_ascii_digit);
    if bytes.get(end) == Some(&b'.') {
        end += 1 + count(end + 1, u8::is_ascii_digit);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        let digits = count((end + 1 + signed).min(bytes.len()), u8::is_ascii_digit);
        if digits > 0 {
            end += 1 + signed + digits;
        }
    }
    Some((text[..end].parse().ok()?, end))
}

/// The state of a channel along a trace.
struct Track {
    /// By its prefix, a value is the coordinate (`!`), the first difference (`'`) or the second difference (`"`); a prefix
    /// holds for the channel until another one comes.
    prefix: u8,
    value: f64,
    speed: f64,
    is_known: bool,
}

/// The samples of a trace, a value for each channel; `None` for unknown ones.
fn samples(data: &str, channels: &[Channel<'_>]) -> Result<Vec<Vec<Option<f64>>>, InkFileError> {
    let mut tracks: Vec<Track> =
        channels.iter().map(|_| Track { prefix: b'!', value: 0.0, speed: 0.0, is_known: false }).collect();
    let mut samples = Vec::new();
    for sample in data.split(',').filter(|sample| !sample.trim().is_empty()) {
        let unreadable = || InkFileError::Sample(shortened(sample));
        let mut values = Values(sample);
        let mut row = Vec::with_capacity(channels.len());
        for (channel, track) in channels.iter().zip(&mut tracks) {
            let Some(value) = values.next() else {
                if !channel.intermittent {
                    return Err(unreadable());
                }
                // Times go on; other channels stay as they are.
                row.push((track.is_known && channel.role != Role::Time).then_some(track.value));
                continue;
            };
            let (prefix, value) = value.map_err(|()| unreadable())?;
            track.prefix = prefix.unwrap_or(track.prefix);
            let number = match value {
                Value::Number(number) => number,
                Value::Unchanged => {
                    track.speed = 0.0;
                    row.push(track.is_known.then_some(track.value));
                    continue;
                }
                Value::Unknown => {
                    row.push(None);
                    continue;
                }
            };
            let before = track.value;
            match track.prefix {
                b'\'' => track.speed = number,
                b'"' => track.speed += number,
                _ => track.speed = if track.is_known { number - before } else { 0.0 },
            }
            track.value = if track.prefix == b'!' { number } else { before + track.speed };
            track.is_known = true;
            row.push(Some(track.value));
        }
        // Values beyond the format's are of no use here, but have to be values.
        if values.any(|value| value.is_err()) {
            return Err(unreadable());
        }
        samples.push(row);
    }
    Ok(samples)
}
