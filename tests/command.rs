//! The command `running-hand`, run as people run it, with the shipped weights.
#![cfg(all(feature = "cli", not(target_arch = "wasm32")))]
#![expect(clippy::unwrap_used, reason = "tests")]

use running_hand::capture::{HandSample, LearntHand, Sample};
use running_hand::model::Hand;
use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Runs the command from another folder than the repository's.
fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_running-hand"))
        .args(arguments)
        .args(["--engine", "cpu"])
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that fails early does not read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// What it wrote to its standard output.
fn written(arguments: &[&str], input: &str) -> String {
    let output = run(arguments, input);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn a_seed_repeats_its_writing_and_hands_differ() {
    let hands = written(&["--list-hands"], "");
    let hand = hands.lines().next().unwrap();
    let first = written(&["so", "--seed", "3", "--hand", hand], "");
    assert!(first.starts_with("<svg ") && first.contains("<title>so</title>"), "{first}");
    assert_eq!(first, written(&["-", "--seed", "3", "--hand", hand], "so"), "from standard input as well");
    assert_eq!(first, written(&["so", "--seed", "3"], ""), "the first hand is the usual one");
    for other in ["none", hands.lines().nth(1).unwrap()] {
        assert_ne!(first, written(&["so", "--seed", "3", "--hand", other], ""), "{other}");
    }
}

#[test]
fn what_does_not_fit_on_a_sheet_goes_to_the_next_and_characters_left_out_are_told() {
    let output = run(&["-", "--paper", "card", "-o", "letter.gcode"], "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\nk ж 😀");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && told.contains("Written otherwise: ж as zh.") && told.contains('😀'), "{told}");
    for (name, text) in [("letter.gcode", "; a\n; b\n"), ("letter-2.gcode", "; k zh\n")] {
        let program = std::fs::read_to_string(file(name)).unwrap();
        assert!(program.contains(text) && program.contains("a sheet of 105 x 148 mm"), "{name}: {program}");
    }
}

/// Numbers of an SVG's paths of ink, two by two; and the path of what is printed on the paper.
fn paths(svg: &str) -> (Vec<[f64; 2]>, Option<String>) {
    let document = roxmltree::Document::parse(svg).unwrap();
    let (mut ink, mut printed) = (Vec::new(), None);
    for path in document.descendants().filter(|node| node.has_tag_name("path")) {
        let data = path.attribute("d").unwrap();
        if path.attribute("class") == Some("rules") {
            printed = Some(data.to_owned());
            continue;
        }
        let data = data.trim_end_matches("l0 0");
        let numbers = data.split(|c: char| c.is_ascii_alphabetic() || c == ' ').filter(|number| !number.is_empty());
        let numbers: Vec<f64> = numbers.map(|number| number.parse().unwrap()).collect();
        ink.extend(numbers.chunks_exact(2).map(|pair| [pair[0], pair[1]]));
    }
    (ink, printed)
}

#[test]
fn paper_of_any_size_has_its_rules_and_the_ink_within_its_margins() {
    for (arguments, size, rules) in [
        (&["--paper", "a6", "--landscape", "--ruling", "ruled"][..], [148.0, 105.0], "M0 16.528l148 0M0 27.408l148 0"),
        (&["--paper", "5x7in", "--margins", "20,15,20,25", "--pitch", "8.5"], [127.0, 177.8], ""),
        (
            &["--paper", "90x60mm", "--ruling", "dotted", "--pitch", "8", "--margin", "8"],
            [90.0, 60.0],
            "M0 0.8l88 0M0 4.8l88 0",
        ),
        (
            &["--paper", "a6", "--first-top", "50", "--ruling", "squared", "--size", "2"],
            [105.0, 148.0],
            "M0 3.08l105 0M0 6.48l105 0",
        ),
    ] {
        let svg = written(&[&["so it goes\non and on", "--seed", "3"], arguments].concat(), "");
        assert!(
            svg.contains(&format!("width=\"{}mm\" height=\"{}mm\"", size[0], size[1])),
            "{arguments:?}: {svg:.200}"
        );
        let (ink, printed) = paths(&svg);
        assert_eq!(printed.is_some(), !rules.is_empty(), "{arguments:?}");
        let printed = printed.unwrap_or_default();
        assert!(printed.starts_with(rules), "{arguments:?}: {printed:.60}");
        assert!(
            ink.len() > 100
                && ink.iter().all(|[x, y]| (5.0..size[0] - 5.0).contains(x) && (5.0..size[1] - 5.0).contains(y))
        );
        if arguments.contains(&"--first-top") {
            assert!(ink.iter().all(|[_, y]| *y > 49.0), "below the letterhead");
        }
    }
}

#[test]
fn an_envelope_has_the_sender_in_the_upper_left_and_the_address_in_the_lower_right() {
    let text = "Ann Lee\n1 High Street\n---\nMr Otto Klein\nHauptweg 12\n20095 Hamburg";
    let (ink, _) = paths(&written(&["-", "--paper", "envelope-dl", "--seed", "3"], text));
    let address: Vec<_> = ink.iter().filter(|[x, y]| *x >= 97.0 && *y >= 37.0).collect();
    let sender: Vec<_> = ink.iter().filter(|[x, y]| (7.0..97.0).contains(x) && *y < 39.0).collect();
    assert!(sender.len() > 100 && address.len() > 200, "{} {}", sender.len(), address.len());
    assert_eq!(sender.len() + address.len(), ink.len(), "and nothing elsewhere");
    assert!(address.iter().all(|[x, y]| *x <= 205.0 && *y <= 95.0), "clear of the edges");
}

#[test]
fn it_writes_in_the_hand_of_a_sample() {
    let sample = written(&["quick brown fox", "--format", "json", "--size", "200", "--bias", "1"], "");
    let sample: Value = serde_json::from_str(&sample).unwrap();
    let step = sample["sampleMs"].as_f64().unwrap();
    let mut ms = 0.0;
    let mut strokes = Vec::new();
    for stroke in sample["strokes"].as_array().unwrap() {
        let mut points = Vec::new();
        for point in stroke.as_array().unwrap() {
            ms += step;
            points.push(Sample { x: point[0].as_f64().unwrap(), y: point[1].as_f64().unwrap(), ms });
        }
        strokes.push(points);
    }
    let hand = HandSample { name: "Mine".into(), text: "quick brown fox".into(), strokes };
    std::fs::write(file("mine.json"), hand.to_json().unwrap()).unwrap();
    let ink: Value = serde_json::from_str(&written(&["so", "--sample", "mine.json", "--format", "json"], "")).unwrap();
    assert_eq!(ink["settings"]["sample"], "Mine");
    let without: Value = serde_json::from_str(&written(&["so", "--format", "json"], "")).unwrap();
    assert_ne!(ink["strokes"], without["strokes"]);
    std::fs::write(file("other.json"), "{}").unwrap();
    let refused = run(&["so", "--sample", "other.json"], "");
    assert!(String::from_utf8(refused.stderr).unwrap().contains("other.json: The file is not a hand"));
}

#[test]
fn a_text_that_can_be_written_as_it_stands_passes_the_check_without_a_file() {
    assert_eq!(written(&["Źdźbło – 10:30", "--check", "-o", "checked.svg"], ""), "");
    assert!(!file("checked.svg").exists());
}

#[test]
fn words_that_may_be_hard_to_read_are_named() {
    let text = "The lighthouse keeper telephoned about a boat full of zebras";
    let told = |neatness: &[&str]| {
        let output = run(&[&[text, "--seed", "3", "-o", "doubtful.svg"], neatness].concat(), "");
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(
        told(&["--bias", "0", "--temperature", "2"]),
        "May be hard to read: lighthouse. Another seed may do better.\n"
    );
    assert_eq!(told(&[]), "");
}

#[test]
fn texts_come_from_files_one_below_the_other() {
    for (name, text) in [("one.txt", "so\n"), ("two.txt", "on")] {
        std::fs::write(file(name), text).unwrap();
    }
    let both = written(&["--text-file", "one.txt", "--text-file", "two.txt"], "");
    assert_eq!(both, written(&["-"], "so\non\n"));
    assert_eq!(both, written(&["--text-file", "one.txt", "--text-file", "-"], "on"));
}

#[test]
fn mistakes_are_told_and_end_with_a_code() {
    for (arguments, input, code, message) in [
        (&["so", "--hand", "nobody"][..], "", 1, "there is no hand \"nobody\"; there are "),
        (&["so", "-o", "no/such/folder/x.svg"], "", 1, "no/such/folder/x.svg"),
        (&["so", "--weights", "missing.safetensors"], "", 1, "--weights"),
        (&["so", "--bias", "9"], "", 1, "bias"),
        (&["-"], " \n", 1, "nothing to write"),
        (&["你好", "-o", "none.svg"], "", 1, "knows none of the text's characters"),
        (
            &["-", "--check"],
            "é ж ж 😀",
            1,
            "Written otherwise: ж as zh. Left out, as the network does not know it: 😀.",
        ),
        (&["-5 degrees"], "", 2, "put -- before it"),
        (&["--text-file", "missing.txt"], "", 1, "missing.txt"),
        (&["so", "--bais", "1"], "", 2, "'--bias'"),
        (&["so", "--paper", "napkin"], "", 2, "5x7in"),
        (&["so", "--paper", "a5", "--size", "90"], "", 2, "--size: with an x of 90 mm"),
    ] {
        let output = run(arguments, input);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        let who = if code == 1 { "running-hand: " } else { "error: " };
        assert!(told.contains(who) && told.contains(message) && output.stdout.is_empty(), "{told}");
    }
    assert!(!file("none.svg").exists(), "a file was written although nothing can be");
}

/// A line as the command writes it, as ink from a screen.
fn sample_of(text: &str, arguments: &[&str]) -> HandSample {
    let line = written(&[&[text, "--format", "json", "--size", "200", "--bias", "1"], arguments].concat(), "");
    let line: Value = serde_json::from_str(&line).unwrap();
    let step = line["sampleMs"].as_f64().unwrap();
    let mut ms = 0.0;
    let mut sample = |point: &Value| {
        ms += step;
        Sample { x: point[0].as_f64().unwrap(), y: point[1].as_f64().unwrap(), ms }
    };
    let mut stroke = |stroke: &Value| stroke.as_array().unwrap().iter().map(&mut sample).collect();
    let strokes = line["strokes"].as_array().unwrap().iter().map(&mut stroke).collect();
    HandSample { name: String::new(), text: text.into(), strokes }
}

#[test]
fn it_learns_a_hand_and_writes_in_it() {
    for (name, text) in [("one.json", "quick brown fox"), ("two.json", "jumped over dogs")] {
        std::fs::write(file(name), sample_of(text, &["--hand", "Slanted"]).to_json().unwrap()).unwrap();
    }
    std::fs::write(file("texts.txt"), "quick brown fox\n\njumped over dogs\n").unwrap();
    let learn = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_running-hand"))
            .arg("learn")
            .args(arguments)
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (done, told) =
        learn(&["--ink", "one.json", "--ink", "two.json", "--text", "texts.txt", "--steps", "2", "-o", "me.json"]);
    assert!(done, "{told}");
    let hand = LearntHand::from_json(&std::fs::read(file("me.json")).unwrap()).unwrap();
    assert_eq!(
        (hand.name.as_str(), hand.samples.len(), hand.samples[1].text.as_str()),
        ("My hand", 2, "jumped over dogs")
    );
    let ink = |arguments: &[&str]| -> Value {
        serde_json::from_str(&written(&[&["so", "--format", "json"], arguments].concat(), "")).unwrap()
    };
    let own = ink(&["--hand-file", "me.json"]);
    assert_eq!(own["settings"]["ownHand"]["name"], "My hand");
    assert_ne!(own["strokes"], ink(&["--hand-file", "me.json", "--strength", "0"])["strokes"]);
    assert_ne!(own["strokes"], ink(&[])["strokes"]);

    // Ink of other programs, which are told what it says.
    let inkml = written(
        &["-", "--hand", "Slanted", "--columns", "60", "--format", "inkml"],
        "quick brown fox\njumped over dogs",
    );
    std::fs::write(file("lines.inkml"), inkml).unwrap();
    let (done, told) = learn(&["--ink", "lines.inkml", "--text", "texts.txt", "--steps", "1", "-o", "other.json"]);
    assert!(done, "{told}");
    let other = LearntHand::from_json(&std::fs::read(file("other.json")).unwrap()).unwrap();
    let texts: Vec<&str> = other.samples.iter().map(|sample| sample.text.as_str()).collect();
    assert_eq!(texts, ["quick brown fox", "jumped over dogs"]);

    std::fs::write(file("text.txt"), "quick brown fox\n").unwrap();
    let (done, told) = learn(&["--ink", "one.json", "--ink", "two.json", "--text", "text.txt", "-o", "me.json"]);
    assert!(!done && told.contains("1 lines of text, and there are 2 of ink"), "{told}");
    let (done, told) = learn(&["--ink", "texts.txt", "-o", "me.json"]);
    assert!(!done && told.contains("texts.txt: "), "{told}");
    let foreign = LearntHand { hand: Hand { weights: 1, ..hand.hand }, ..hand };
    std::fs::write(file("foreign.json"), foreign.to_json().unwrap()).unwrap();
    let refused = run(&["so", "--hand-file", "foreign.json"], "");
    assert!(String::from_utf8(refused.stderr).unwrap().contains("learnt with other weights"));
}
