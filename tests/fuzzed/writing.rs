//! Any text with any settings.

use pollster::block_on;
use running_hand::document::{Document, Margins, Options, PageStyle, Paper};
use running_hand::model::Kind;
use running_hand::testing;
use running_hand::text::wrap::MOST;
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
    let settings = Settings::default()
        .with_bias(choices.number(0.0, 5.0))
        .with_temperature(choices.number(0.1, 4.0))
        .with_seed(choices.word())
        .with_style([None, Some(0), Some(1), Some(2)][usize::from(choices.byte() / 80)])
        .with_style_blend(match choices.byte() {
            flag @ 200.. => Some((usize::from(flag % 3), choices.number(0.0, 1.0))),
            _ => None,
        })
        .with_points(usize::from(choices.byte()))
        .with_attempts(usize::from(choices.byte() % 4) * usize::from(choices.byte() % 2));
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
            let early = matches!(finish, Finish::Cap | Finish::Cancelled);
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

/// Writes and lays out a document. With any text, settings and style it is refused with a message, or it ends with finite
/// points, line after line downwards, and the pen lifted; laid out again, it has as many points. Returns why it ended;
/// `None` if it was refused.
pub fn document(input: &[u8]) -> Option<Finish> {
    WRITER.with_borrow_mut(|writer| document_with(writer, input))
}

fn style(choices: &mut Choices<'_>) -> PageStyle {
    let paper = match choices.byte() {
        0..100 => None,
        100..180 => Paper::named("card"),
        180..200 => Paper::named("envelope-c6"),
        _ => {
            let [width, height] = [(); 2].map(|()| f64::from(choices.number(1.0, 300.0)));
            let margins = Margins::new([(); 4].map(|()| choices.number(-1.0, 60.0).into()));
            let first_top = (choices.byte() < 128).then(|| choices.number(0.0, 100.0).into());
            Paper::new(width, height)
                .ok()
                .map(|paper| paper.with_margins(margins).with_first_top(first_top).with_mirrored(true))
        }
    };
    PageStyle::default()
        .with_paper(paper)
        .with_unit(f64::from(choices.number(0.005, 0.05)).clamp(0.001, 1.0))
        .with_pitch(choices.number(300.0, 1200.0).into())
        .with_slant(choices.number(-45.0, 45.0).into())
        .with_wander(choices.number(0.0, 1.0).into())
        .with_max_rows(usize::from(choices.byte()).max(1))
}

fn document_with(writer: &mut Writer, input: &[u8]) -> Option<Finish> {
    let mut choices = Choices(input);
    let columns = usize::from(choices.byte() % 120);
    let settings = Settings::default()
        .with_bias(choices.number(0.0, 5.0))
        .with_temperature(choices.number(0.1, 4.0))
        .with_seed(choices.word())
        .with_points(usize::from(choices.byte()))
        .with_attempts(usize::from(choices.byte() % 3));
    let (first, second) = (style(&mut choices), style(&mut choices));
    let live = choices.byte() > 127;
    let text = String::from_utf8_lossy(choices.0);
    let options = Options::default().with_settings(settings).with_style(first).with_columns(columns).with_live(live);
    let mut document = match block_on(Document::start(writer, &text, options)) {
        Ok(document) => document,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    for line in document.pages().lines() {
        assert!(line.chars().count() <= MOST && line.trim() == line, "{line:?}");
    }
    let words = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let whole = words(&document.pages().text().written);
    let stretches = document.pages().lines().iter().map(|line| words(line)).collect::<String>();
    // Words that were broken have hyphens besides.
    if document.pages().broken().is_empty() {
        assert_eq!(stretches, whole);
    } else {
        assert_eq!(stretches.replace('-', ""), whole.replace('-', ""));
    }
    let (mut at, mut last, mut count) = ((0, 0), None, 0);
    while let Some(ink) = block_on(document.next(writer)).expect("the CPU engine does not fail") {
        for ink in ink {
            assert!(ink.points.iter().flatten().all(|value| value.is_finite()));
            assert!((ink.page, ink.line) >= at, "{:?} after {at:?}", (ink.page, ink.line));
            at = (ink.page, ink.line);
            count += ink.points.len();
            last = ink.points.last().copied().or(last);
        }
    }
    assert!(last.is_none_or(|[_, _, pen]| pen > 0.5), "the pen is still down");
    assert_eq!(count, document.pages().layout().points().len());
    if document.pages_mut().lay_out(second).is_ok() {
        assert_eq!(count, document.pages().layout().points().len());
        assert!(document.pages().layout().points().iter().flatten().all(|value| value.is_finite()));
    }
    let finish = document.finish().expect("a finished document has a reason");
    assert!(finish != Finish::Cancelled, "nobody cancelled");
    Some(finish)
}
