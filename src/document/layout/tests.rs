//! Tests of the layout.

use super::super::measure::tests::written;
use super::super::numbers::DIGITS;
use super::super::paper::{Margins, Paper};
use super::super::structure::Structure;
use super::*;
use crate::text::alphabet::Alphabet;

const ALPHABET: &str = " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPRSTUVWXYZ0123456789.,-()";
const LETTER: &str = "dear hannah,\n\nthank you for the card that came on monday. we pinned it above the table, where everyone \
    can see it, and the children ask every morning when you will be back.\n\nno one has seen a storm as bad as this one. the \
    old tree came down in the night and we spent two days on it. i kept one branch, which is in a vase.\n\nwith love,\nsam";

fn style(paper: Option<Paper>) -> PageStyle {
    PageStyle { paper, ..PageStyle::default() }
}

fn a5() -> PageStyle {
    style(Some(Paper::new(148.0, 210.0).unwrap()))
}

fn text(text: &str) -> Text {
    let structure = Structure::new(text, &Alphabet::new(ALPHABET), 30);
    Text { structure, hand: HandMeasure { x_height: 150.0, ..HandMeasure::default() }, columns: None }
}

/// A stretch's ink: its size, slope and height differ from stretch to stretch.
fn stretch(text: &Text, row: usize) -> LineInk {
    let size = [150.0, 170.0, 140.0, 160.0][row % 4];
    let slope = [0.0, 0.03, -0.02][row % 3];
    let (points, characters) = written(&text.structure.stretches[row].text, size, slope, 40.0 * row as f32);
    LineInk { row, points, characters, whole: true, complete: true, ..LineInk::default() }
}

fn stretches(text: &Text) -> Vec<LineInk> {
    (0..text.structure.stretches.len()).map(|row| stretch(text, row)).collect()
}

/// The layout of stretches that come whole, and what was handed out.
fn laid(style: PageStyle, content: &str) -> (Layout, Vec<PlacedInk>) {
    let text = text(content);
    let ink = stretches(&text);
    let mut layout = Layout::new(style, 5, Extent::default(), Some(text), false);
    let placed = ink.into_iter().flat_map(|ink| layout.add(ink)).collect();
    (layout, placed)
}

/// The lines of all pages, each with its points.
fn lines(layout: &Layout) -> Vec<(String, Vec<[f32; 3]>)> {
    let texts = (0..layout.pages()).flat_map(|page| layout.text_on(page, usize::MAX));
    texts.zip(layout.ink().map(|ink| ink.points)).collect()
}

fn edges(points: &[[f32; 3]]) -> [f64; 2] {
    span(points)
}

/// Every check of a finished layout that holds for any text.
fn check(layout: &Layout, content: &str) {
    let text = text(content);
    let written: Vec<String> =
        text.structure.paragraphs.iter().flat_map(|p| p.words.iter().map(|w| w.typed.clone())).collect();
    let found: Vec<String> =
        lines(layout).iter().flat_map(|(line, _)| line.split(' ').map(str::to_owned).collect::<Vec<_>>()).collect();
    assert_eq!(found, written, "all words, in order");
    let points: usize = stretches(&text).iter().map(|ink| ink.points.len()).sum();
    assert_eq!(layout.points().len(), points, "every point is on a page");
    let sheet = layout.sheet();
    for ink in layout.ink() {
        let spot = sheet.spot(layout.lines[ink.line].row);
        let [left, right] = edges(&ink.points);
        assert!(
            left > spot.left - 1.0 && (spot.room.is_infinite() || right < spot.left + spot.room + 1.0),
            "{left} {right}"
        );
        assert!(ink.points.iter().all(|point| (0.0..sheet.height).contains(&f64::from(point[1]))));
    }
    let mut strokes = 0;
    for page in 0..layout.pages() {
        let mut seen = Vec::new();
        for (_, word) in layout.strokes(layout.page(page)) {
            let number = word.unwrap().number;
            if seen.last() != Some(&number) {
                assert!(!seen.contains(&number), "the strokes of a word follow one another");
                seen.push(number);
            }
            strokes += 1;
        }
    }
    assert_eq!(strokes, layout.points().iter().filter(|point| point[2] > 0.5).count());
}

#[test]
fn lines_end_where_the_ink_does_and_are_filled() {
    let (layout, _) = laid(a5(), LETTER);
    check(&layout, LETTER);
    let spot = layout.sheet().spot(0);
    let found = lines(&layout);
    let full: Vec<f64> = found
        .windows(2)
        .filter(|pair| !pair[0].0.ends_with(['.', ',']))
        .map(|pair| (edges(&pair[0].1)[1] - spot.left) / spot.room)
        .collect();
    assert!(full.len() > 2 && full.iter().all(|fill| *fill > 0.85), "{full:?}");
    assert!(full.iter().sum::<f64>() / full.len() as f64 > 0.95, "{full:?}");
}

#[test]
fn lines_are_level_and_letters_as_high_as_the_style_says() {
    let (layout, _) = laid(a5(), LETTER);
    for ink in layout.ink().filter(|ink| ink.points.len() > 60) {
        let spot = layout.sheet().spot(layout.lines[ink.line].row);
        let look = Look::of(&ink.points, &[], X_HEIGHT).unwrap();
        assert!(look.slope.abs() < 0.004, "{look:?}");
        assert!((look.from + look.slope * spot.left - spot.baseline).abs() < 12.0, "{look:?}");
        assert!((look.height / X_HEIGHT - 1.0).abs() < 0.08, "{look:?}");
    }
}

#[test]
fn words_stand_apart_and_neighbours_are_of_one_size() {
    let (layout, _) = laid(a5(), LETTER);
    let placed: Vec<&Word> = layout.words.iter().filter(|word| word.place.is_some()).collect();
    for pair in placed.windows(2) {
        let [before, after] = [pair[0].place.unwrap(), pair[1].place.unwrap()];
        if before.line != after.line {
            continue;
        }
        let gap = after.x - before.x - before.scale * before.widen * pair[0].width;
        assert!((0.45..2.0).contains(&(gap / X_HEIGHT)), "{gap}");
        let ratio = after.scale / before.scale;
        assert!((0.9..1.1).contains(&ratio), "{ratio}");
    }
    let of_hand = libm::exp(MAX_LINE_SIZE);
    for word in placed {
        let scale = word.place.unwrap().scale;
        assert!((EVENINGS.start / of_hand..=EVENINGS.end * of_hand).contains(&scale), "{scale}");
    }
}

#[test]
fn ink_that_comes_in_pieces_is_laid_out_as_ink_that_comes_at_once() {
    let (whole, _) = laid(a5(), LETTER);
    for live in [false, true] {
        let text = text(LETTER);
        let ink = stretches(&text);
        let mut layout = Layout::new(a5(), 5, Extent::default(), Some(text), live);
        let mut placed = Vec::new();
        for LineInk { row, points, characters, .. } in ink {
            // Of the first stretch words come one by one, of the others all points at once.
            let mut from = 0;
            for end in (5..points.len()).step_by(5).filter(|_| row == 0) {
                let characters = characters[from..end].to_vec();
                placed.extend(layout.add(LineInk {
                    row,
                    points: points[from..end].to_vec(),
                    characters,
                    whole: true,
                    complete: false,
                    ..LineInk::default()
                }));
                from = end;
            }
            placed.extend(layout.add(LineInk {
                row,
                points: points[from..].to_vec(),
                characters: characters[from..].to_vec(),
                whole: true,
                complete: true,
                ..LineInk::default()
            }));
            let handed: usize = placed.iter().map(|ink| ink.points.len()).sum();
            assert_eq!(handed, layout.points().len());
        }
        let joined: Vec<[f32; 3]> = placed.iter().flat_map(|ink| ink.points.clone()).collect();
        assert_eq!(joined, layout.points(), "what was handed out stayed");
        if !live {
            assert_eq!(layout.points(), whole.points());
        }
        layout.lay_out(a5());
        assert_eq!(layout.points(), whole.points());
    }
}

#[test]
fn the_first_words_do_not_wait_for_their_stretch() {
    let text = text(LETTER);
    let LineInk { points, characters, .. } = stretch(&text, 0);
    let mut layout = Layout::new(a5(), 5, Extent::default(), Some(text), true);
    let first = layout.add(LineInk {
        row: 0,
        points: points[..20].to_vec(),
        characters: characters[..20].to_vec(),
        whole: true,
        complete: false,
        ..LineInk::default()
    });
    assert_eq!((first.len(), first[0].points.len(), first[0].start), (1, 20, 0), "\"dear\"");
    let [left, _] = edges(&first[0].points);
    assert!((left - layout.sheet().spot(0).left).abs() < 0.1);
    let unfinished = LineInk {
        row: 0,
        points: points[20..25].to_vec(),
        characters: characters[20..25].to_vec(),
        whole: false,
        complete: false,
        ..LineInk::default()
    };
    assert!(layout.add(unfinished).is_empty() && layout.is_holding(), "a word that is not whole waits");
}

#[test]
fn laying_out_hands_out_nothing_that_is_held_back() {
    let long = "word after word comes along and ".repeat(30);
    let content = text(&long);
    let ink = stretches(&content);
    let mut layout = Layout::new(a5(), 5, Extent::default(), Some(content.clone()), true);
    for ink in ink {
        layout.add(ink);
        let handed = layout.points().len();
        for style in [style(None), PageStyle { slant: 9.0, ..style(Paper::named("a4")) }, a5()] {
            layout.lay_out(style);
            assert_eq!(layout.points().len(), handed);
        }
    }
    assert!(!layout.is_holding());
    check(&layout, &long);
    let mut layout = Layout::new(a5(), 5, Extent::default(), Some(content.clone()), true);
    for row in 0..4 {
        layout.add(stretch(&content, row));
    }
    let held = layout.points().len();
    assert!(layout.is_holding() && !layout.release().is_empty() && layout.points().len() > held);
}

#[test]
fn what_does_not_fit_on_a_page_goes_to_the_next_and_lines_are_not_left_alone() {
    let paper = Paper::new(100.0, 100.0).unwrap().with_margin(10.0).unwrap();
    let (layout, placed) = laid(style(Some(paper)), LETTER);
    check(&layout, LETTER);
    assert!(layout.pages() > 1);
    assert!(placed.windows(2).all(|pair| pair[0].page <= pair[1].page && pair[0].line <= pair[1].line));
    let ranges: Vec<Range<usize>> = (0..layout.pages()).map(|page| layout.page(page)).collect();
    assert!(
        ranges.windows(2).all(|pair| pair[0].end == pair[1].start)
            && ranges.last().unwrap().end == layout.points().len()
    );
    let paragraph_of = |line: &Line| layout.words[line.words.start].paragraph;
    for (index, pair) in layout.lines.windows(2).enumerate() {
        if layout.page_of(&pair[0]) != layout.page_of(&pair[1]) && paragraph_of(&pair[0]) == paragraph_of(&pair[1]) {
            let same = |line: Option<&Line>| line.is_some_and(|line| paragraph_of(line) == paragraph_of(&pair[0]));
            assert!(same(index.checked_sub(1).and_then(|before| layout.lines.get(before))), "a paragraph's first line");
            assert!(same(layout.lines.get(index + 2)), "a paragraph's last line");
        }
    }
    let (empty, _) = laid(style(Some(paper)), "");
    assert_eq!((empty.pages(), empty.points().len()), (1, 0), "an empty sheet");
}

#[test]
fn pages_after_the_first_have_numbers_in_their_margin() {
    let (points, characters) = written(DIGITS, 150.0, 0.02, 40.0);
    let digits = LineInk { points, characters, digits: true, ..LineInk::default() };
    let card = |page_numbers| PageStyle { page_numbers, ..style(Paper::named("card")) };
    let (mut layout, _) = laid(card(true), &LETTER.repeat(12));
    let before = layout.points().to_vec();
    assert!(layout.pages() >= 10 && layout.page_number(1).is_none());
    assert!(layout.add(digits).is_empty() && layout.points() == before, "a number is no ink of the text");
    assert_eq!((layout.page_number(0), layout.page_number(layout.pages())), (None, None));
    for page in 1..layout.pages() {
        let PageNumber { text, points } = layout.page_number(page).unwrap();
        assert_eq!(text, (page + 1).to_string());
        let sheet = layout.sheet();
        let bottom = sheet.height - Paper::named("card").unwrap().margins.bottom / sheet.unit;
        assert!(points.iter().all(|point| f64::from(point[1]) > bottom && f64::from(point[1]) < sheet.height));
        let [left, right] = edges(&points);
        let middle = sheet.left(page) + sheet.room / 2.0;
        assert!((left + right) / 2.0 - middle < 1.0 && right - left > 40.0, "{left} {right}");
        assert_eq!(points.iter().filter(|point| point[2] > 0.5).count(), text.len(), "a stroke for each digit");
    }
    let wants = |layout: &mut Layout, style| {
        layout.lay_out(style);
        (layout.pages() > 1 && layout.page_number(1).is_some(), layout.points().len())
    };
    let margins =
        |bottom| Some(Paper { margins: Margins::new([10.0, 10.0, bottom, 10.0]), ..Paper::new(105.0, 148.0).unwrap() });
    for (style, is_numbered) in [
        (card(false), false),
        (a5(), true),
        (style(margins(2.0)), false),
        (style(margins(60.0)), true),
        (PageStyle { max_rows: 5, ..style(None) }, false),
    ] {
        assert_eq!(wants(&mut layout, style), (is_numbered, before.len()), "{style:?}");
    }
}

#[test]
fn indents_lists_and_tabs_are_kept() {
    let content = "\t\tmain street\n\t\tsome town\n\n\tan indented line\n- milk and a loaf of bread and a dozen of the brown ones if they have them\n\
        10. eggs\nname\tdate";
    let (layout, _) = laid(a5(), content);
    check(&layout, content);
    let spot = layout.sheet().spot(0);
    let place = |text: &str| {
        let found = lines(&layout).into_iter().find(|(line, _)| line.starts_with(text)).unwrap();
        edges(&found.1).map(|x| x - spot.left)
    };
    let [street, town] = [place("main"), place("some")];
    assert!((street[0] - town[0]).abs() < 1.0 && street[0] > spot.room / 2.0 && street[1] <= spot.room + 1.0);
    assert!((place("an indented")[0] - TAB).abs() < 1.0);
    let item = layout.lines.iter().position(|line| layout.words[line.words.start].paragraph == 3).unwrap();
    let text_of_item = layout.words[layout.lines[item].words.start + 1].place.unwrap().x;
    let next = layout.words[layout.lines[item + 1].words.start].place.unwrap().x;
    assert!((text_of_item - next).abs() < 25.0, "{text_of_item} {next}: a hanging indent");
    assert!((place("name")[1] - spot.room).abs() < 1.0, "what follows a tab is at the right");
}

#[test]
fn headings_stay_with_what_follows_and_form_feeds_begin_pages() {
    let rows = a5();
    for filler in 0..30 {
        let content = format!(
            "{}things to buy\n\nmilk and bread and eggs and more of it for all of us who are here\n",
            "ab\n".repeat(filler) + "\n"
        );
        let (layout, _) = laid(rows, &content);
        check(&layout, &content);
        let line = |text: &str| {
            layout
                .lines
                .iter()
                .position(|line| {
                    layout.text_of(layout.text.as_ref().unwrap(), &layout.words[line.words.start]) == Some(text)
                })
                .unwrap()
        };
        let [heading, next] = [line("things"), line("milk")].map(|line| layout.page_of(&layout.lines[line]));
        assert_eq!(heading, next, "after {filler} lines");
    }
    let (layout, placed) = laid(a5(), "ab\u{c}cd\n\n\u{c}ef");
    assert_eq!(placed.iter().map(|ink| ink.page).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(layout.sheet().spot(layout.lines[1].row).baseline, layout.sheet().spot(0).baseline);
}

#[test]
fn strange_texts_are_laid_out_sensibly() {
    let long_word = "abcdefghij".repeat(500);
    for content in [
        format!("ab{}cd", "\n".repeat(201)),
        long_word,
        "a\tb\tc\td\te\tf\tg\th\ti\tj\tk\tl\tm\tn\to\tp\tq".into(),
        "ab\r\n\r\ncd\u{0}ef".into(),
        format!("{}a", " ".repeat(500)),
        "- \n-\n1.\n\t".into(),
    ] {
        for style in [a5(), style(Paper::named("card")), style(None), style(Some(Paper::new(30.0, 40.0).unwrap()))] {
            let (layout, _) = laid(style, &content);
            check(&layout, &content);
            assert!(layout.pages() < 400, "{}", layout.pages());
        }
    }
    // No empty page because of blank lines.
    let (layout, _) = laid(a5(), &format!("ab{}cd", "\n".repeat(201)));
    assert_eq!(layout.pages(), 2);
}

#[test]
fn a_word_wider_than_a_line_is_made_smaller() {
    let (layout, _) = laid(style(Some(Paper::new(50.0, 100.0).unwrap())), "so incomprehensibilities go");
    check(&layout, "so incomprehensibilities go");
    assert_eq!(
        lines(&layout).iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(),
        ["so", "incomprehensibilities", "go"]
    );
}

#[test]
fn slant_leans_on_the_baseline_and_wandering_is_repeatable() {
    let (mut layout, _) = laid(a5(), LETTER);
    let upright = layout.points().to_vec();
    layout.lay_out(PageStyle { slant: 20.0, ..a5() });
    check(&layout, LETTER);
    assert_eq!(layout.points().len(), upright.len());
    let mut wandering = |wander| {
        layout.lay_out(PageStyle { wander, ..a5() });
        check(&layout, LETTER);
        layout.points().to_vec()
    };
    let fully = wandering(1.0);
    assert_ne!(upright, fully);
    assert_eq!(fully, wandering(1.0));
    assert_eq!(upright, wandering(0.0));
    layout.seed = 6;
    layout.lay_out(PageStyle { wander: 1.0, ..a5() });
    assert_ne!(fully, layout.points(), "each seed has its own");
}

#[test]
fn a_scribble_is_placed_as_it_comes_and_its_sheet_grows() {
    let mut layout = Layout::new(style(None), 5, Extent::default(), None, true);
    let dot = |row| LineInk { row, points: vec![[0.0, 50.0, 1.0]], ..LineInk::default() };
    let height = layout.sheet().height;
    let [first, fifth] = [0, 4].map(|row| layout.add(dot(row)).remove(0).points[0]);
    let spot = layout.sheet().spot(0);
    assert_eq!(first[1], (spot.baseline - 60.0) as f32);
    assert_eq!(fifth[1], layout.sheet().spot(4).baseline as f32 - 60.0);
    assert!(layout.sheet().height > height);
    let points = layout.points().to_vec();
    layout.lay_out(style(None));
    assert_eq!((layout.points(), layout.text_on(0, 9)), (&points[..], Vec::new()));
    assert_eq!(layout.strokes(0..2).iter().filter(|(_, word)| word.is_none()).count(), 2);
    let mut layout = Layout::new(style(None), 5, Extent::default(), None, true);
    let (points, _) = written("nnn nnn", 200.0, 0.0, 300.0);
    let drawn = layout.add_drawn(points);
    let lowest = drawn[0].points.iter().map(|point| f64::from(point[1])).fold(0.0, f64::max);
    assert!((lowest - layout.sheet().spot(0).baseline).abs() < 20.0, "drawn ink sits on the line");
    assert_eq!(layout.add(dot(0))[0].line, 0, "what follows is on the same line");
}

#[test]
fn transforms_map_offsets_as_the_points_moved() {
    let slanted = PageStyle { slant: 20.0, wander: 0.5, ..a5() };
    let (layout, _) = laid(slanted, LETTER);
    let mut checked = 0;
    for stretch in &layout.stretches {
        for k in (0..stretch.points.len() - 1).filter(|&k| stretch.words[k] == stretch.words[k + 1]) {
            let [[xx, xy], [yx, yy]] = layout.transform(stretch.start + k).unwrap();
            let [dx, dy] = [0, 1].map(|axis| f64::from(stretch.points[k + 1][axis] - stretch.points[k][axis]));
            let [from, to] = [0, 1].map(|by| layout.points()[stretch.start + k + by]);
            assert!((f64::from(to[0] - from[0]) - (xx * dx + xy * dy)).abs() < 0.1);
            assert!((f64::from(to[1] - from[1]) - (yx * dx + yy * dy)).abs() < 0.1);
            checked += 1;
        }
    }
    assert!(checked > 500);
    assert_eq!(layout.transform(layout.points().len()), None);
}

#[test]
fn a_pen_that_was_stopped_leaves_what_was_drawn() {
    let (mut layout, _) = laid(a5(), LETTER);
    layout.truncate(171);
    assert_eq!((layout.points().len(), layout.points()[170][2]), (171, 1.0), "its last stroke ends");
    assert_eq!(layout.ink().map(|ink| ink.points.len()).sum::<usize>(), 171);
    layout.lay_out(PageStyle { slant: 5.0, ..a5() });
    assert_eq!((layout.points().len(), layout.points()[170][2]), (171, 1.0));
    layout.truncate(0);
    assert_eq!((layout.points().len(), layout.ink().count(), layout.pages()), (0, 0, 1));
}

#[test]
fn too_little_ink_stays_on_its_line() {
    let text = text("a");
    let mut layout = Layout::new(style(None), 5, Extent::default(), Some(text), false);
    let ink = LineInk {
        row: 0,
        points: vec![[3.0, 4.0, 1.0]],
        characters: vec![0],
        whole: true,
        complete: true,
        ..LineInk::default()
    };
    let placed = layout.add(ink);
    let spot = layout.sheet().spot(0);
    assert_eq!((placed.len(), placed[0].points[0][0]), (1, spot.left as f32));
    assert!((f64::from(placed[0].points[0][1]) - spot.baseline).abs() < 1.0);
}

#[test]
fn the_last_line_of_a_greeting_is_not_left_alone() {
    // There would be room for its first line, and for none.
    let paper = Paper::new(148.0, 120.0).unwrap().with_margin(10.0).unwrap();
    let rows = Sheet::new(&style(Some(paper)), Extent::default()).rows(0);
    for above in [rows - 1, rows] {
        let content = format!("{}\n\nyours\nsam", vec!["a line"; above - 1].join("\n"));
        let (layout, _) = laid(style(Some(paper)), &content);
        assert_eq!(layout.pages(), 2, "{above}");
        assert_eq!(layout.text_on(1, usize::MAX), ["yours", "sam"], "{above}");
        check(&layout, &content);
    }
}

#[test]
fn numbers_and_capitals_are_as_high_beside_small_letters_as_the_hand_makes_them() {
    let text = text("an ear 2026 on a nose NASA or 14 men");
    let mut ink = stretch(&text, 0);
    let source: Vec<char> = text.structure.stretches[0].text.chars().collect();
    // Some are as low as letters, others very high.
    for (point, &at) in ink.points.iter_mut().zip(&ink.characters) {
        let size = match source[at as usize] {
            '2' | '0' | '6' => 3.0,
            'N' | 'A' | 'S' => 1.9,
            _ => 1.0,
        };
        point[1] *= size;
    }
    let mut layout = Layout::new(style(None), 5, Extent::default(), Some(text), false);
    layout.add(ink);
    let height = |text: &str| {
        let strokes = layout.strokes(0..layout.points().len());
        let own = strokes.iter().filter(|(_, word)| word.is_some_and(|word| word.text == text));
        let ys: Vec<f32> =
            own.flat_map(|(range, _)| layout.points()[range.clone()].iter().map(|point| point[1])).collect();
        f64::from(ys.iter().fold(f32::MIN, |a, b| a.max(*b)) - ys.iter().fold(f32::MAX, |a, b| a.min(*b))) / X_HEIGHT
    };
    let [year, agency, age, nose] = ["2026", "NASA", "14", "nose"].map(height);
    assert!(
        (1.3..2.0).contains(&year) && (1.3..2.2).contains(&agency) && (1.2..2.0).contains(&age),
        "{year} {agency} {age}"
    );
    assert!(year / age < 1.3 && (0.8..1.3).contains(&nose), "{year} {age} {nose}");
}
