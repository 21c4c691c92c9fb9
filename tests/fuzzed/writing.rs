//! Any text with any settings.

use pollster::block_on;
use running_hand::document::Page;
use running_hand::model::Kind;
use running_hand::testing;
use running_hand::writer::check::{Fault, LineCheck};
use running_hand::writer::{Finish, Settings, Writer};

/// Random choices from bytes; zeros when the bytes are used up.
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

    /// Mostly from `low` to `high`, sometimes any number at all.
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
    /// Created once, which takes longer than writing a line.
    static WRITER: std::cell::RefCell<Writer> = std::cell::RefCell::new(testing::writer());
}

/// Writes a line. With any text and settings it is refused with a message, or it ends within its cap with finite
/// points, and the window was on every character unless the writer reports the fault or why the line ended early.
/// Returns why it ended; `None` if it was refused.
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
    let plan = match block_on(writer.start(&text, &settings)) {
        Ok(plan) => plan,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    let (mut offsets, mut steps) = (Vec::new(), Vec::new());
    let mut chunks = 0;
    while let Some(chunk) = block_on(writer.next()).expect("the CPU engine does not fail") {
        assert_eq!(chunk.offsets.len(), chunk.steps.len());
        assert!(!chunk.offsets.is_empty(), "an empty chunk");
        assert!(chunk.offsets.iter().all(|offset| offset.dx.is_finite() && offset.dy.is_finite()));
        offsets.extend(chunk.offsets);
        steps.extend(chunk.steps);
        assert!(offsets.len() <= plan.cap, "more than the cap of {}", plan.cap);
        chunks += 1;
        if chunks > cancel_after {
            writer.cancel();
        }
    }
    let finish = writer.finish().expect("a finished line has a reason");
    assert!(block_on(writer.next()).expect("still finished").is_none());
    assert!(finish != Finish::Cancelled || chunks > cancel_after, "nobody cancelled");
    let ink = writer.ink();
    assert_eq!(ink.strokes.iter().map(Vec::len).sum::<usize>(), offsets.len() + usize::from(!offsets.is_empty()));
    match plan.kind {
        Kind::Prediction => assert!(finish != Finish::Length || offsets.len() == settings.points),
        Kind::Synthesis => {
            let faults = writer.faults();
            let end = plan.text.ids.len() - 1;
            let mut visited = vec![false; end + 1];
            steps.iter().for_each(|step| visited[step.position as usize] = true);
            let early = matches!(finish, Finish::Cap | Finish::NonFinite | Finish::Cancelled);
            for (index, c) in plan.text.written.chars().enumerate() {
                let is_reported = faults.iter().any(|fault| match *fault {
                    Fault::Hurried(at) => at == index,
                    Fault::Unwritten(at) => at <= index,
                    _ => false,
                });
                assert!(
                    visited[index] || c == ' ' || early || is_reported,
                    "{c:?} of {:?} was not visited, and no fault reports it: {finish:?}, {faults:?}",
                    plan.text.written
                );
            }
            assert!(LineCheck::reached(&steps) <= end + 1);
        }
    }
    Some(finish)
}

/// Writes a page. With any text, settings and width it is refused with a message, or it ends with finite points, line
/// after line downwards, and the pen lifted. Returns why it ended; `None` if it was refused.
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
    while let Some(points) = block_on(page.next(writer)).expect("the CPU engine does not fail") {
        assert!(points.iter().flatten().all(|value| value.is_finite()));
        if let Some(point) = points.last() {
            last = Some(*point);
            assert!(page.row() >= row, "line {} after line {row}", page.row());
            row = page.row();
        }
    }
    assert!(last.is_none_or(|[_, _, pen]| pen > 0.5), "the pen is still down");
    let finish = page.finish().expect("a finished page has a reason");
    assert!(finish != Finish::Cancelled, "nobody cancelled");
    Some(finish)
}
