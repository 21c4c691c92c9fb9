//! Any text, any settings.

use pollster::block_on;
use running_hand::document::Page;
use running_hand::model::Kind;
use running_hand::testing;
use running_hand::writer::check::{Fault, LineCheck};
use running_hand::writer::{Finish, Settings, Writer};

/// Bytes as decisions; zeros when they are used up.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    fn word(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    /// Mostly from `low` to `high`, sometimes any number there is.
    fn number(&mut self, low: f32, high: f32) -> f32 {
        match self.byte() {
            255 => f32::from_bits(self.word() as u32),
            254 => high,
            253 => low,
            share => low + (high - low) * f32::from(share) / 253.0,
        }
    }
}

thread_local! {
    /// Made once: it takes longer than a line.
    static WRITER: std::cell::RefCell<Writer> = std::cell::RefCell::new(testing::writer());
}

/// Writes a line. Whatever the text and the settings, it is refused with a message, or it ends, within
/// its cap, with points that are numbers, in order, and either every character was visited or the
/// writer says which was not, or why the line ended early. Tells how it ended; `None` if it was refused.
pub fn write(input: &[u8]) -> Option<Finish> {
    WRITER.with_borrow_mut(|writer| write_with(writer, input))
}

fn write_with(writer: &mut Writer, input: &[u8]) -> Option<Finish> {
    let mut choices = Choices(input);
    let settings = Settings {
        bias: choices.number(0.0, 5.0),
        temperature: choices.number(0.1, 4.0),
        seed: choices.word(),
        style: [None, Some(0), Some(1), Some(2)][usize::from(choices.byte() / 80)],
        blend: match choices.byte() {
            flag @ 200.. => Some((usize::from(flag % 3), choices.number(0.0, 1.0))),
            _ => None,
        },
        points: usize::from(choices.byte()),
        attempts: usize::from(choices.byte() % 4) * usize::from(choices.byte() % 2),
        ..Settings::default()
    };
    let cancel_after = match choices.byte() {
        chunks @ 240.. => usize::from(chunks - 240),
        _ => usize::MAX,
    };
    let text = String::from_utf8_lossy(choices.0);
    let started = match block_on(writer.start(&text, &settings)) {
        Ok(started) => started,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    let (mut offsets, mut steps) = (Vec::new(), Vec::new());
    let mut chunks = 0;
    while let Some(chunk) = block_on(writer.next()).expect("the CPU engine goes on") {
        assert_eq!(chunk.offsets.len(), chunk.steps.len());
        assert!(!chunk.offsets.is_empty(), "a chunk of nothing");
        assert!(chunk.offsets.iter().all(|offset| offset.dx.is_finite() && offset.dy.is_finite()));
        offsets.extend(chunk.offsets);
        steps.extend(chunk.steps);
        assert!(offsets.len() <= started.cap, "more than the cap of {}", started.cap);
        chunks += 1;
        if chunks > cancel_after {
            writer.cancel();
        }
    }
    let finish = writer.finish().expect("a line that is over says why");
    assert!(block_on(writer.next()).expect("still over").is_none());
    assert!(finish != Finish::Cancelled || chunks > cancel_after, "nobody cancelled");
    let ink = writer.ink();
    assert_eq!(ink.strokes.iter().map(Vec::len).sum::<usize>(), offsets.len() + usize::from(!offsets.is_empty()));
    match started.kind {
        Kind::Prediction => assert!(finish != Finish::Length || offsets.len() == settings.points),
        Kind::Synthesis => {
            let faults = writer.faults();
            let end = started.text.ids.len() - 1;
            let mut visited = vec![false; end + 1];
            steps.iter().for_each(|step| visited[step.position as usize] = true);
            let early = matches!(finish, Finish::Cap | Finish::NonFinite | Finish::Cancelled);
            for (place, c) in started.text.written.chars().enumerate() {
                let told = faults.iter().any(|fault| match *fault {
                    Fault::Hurried(at) => at == place,
                    Fault::Unwritten(at) => at <= place,
                    _ => false,
                });
                assert!(
                    visited[place] || c == ' ' || early || told,
                    "{c:?} of {:?} was not visited, and nothing says so: {finish:?}, {faults:?}",
                    started.text.written
                );
            }
            assert!(LineCheck::reached(&steps) <= end + 1);
        }
    }
    Some(finish)
}

/// Writes a page. Whatever the text, the settings and the width, it is refused with a message, or it ends,
/// with points that are numbers, line by line downwards, and the pen up. Tells how it ended.
pub fn page(input: &[u8]) -> Option<Finish> {
    WRITER.with_borrow_mut(|writer| page_with(writer, input))
}

fn page_with(writer: &mut Writer, input: &[u8]) -> Option<Finish> {
    let mut choices = Choices(input);
    let columns = usize::from(choices.byte() % 120);
    let settings = Settings {
        bias: choices.number(0.0, 5.0),
        temperature: choices.number(0.1, 4.0),
        seed: choices.word(),
        points: usize::from(choices.byte()),
        attempts: usize::from(choices.byte() % 3),
        ..Settings::default()
    };
    let text = String::from_utf8_lossy(choices.0);
    let mut page = match block_on(Page::start(writer, &text, &settings, columns)) {
        Ok(page) => page,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    for line in page.lines() {
        assert!(line.chars().count() <= columns && line.trim() == line, "{line:?} in {columns} columns");
    }
    let words = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    assert_eq!(page.lines().map(words).collect::<String>(), words(&page.text().written));
    let (mut row, mut last) = (0, None);
    while let Some(points) = block_on(page.next(writer)).expect("the CPU engine goes on") {
        assert!(points.iter().flatten().all(|value| value.is_finite()));
        if let Some(point) = points.last() {
            last = Some(*point);
            assert!(page.row() >= row, "line {} after line {row}", page.row());
            row = page.row();
        }
    }
    assert!(last.is_none_or(|[_, _, pen]| pen > 0.5), "the pen is still down");
    let finish = page.finish().expect("a page that is over says why");
    assert!(finish != Finish::Cancelled, "nobody cancelled");
    Some(finish)
}
