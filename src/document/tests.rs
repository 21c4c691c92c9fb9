//! Tests of the lines' stream and the document.

use super::lines::LineStream;
use super::*;
use crate::engine::Engine;
use crate::engine::cpu::CpuEngine;
use crate::testing::{self, writer};
use crate::writer::Prime;
use pollster::block_on;

fn stream(writer: &mut Writer, text: &str, settings: &Settings, columns: usize) -> LineStream {
    let alphabet = Alphabet::new(&writer.weights(Kind::Synthesis).unwrap().config.alphabet);
    let structure = Structure::new(text, &alphabet, 40);
    block_on(LineStream::start(
        writer,
        text,
        &structure,
        HandMeasure::default(),
        settings,
        Lines { columns, has_digits: false },
    ))
    .unwrap()
}

/// All ink of a text by rows.
fn rows(stream: &mut LineStream, writer: &mut Writer) -> Vec<LineInk> {
    let mut rows: Vec<LineInk> = Vec::new();
    while let Some(ink) = block_on(stream.next(writer)).unwrap() {
        for ink in ink {
            match rows.last_mut() {
                Some(last) if last.row == ink.row => {
                    last.points.extend(ink.points);
                    last.characters.extend(ink.characters);
                    last.complete |= ink.complete;
                }
                _ => rows.push(ink),
            }
        }
    }
    rows
}

/// Without checks, the ink is the network's to the last dot.
fn unchecked() -> Settings {
    Settings { attempts: 0, ..Settings::default() }
}

fn written(text: &str, columns: usize) -> (LineStream, Vec<LineInk>) {
    let mut writer = writer();
    let mut stream = stream(&mut writer, text, &unchecked(), columns);
    let rows = rows(&mut stream, &mut writer);
    (stream, rows)
}

fn points(rows: &[LineInk]) -> Vec<[f32; 3]> {
    rows.iter().flat_map(|ink| ink.points.iter().copied()).collect()
}

#[test]
fn each_line_is_what_the_writer_writes_by_itself() {
    let (stream, rows) = written("abc def\n\nghi\njkl", 20);
    assert_eq!(stream.lines(), ["abc def", "ghi", "jkl"]);
    assert_eq!(stream.finish, Some(Finish::Stopped));
    assert_eq!(rows.iter().map(|ink| (ink.row, ink.complete)).collect::<Vec<_>>(), [(0, true), (1, true), (2, true)]);
    assert!(rows.iter().all(|ink| ink.characters.len() == ink.points.len()));
    for (ink, text) in rows.iter().zip(["abc def", "ghi", "jkl"]) {
        let mut writer = writer();
        block_on(writer.start(text, &Settings { line: ink.row as u64, ..unchecked() })).unwrap();
        while block_on(writer.next()).unwrap().is_some() {}
        assert_eq!(Ink::from_points(&ink.points), writer.ink());
    }
}

#[test]
fn a_long_text_comes_in_order_and_keeps_little() {
    let mut writer = writer();
    let mut stream = stream(&mut writer, &"ab cd\n".repeat(200), &unchecked(), 20);
    let (mut last, mut most, mut complete) = (0, 0, 0);
    while let Some(ink) = block_on(stream.next(&mut writer)).unwrap() {
        most = most.max(stream.pending());
        for ink in ink {
            assert!(ink.row >= last);
            (last, complete) = (ink.row, complete + usize::from(ink.complete));
        }
    }
    assert_eq!((complete, last, stream.records.len()), (200, 199, 200));
    assert_eq!(stream.finish, Some(Finish::Stopped));
    assert!(most <= 130, "{most}");
}

#[test]
fn the_moves_of_each_line_lead_from_one_of_its_points_to_the_next() {
    let config = testing::config(Kind::Synthesis, &[9, 8], 3);
    let prime = Arc::new(Prime::new(&config, "ab", &testing::zigzag(60)).unwrap());
    for (prime, given) in [(None, 0), (Some(prime), 3)] {
        let mut writer = writer();
        let settings = Settings { prime, ..unchecked() };
        let mut stream = stream(&mut writer, "abc def\n\nghi\njkl", &settings, 20);
        let points = points(&rows(&mut stream, &mut writer));
        let ends = stream.records.iter().skip(1).map(|record| record.first_point).chain([points.len()]);
        assert_eq!(stream.records.len(), 3);
        for (record, end) in stream.records.iter().zip(ends) {
            assert_eq!((record.prime_characters, record.point_index(record.drawn.len() - 1)), (given, end - 1));
            for (n, drawn) in record.drawn.iter().enumerate().skip(1) {
                let offset = config.offset([drawn.dx, drawn.dy, 0.0]);
                let [from, to] = [points[record.point_index(n - 1)], points[record.point_index(n)]];
                let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
                assert!((dx - offset.dx).abs() < 0.1 && (dy - offset.dy).abs() < 0.1);
            }
        }
    }
}

#[test]
fn the_first_line_comes_as_it_is_written() {
    let mut writer = writer();
    let unchecked = Settings { attempts: 0, ..Settings::default() };
    let mut stream = stream(&mut writer, "abc def ghi", &unchecked, 20);
    let ink = block_on(stream.next(&mut writer)).unwrap().unwrap();
    assert_eq!((ink.len(), ink[0].points.len(), ink[0].points[0], ink[0].complete), (1, 8, [0.0; 3], false));
}

#[test]
fn every_line_ends_its_last_stroke() {
    let mut weights = testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2);
    weights.output.bias[0] = 40.0; // never lifts the pen
    let mut writer = writer();
    writer.set_weights(weights);
    let mut stream = stream(&mut writer, "abc\ndef", &Settings::default(), 20);
    let points = points(&rows(&mut stream, &mut writer));
    assert_eq!(points.iter().filter(|p| p[2] > 0.5).count(), 2);
    assert!(points.last().unwrap()[2] > 0.5);
}

#[test]
fn without_a_text_the_other_network_writes() {
    let (stream, rows) = written(" \n ", 20);
    assert_eq!((stream.kind, stream.finish), (Kind::Prediction, Some(Finish::Length)));
    assert_eq!(points(&rows).len(), Settings::default().points + 1);
}

#[test]
fn without_a_text_a_full_line_is_followed_by_another() {
    let mut weights = testing::weights(&testing::config(Kind::Prediction, &[9, 8], 3), 1);
    weights.config.offset_mean = [200.0, 0.0]; // to the right, steadily
    let mut writer = writer();
    writer.set_weights(weights);
    let mut stream = stream(&mut writer, "", &Settings::default(), 20);
    let rows = rows(&mut stream, &mut writer);
    assert_eq!(points(&rows).len(), Settings::default().points + 1);
    assert!(rows.len() > 3);
    for (n, ink) in rows.iter().enumerate() {
        assert_eq!((ink.row, ink.points[0][..2] == [0.0; 2]), (n, true), "each begins at the left edge");
        let last = ink.points.last().unwrap();
        assert!(n + 1 == rows.len() || last[2] > 0.5 && last[0] > 1700.0, "no stroke is broken");
    }
}

#[test]
fn without_a_text_a_network_that_has_come_to_rest_goes_on_behind_its_first_words() {
    let mut weights = testing::weights(&testing::config(Kind::Prediction, &[9, 8], 3), 1);
    (weights.config.offset_mean, weights.config.offset_sd) = ([0.0; 2], [0.5; 2]); // hardly moves
    let config = weights.config.clone();
    let mut writer = writer();
    writer.set_weights(weights);
    for prime in [None, Some(Arc::new(Prime::new(&config, "", &testing::zigzag(60)).unwrap()))] {
        let settings = Settings { prime, points: 800, ..Settings::default() };
        let mut stream = stream(&mut writer, "", &settings, 20);
        let points = points(&rows(&mut stream, &mut writer));
        assert_eq!(points.len(), 800 + usize::from(settings.prime.is_none()));
        assert_eq!(stream.finish, Some(Finish::Length));
        let records = &stream.records;
        assert!(records.len() > 5, "{}", records.len());
        assert_eq!(records.iter().map(|record| record.drawn.len()).sum::<usize>(), 800);
        for (n, record) in records.iter().enumerate().skip(1) {
            assert!(points[record.first_point - 1][2] > 0.5, "the pen lifts");
            match &settings.prime {
                Some(prime) => assert_eq!(record.line.prefix, prime.offsets),
                None => assert_eq!(record.line.prefix[..24], records[1].line.prefix[..24], "{n}"),
            }
            let [from, to] = [points[record.first_point - 1], points[record.point_index(0)]];
            assert!((to[0] - from[0]).abs() < 200.0 && (to[1] - from[1]).abs() < 200.0, "{from:?} {to:?}");
            assert_ne!(record.drawn[0], records[n - 1].drawn[0], "other noise");
        }
    }
}

#[test]
fn primed_lines_begin_at_their_first_points_and_without_a_text_where_the_ink_ended() {
    let mut writer = writer();
    let given = testing::zigzag(60);
    let settings = |writer: &Writer, kind: Kind| {
        let prime = Prime::new(&writer.weights(kind).unwrap().config, "ab", &given).unwrap();
        Settings { prime: Some(Arc::new(prime)), ..Settings::default() }
    };
    let primed = settings(&writer, Kind::Synthesis);
    let mut lines = stream(&mut writer, "abc\ndef", &primed, 20);
    let found = points(&rows(&mut lines, &mut writer));
    assert_eq!(lines.lines(), ["abc", "def"]);
    assert_eq!(found[0][..2], [0.0; 2]);
    let mut own = 0;
    for (line, text) in [(0, "abc"), (1, "def")] {
        block_on(writer.start(text, &Settings { line, ..primed.clone() })).unwrap();
        while block_on(writer.next()).unwrap().is_some() {}
        own += writer.ink().strokes.iter().map(Vec::len).sum::<usize>();
    }
    assert_eq!(found.len(), own);
    let primed = settings(&writer, Kind::Prediction);
    let mut lines = stream(&mut writer, "", &primed, 100);
    let found = points(&rows(&mut lines, &mut writer));
    assert_eq!(found.len(), primed.points);
    let [dx, dy] = [found[0][0] - given[59][0], found[0][1] - given[59][1]];
    assert!(dx.abs() < 500.0 && dy.abs() < 500.0, "next to the ink's end: {dx} {dy}");
}

#[test]
fn text_of_which_nothing_can_be_written_is_done_at_once_and_told() {
    let (stream, rows) = written("😀\n🎉", 20);
    assert!(stream.text.left_out.contains(&'😀') && rows.is_empty());
    assert_eq!(stream.finish, Some(Finish::Stopped));
}

#[test]
fn a_line_that_went_wrong_is_told_at_the_end_and_the_others_are_written() {
    let mut weights = testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2);
    let window = weights.window.as_mut().unwrap();
    window.weight.values.fill(0);
    window.bias[8..].fill(-40.0); // stands still
    let mut writer = writer();
    writer.set_weights(weights);
    let mut stream = stream(&mut writer, "abc\ndef", &Settings::default(), 20);
    let rows = rows(&mut stream, &mut writer);
    assert_eq!((stream.finish, rows.len()), (Some(Finish::Cap), 2));
}

#[test]
fn cancelling_ends_the_writing() {
    let mut writer = writer();
    let mut stream = stream(&mut writer, "abc\ndef\nghi", &Settings::default(), 20);
    block_on(stream.next(&mut writer)).unwrap();
    writer.canceller().cancel();
    let rest = points(&rows(&mut stream, &mut writer));
    assert!(rest.len() <= 1 && stream.finish == Some(Finish::Cancelled));
}

fn document(writer: &mut Writer, text: &str, options: Options) -> (Document, Vec<PlacedInk>) {
    let mut document = block_on(Document::start(writer, text, options)).unwrap();
    let mut placed = Vec::new();
    while let Some(ink) = block_on(document.next(writer)).unwrap() {
        placed.extend(ink);
    }
    (document, placed)
}

fn on_card() -> Options {
    let style = PageStyle { paper: Paper::named("card"), ..PageStyle::default() };
    Options { style, columns: Some(6), ..Options::default() }
}

#[test]
fn a_document_is_laid_out_on_pages_and_exported_page_by_page() {
    let mut writer = writer();
    let text = (0..14).map(|n| format!("abc {n}\n")).collect::<String>();
    let (mut document, placed) = document(&mut writer, &text, on_card());
    assert_eq!(document.pages().layout().pages(), 2);
    assert_eq!(
        placed.iter().flat_map(|ink| ink.points.clone()).collect::<Vec<_>>(),
        document.pages().layout().points()
    );
    assert_eq!((placed.len(), placed[13].line, placed[13].page), (14, 13, 1));
    assert_eq!(
        document.pages().text_on(1, None).lines().count(),
        14 - document.pages().text_on(0, None).lines().count()
    );
    let file = document.pages().export(0, Format::Svg, &export::Options::default()).unwrap();
    assert!(file.contains("width=\"105mm\"") && file.contains("height=\"148mm\""), "{file}");
    // The network of the tests knows no digits.
    let (points, characters) = measure::tests::written(numbers::DIGITS, 150.0, 0.0, 0.0);
    document.pages.layout.add(LineInk { points, characters, digits: true, ..LineInk::default() });
    let json = |frame| document.pages().export_framed(1, Format::Json, &export::Options::default(), frame).unwrap();
    let read = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap();
    let numbered = read(json(Frame::default()));
    let strokes = numbered["strokes"].as_array().unwrap().len();
    assert_eq!(
        (&numbered["pageNumber"]["text"], &numbered["pageNumber"]["last"]),
        (&"2".into(), &(strokes - 1).into())
    );
    let last = numbered["words"].as_array().unwrap().last().unwrap()["last"].as_u64().unwrap();
    assert_eq!(numbered["pageNumber"]["first"].as_u64().unwrap(), last + 1);
    for frame in [Frame { crop: Some(2.0), ..Frame::default() }, Frame { end: Some(3), ..Frame::default() }] {
        assert!(!json(frame).contains("pageNumber"), "{frame:?}");
    }
    let file = document.pages().export(1, Format::Svg, &export::Options::default()).unwrap();
    assert!(file.contains("<g data-page-number=\"2\">") && file.matches("<g").count() == file.matches("</g>").count());
    let cropped = document.pages().frame(0, Frame { crop: Some(2.0), width: Some(50.0), ..Frame::default() }).unwrap();
    assert!((cropped.width - 50.0).abs() < 1e-4);
    assert!(
        document
            .pages()
            .export(2, Format::Svg, &export::Options::default())
            .unwrap_err()
            .to_string()
            .contains("page 2")
    );
    document.pages_mut().lay_out(PageStyle::default()).unwrap();
    assert_eq!(
        (document.pages().layout().pages(), document.pages().layout().points().len()),
        (1, placed.iter().map(|i| i.points.len()).sum())
    );
    assert!(document.pages_mut().lay_out(PageStyle { slant: 99.0, ..PageStyle::default() }).is_err());
}

#[test]
fn live_ink_and_ink_that_came_at_once_are_the_same_once_they_are_laid_out() {
    let mut writer = writer();
    // Unchecked, so that it comes point by point.
    let settings = Settings { attempts: 0, ..Settings::default() };
    let options = |live| Options { live, columns: Some(30), settings: settings.clone(), ..on_card() };
    let (mut live, pieces) = document(&mut writer, "abc def abc def abc\nabc", options(true));
    let (exact, lines) = document(&mut writer, "abc def abc def abc\nabc", options(false));
    assert!(pieces.len() > lines.len());
    live.pages_mut().lay_out(on_card().style).unwrap();
    assert_eq!(live.pages().layout().points(), exact.pages().layout().points());
}

#[test]
fn drawn_ink_is_part_of_a_document_without_a_text() {
    let mut writer = writer();
    let given = testing::zigzag(60);
    let config = &writer.weights(Kind::Prediction).unwrap().config;
    let prime = Some(Arc::new(Prime::new(config, "", &given).unwrap()));
    let settings = Settings { prime, points: 100, ..Settings::default() };
    let options = Options { settings, drawn: Some(given.clone()), ..Options::default() };
    let (document, placed) = document(&mut writer, "", options);
    assert_eq!((placed[0].points.len(), document.pages().drawn_points()), (60, 60));
    assert_eq!(document.pages().layout().points().len(), 160);
    let moved = |a: usize, b: usize, points: &[[f32; 3]]| [points[b][0] - points[a][0], points[b][1] - points[a][1]];
    let [dx, dy] = moved(0, 59, document.pages().layout().points());
    let [gx, gy] = moved(0, 59, &given);
    assert!((dx - gx).abs() < 0.1 && (dy - gy).abs() < 0.1, "as it was drawn");
}

#[test]
fn settings_are_checked_before_anything_is_written() {
    let refused = |writer: &mut Writer, text: &str, options: Options| {
        block_on(Document::start(writer, text, options)).unwrap_err().to_string()
    };
    let columns = Options { columns: Some(0), ..Options::default() };
    assert!(refused(&mut writer(), "a", columns).starts_with("columns"));
    let hand = Options { hand: Some(HandMeasure { x_height: 0.0, ..HandMeasure::default() }), ..Options::default() };
    assert!(refused(&mut writer(), "a", hand).starts_with("hand"));
    let error = refused(&mut writer(), "😀\n🎉", Options::default());
    assert!(error.contains("knows none of the text's characters"), "{error}");
    let mut empty = Writer::new(Engine::Cpu(CpuEngine::new()));
    let error = refused(&mut empty, "a", Options::default());
    assert!(error.contains("synthesis network is not loaded"), "{error}");
}
