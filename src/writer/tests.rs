use super::batch::MAX_SLOTS;
use super::*;
use crate::engine::IN_FLIGHT;
use crate::model::{Config, Hand, HandLayout};
use crate::testing::{self, LostGpu, writer};
use crate::text::alphabet::{Alphabet, END, LINE_BREAK};
use pollster::block_on;

/// A writer whose GPU is lost after so many chunks.
fn writer_losing_gpu_after(chunks: usize) -> Writer {
    let mut writer = writer();
    writer.engine = Engine::Remote(Box::new(LostGpu::after(chunks)));
    writer
}

/// Writes a line: its plan, all of its offsets, and why it ended.
fn write_line(writer: &mut Writer, text: &str, settings: &Settings) -> (Plan, Vec<Offset>, Finish) {
    let plan = block_on(writer.start(text, settings)).unwrap();
    let mut offsets = Vec::new();
    while let Some(chunk) = block_on(writer.next()).unwrap() {
        assert!(!chunk.offsets.is_empty());
        offsets.extend(chunk.offsets);
    }
    (plan, offsets, writer.finish().unwrap())
}

#[test]
fn the_same_settings_write_the_same_and_each_setting_matters() {
    let base = Settings { style: Some(0), ..Settings::default() };
    let (_, ink, _) = write_line(&mut writer(), "abc", &base);
    assert_eq!(write_line(&mut writer(), "abc", &base).1, ink);
    for other in [
        Settings { seed: 2, ..base.clone() },
        Settings { line: 1, ..base.clone() },
        Settings { bias: 0.9, ..base.clone() },
        Settings { temperature: 1.3, ..base.clone() },
        Settings { style: Some(1), ..base.clone() },
        Settings { style: None, ..base.clone() },
        Settings { blend: Some((1, 0.5)), ..base.clone() },
    ] {
        assert_ne!(write_line(&mut writer(), "abc", &other).1, ink, "{other:?}");
    }
    assert_ne!(write_line(&mut writer(), "abd", &base).1, ink);
    assert_eq!(write_line(&mut writer(), "abc", &Settings { blend: Some((1, 0.0)), ..base.clone() }).1, ink);
    let whole = Settings { blend: Some((1, 1.0)), ..base.clone() };
    let other = Settings { style: Some(1), ..base };
    assert_eq!(write_line(&mut writer(), "abc", &whole).1, write_line(&mut writer(), "abc", &other).1);
}

#[test]
fn blank_text_is_written_by_the_prediction_network() {
    let settings = Settings { points: 33, ..Settings::default() };
    let (plan, ink, finish) = write_line(&mut writer(), " \n", &settings);
    assert_eq!((plan.kind, ink.len(), finish), (Kind::Prediction, 33, Finish::Length));
}

#[test]
fn a_text_ends_by_the_window_rule_before_the_cap() {
    let (plan, ink, finish) = write_line(&mut writer(), "hello there", &Settings::default());
    assert_eq!(finish, Finish::WindowRule);
    assert!(ink.len() < plan.cap);
}

#[test]
fn a_learned_stop_ends_the_line_only_near_its_end() {
    let config = testing::config(Kind::Synthesis, &[9, 8], 3);
    let mut weights = testing::weights(&config, 2);
    *weights.output.bias.last_mut().unwrap() = 20.0; // always stops
    weights.output.bias[0] = -20.0; // always lifts the pen
    let mut writer = writer();
    writer.set_weights(weights);
    let text = "abcdefgh";
    block_on(writer.start(text, &Settings::default())).unwrap();
    let mut steps = Vec::new();
    while let Some(chunk) = block_on(writer.next()).unwrap() {
        steps.extend(chunk.steps);
    }
    assert_eq!(writer.finish(), Some(Finish::Stopped));
    let (last, before) = steps.split_last().unwrap();
    assert!(last.position + 2.0 >= text.len() as f32);
    assert!(before.iter().all(|s| s.position + 2.0 < text.len() as f32));
}

#[test]
fn checked_writing_delivers_each_point_once_also_when_the_gpu_is_lost() {
    let settings = Settings { attempts: 2, ..Settings::default() };
    let mut checked = writer();
    let (_, whole, finish) = write_line(&mut checked, "hello there my dear", &settings);
    assert!(checked.retries() > 0, "a random network fails the check");
    assert!(checked.computed_timesteps() > whole.len());
    assert_eq!(checked.ink(), Ink::from_offsets(Point::default(), &whole));
    for chunks in [1, 5, 9] {
        let mut lost = writer_losing_gpu_after(chunks);
        let (_, ink, finish_here) = write_line(&mut lost, "hello there my dear", &settings);
        assert!(ink == whole && finish_here == finish, "lost after {chunks} chunks");
    }
}

#[test]
fn faults_are_reported_for_checked_and_unchecked_lines() {
    let mut weights = testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2);
    let window = weights.window.as_mut().unwrap();
    window.weight.values.fill(0);
    window.bias[8..].fill(3.0); // the window rushes through the text
    for attempts in [0, 1] {
        let mut writer = writer();
        writer.set_weights(weights.clone());
        write_line(&mut writer, "hello there", &Settings { attempts, ..Settings::default() });
        assert!(writer.faults().iter().any(|fault| matches!(fault, Fault::Hurried(_) | Fault::Unwritten(_))));
        assert_eq!(writer.retries() > 0, attempts > 0);
    }
    let mut writer = writer();
    write_line(&mut writer, "", &Settings::default());
    assert_eq!(writer.faults(), []);
}

#[test]
fn a_line_whose_window_stands_still_ends_at_the_cap() {
    let mut weights = testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2);
    let window = weights.window.as_mut().unwrap();
    window.weight.values.fill(0);
    window.bias[8..].fill(-40.0);
    let mut writer = writer();
    writer.set_weights(weights);
    let unchecked = Settings { attempts: 0, ..Settings::default() };
    let (plan, ink, finish) = write_line(&mut writer, "abc", &unchecked);
    assert_eq!((ink.len(), finish), (plan.cap, Finish::Cap));
    // With the check it ends sooner, and no word is tried for ever.
    for text in ["abc", "abc def ghi jkl"] {
        let (plan, ink, finish) = write_line(&mut writer, text, &Settings::default());
        assert_eq!(finish, Finish::Cap);
        assert!((1..plan.cap * 3 / 4).contains(&ink.len()), "{} of {}", ink.len(), plan.cap);
        assert!(writer.faults().contains(&Fault::Endless));
        assert!(writer.retries() < 12, "{}", writer.retries());
    }
}

/// A network, and a hand that holds its window back: at a quarter of its strength it still does.
fn held_back() -> (Weights, Arc<Hand>) {
    let mut weights = testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2);
    // The window's speed follows the first unit alone, and that what is added to its cell.
    let window = weights.window.as_mut().unwrap();
    for row in 8..12 {
        window.weight.values[row * 9..][..9].fill(0);
        window.weight.values[row * 9] = 60;
        window.weight.scales[row] = 0.1;
        window.bias[row] = -5.4;
    }
    let gates = &mut weights.layers[0].gates;
    for (gate, bias) in [6.0, -6.0, 1.0, 6.0].into_iter().enumerate() {
        let columns = gates.weight.columns;
        gates.weight.values[gate * 9 * columns..][..columns].fill(0);
        gates.bias[gate * 9] = bias;
    }
    let layout = HandLayout::new(&weights.config);
    let mut numbers = vec![0; layout.count()];
    numbers[layout.gates[0].start + 2 * 9] = i16::MIN;
    let hand = Hand { weights: weights.fingerprint, numbers };
    (weights, Arc::new(hand))
}

#[test]
fn a_line_that_loses_its_text_in_a_learnt_hand_is_written_with_less_of_it() {
    let (weights, hand) = held_back();
    let text = "hello there";
    let in_hand = Settings { attempts: 1, hand: Some(hand), ..Settings::default() };
    let written = |mut writer: Writer, settings: &Settings| {
        writer.set_weights(weights.clone());
        let (plan, ink, finish) = write_line(&mut writer, text, settings);
        (plan.cap, ink, finish, writer.faults())
    };
    for strength in [1.0, 0.5, 0.25] {
        let unchecked = Settings { attempts: 0, strength, ..in_hand.clone() };
        let (cap, ink, finish, _) = written(writer(), &unchecked);
        assert_eq!((ink.len(), finish), (cap, Finish::Cap), "the window stands still");
    }
    let (cap, ink, finish, faults) = written(writer(), &in_hand);
    assert_eq!(finish, Finish::WindowRule);
    assert!(ink.len() < cap);
    assert!(!faults.iter().any(|fault| matches!(fault, Fault::Unwritten(_) | Fault::Endless)), "{faults:?}");
    for chunks in [2, 9, 40] {
        assert!(written(writer_losing_gpu_after(chunks), &in_hand).1 == ink, "lost after {chunks} chunks");
    }
    // The line after it has all of the hand again, and each loses no more time than it must.
    let mut writer = writer();
    writer.set_weights(weights.clone());
    let (lines, _) = write_batch(&mut writer, 3, &in_hand);
    assert!(lines.iter().all(|(_, finish)| *finish == Finish::WindowRule));
}

#[test]
fn cancelling_ends_the_stream_with_its_reason() {
    let mut writer = writer();
    block_on(writer.start("hello there", &Settings::default())).unwrap();
    assert!(block_on(writer.next()).unwrap().is_some());
    writer.cancel();
    assert!(block_on(writer.next()).unwrap().is_none());
    assert_eq!(writer.finish(), Some(Finish::Cancelled));
}

#[test]
fn a_canceller_ends_the_current_line_and_not_the_next_one() {
    let mut writer = writer();
    let canceller = writer.canceller();
    block_on(writer.start("hello there", &Settings::default())).unwrap();
    assert!(block_on(writer.next()).unwrap().is_some());
    canceller.cancel();
    assert!(block_on(writer.next()).unwrap().is_none());
    assert_eq!(writer.finish(), Some(Finish::Cancelled));
    let (_, ink, finish) = write_line(&mut writer, "hello there", &Settings::default());
    assert!(!ink.is_empty() && finish == Finish::WindowRule);
}

#[test]
fn chunks_start_small_and_follow_the_clock() {
    fn standing() -> f64 {
        0.0
    }
    let mut writer = writer();
    writer.set_clock(standing);
    block_on(writer.start("", &Settings::default())).unwrap();
    let mut sizes = Vec::new();
    while let Some(chunk) = block_on(writer.next()).unwrap() {
        sizes.push(chunk.steps.len());
    }
    assert_eq!(sizes[..6], [8, 16, 32, 64, 128, 128]);
    assert_eq!(sizes.iter().sum::<usize>(), 1400);
}

const TEXTS: [&str; 6] = ["hello there my dear", "ab", "the cat sat", "o", "good day to you all", "xyz abc"];

/// Writes `count` lines as one batch: each one's offsets and why it ended, and the line of each update in order.
fn write_batch(writer: &mut Writer, count: usize, settings: &Settings) -> (Vec<(Vec<Offset>, Finish)>, Vec<usize>) {
    let line = |n: usize| (TEXTS[n % 6].to_owned(), Settings { line: n as u64, ..settings.clone() });
    block_on(writer.start_lines((0..count).map(line).collect())).unwrap();
    let mut lines = vec![(Vec::new(), None); count];
    let mut order = Vec::new();
    while let Some(updates) = block_on(writer.next_updates()).unwrap() {
        for LineUpdate { line, begun, chunk, finish, .. } in updates {
            assert!(lines[line].1.is_none(), "an update after the end");
            assert_eq!(begun.is_some(), lines[line].0.is_empty());
            lines[line].0.extend(chunk.offsets);
            lines[line].1 = finish;
            order.push(line);
        }
    }
    (lines.into_iter().map(|(offsets, finish)| (offsets, finish.unwrap())).collect(), order)
}

/// The double of a GPU that is not lost for a long time.
fn ready_gpu(is_faster_for_one_line: bool) -> ReadyGpu {
    ReadyGpu { engine: Engine::Remote(Box::new(LostGpu::after(100_000))), is_faster_for_one_line }
}

#[test]
fn a_gpu_that_becomes_ready_takes_over_with_the_same_ink() {
    let lines = |settings: &Settings| -> Vec<(String, Settings)> {
        let texts = ["hello there", "ab", "the cat sat", "o", "good day"];
        let line = |(n, text): (usize, &&str)| (text.to_string(), Settings { line: n as u64, ..settings.clone() });
        texts.iter().enumerate().map(line).collect()
    };
    // The points of each line; the GPU becomes ready after so many updates.
    let written = |has_pool: bool, ready_after: usize, settings: &Settings| {
        let mut writer = writer();
        writer.set_has_pool(has_pool);
        block_on(writer.start_lines(lines(settings))).unwrap();
        let mut points = vec![Vec::new(); 5];
        for count in 0.. {
            if count == ready_after {
                writer.add_gpu(ready_gpu(false));
            }
            let Some(updates) = block_on(writer.next_updates()).unwrap() else { break };
            updates.into_iter().for_each(|update| points[update.line].extend(update.chunk.offsets));
        }
        (points, writer)
    };
    for settings in [Settings::default(), Settings { attempts: 0, ..Settings::default() }] {
        let (expected, writer) = written(false, usize::MAX, &settings);
        assert!(writer.engine.is_cpu());
        for (has_pool, ready_after) in [(false, 0), (false, 1), (true, 3), (false, 20)] {
            let (found, writer) = written(has_pool, ready_after, &settings);
            assert!(found == expected, "ready after {ready_after} updates");
            assert!(!writer.engine.is_cpu(), "the GPU has taken over");
        }
    }
}

#[test]
fn a_single_line_is_written_by_the_engine_that_won_the_race() {
    for gpu_wins in [false, true] {
        let mut writer = writer();
        let (_, expected, _) = write_line(&mut writer, "hello there", &Settings::default());
        writer.add_gpu(ready_gpu(gpu_wins));
        for _ in 0..2 {
            let (_, ink, _) = write_line(&mut writer, "hello there", &Settings::default());
            assert_eq!(ink, expected);
            assert_eq!(writer.engine.is_cpu(), !gpu_wins);
        }
        let two = ["ab", "cd"].map(|text| (text.to_owned(), Settings::default()));
        block_on(writer.start_lines(two.to_vec())).unwrap();
        assert!(!writer.engine.is_cpu(), "two lines are the GPU's");
    }
}

#[test]
fn a_gpu_that_took_over_may_be_lost_too() {
    let mut writer = writer();
    let (_, expected, _) = write_line(&mut writer, "hello there my dear", &Settings::default());
    writer.add_gpu(ReadyGpu { engine: Engine::Remote(Box::new(LostGpu::after(2))), is_faster_for_one_line: true });
    let (_, ink, _) = write_line(&mut writer, "hello there my dear", &Settings::default());
    assert_eq!(ink, expected);
    assert!(writer.engine.is_cpu() && writer.notice().contains("lost"));
    let (_, again, _) = write_line(&mut writer, "hello there my dear", &Settings::default());
    assert_eq!(again, expected, "and the GPU is not tried again");
}

#[test]
fn lines_of_a_batch_equal_single_lines_also_when_the_gpu_is_lost() {
    let plain = Settings { attempts: 2, ..Settings::default() };
    let primed = primed(&writer(), Kind::Synthesis, "ab", 60);
    // More lines than there are slots.
    for (settings, count) in [(&plain, MAX_SLOTS + 9), (&primed, 7), (&Settings { attempts: 0, ..plain.clone() }, 5)] {
        let (lines, order) = write_batch(&mut writer(), count, settings);
        assert_eq!(order[0], 0);
        assert!(order.iter().position(|&line| line == 4) < order.iter().rposition(|&line| line == 2), "at once");
        for (n, found) in lines.iter().enumerate() {
            let settings = Settings { line: n as u64, ..settings.clone() };
            let (_, ink, finish) = write_line(&mut writer(), TEXTS[n % 6], &settings);
            assert!(*found == (ink, finish), "line {n} of {count}");
        }
        for chunks in [0, 3, 9] {
            let mut lost = writer_losing_gpu_after(chunks);
            assert!(write_batch(&mut lost, count, settings).0 == lines, "lost after {chunks} chunks");
            assert!(lost.notice().contains("unplugged"));
        }
    }
}

#[test]
fn the_duration_of_chunks_does_not_change_the_ink() {
    use std::sync::atomic::AtomicU64;
    static NOW: AtomicU64 = AtomicU64::new(1);
    /// Makes chunks seem to take from 0 to 30 ms.
    fn unsteady() -> f64 {
        let now = NOW.fetch_add(1, Ordering::Relaxed);
        (now * 15 + now.wrapping_mul(now).wrapping_mul(2_654_435_761) % 30) as f64
    }
    let settings = Settings { attempts: 3, ..Settings::default() };
    let primed = Settings { seed: 3, ..primed(&writer(), Kind::Synthesis, "ab", 60) };
    for (settings, count) in [(&settings, 1), (&settings, 4), (&primed, 3)] {
        let steady = write_batch(&mut writer(), count, settings).0;
        for _ in 0..4 {
            let mut writer = writer();
            writer.set_clock(unsteady);
            assert!(write_batch(&mut writer, count, settings).0 == steady);
        }
    }
}

#[test]
fn the_first_line_of_a_batch_is_written_before_the_others() {
    let settings = Settings { attempts: 0, ..Settings::default() };
    let mut writer = writer();
    block_on(writer.start_lines(vec![("abc".into(), settings.clone()), ("def".into(), settings)])).unwrap();
    let computed_by_second =
        |writer: &Writer| writer.batch.as_ref().unwrap().slots[1].as_ref().unwrap().computed_timesteps;
    loop {
        let updates = block_on(writer.next_updates()).unwrap().unwrap();
        assert!(updates.iter().all(|update| update.line == 0) && computed_by_second(&writer) == 0);
        if updates.iter().any(|update| update.finish.is_some()) {
            break;
        }
    }
    block_on(writer.next_updates()).unwrap();
    assert!(computed_by_second(&writer) > 0);
}

#[test]
fn a_word_is_written_again_without_reading_the_whole_line_again() {
    let mut writer = writer();
    let settings = Settings { attempts: 2, ..Settings::default() };
    let (_, ink, _) = write_line(&mut writer, "hello there my dear", &settings);
    let computed = writer.computed_timesteps();
    assert!(writer.retries() > 1);
    // A GPU that fails in its first chunk makes no difference: nothing has been computed by then.
    let mut writer = writer_losing_gpu_after(0);
    let (_, again, _) = write_line(&mut writer, "hello there my dear", &settings);
    assert!(again == ink && writer.computed_timesteps() == computed);
    let attempts = 1 + settings.attempts;
    assert!(computed < ink.len() * (attempts + 2), "{computed} timesteps for {} points", ink.len());
}

#[test]
fn a_batch_is_cancelled_as_a_whole_and_an_empty_one_is_refused() {
    let mut writer = writer();
    let canceller = writer.canceller();
    let line = |_| ("hello there".to_owned(), Settings::default());
    block_on(writer.start_lines((0..5).map(line).collect())).unwrap();
    assert!(block_on(writer.next_updates()).unwrap().is_some());
    canceller.cancel();
    assert!(block_on(writer.next_updates()).unwrap().is_none());
    assert_eq!(writer.finish(), Some(Finish::Cancelled));
    assert!(block_on(writer.next_updates()).unwrap().is_none());
    assert!(matches!(block_on(writer.start_lines(Vec::new())), Err(Error::Sequence(_))));
}

/// Settings with priming ink.
fn primed(writer: &Writer, kind: Kind, text: &str, count: usize) -> Settings {
    let config = &writer.weights(kind).unwrap().config;
    let prime = Prime::new(config, text, &testing::zigzag(count)).unwrap();
    Settings { attempts: 2, prime: Some(Arc::new(prime)), ..Settings::default() }
}

#[test]
fn priming_ink_changes_the_writing_and_is_not_delivered() {
    let mut writer = writer();
    let settings = primed(&writer, Kind::Synthesis, "ab", 60);
    let (plan, ink, finish) = write_line(&mut writer, "hello there", &settings);
    assert_eq!((plan.text.written.as_str(), finish), ("hello there", Finish::WindowRule));
    assert_eq!([ink[0].dx, ink[0].dy], [0.0; 2], "the line begins at its first point");
    let delivered = writer.ink();
    assert_eq!(delivered.strokes.iter().map(Vec::len).sum::<usize>(), ink.len());
    assert!(writer.retries() > 0 && writer.computed_timesteps() > ink.len() + 59);
    for other in [
        Settings { prime: None, ..settings.clone() },
        primed(&writer, Kind::Synthesis, "ab", 61),
        primed(&writer, Kind::Synthesis, "ac", 60),
        Settings { style: Some(1), ..settings.clone() },
    ] {
        assert_ne!(write_line(&mut writer, "hello there", &other).1, ink);
    }
    assert_eq!(write_line(&mut writer, "hello there", &settings).1, ink);
}

#[test]
fn a_primed_line_is_what_the_engine_draws_after_the_same_prefix() {
    let mut writer = writer();
    let known = Arc::clone(writer.weights(Kind::Synthesis).unwrap());
    let alphabet: String = known.config.alphabet.chars().filter(|&c| c != LINE_BREAK).collect();
    let unknown = Arc::new(testing::weights(&Config { alphabet, ..known.config.clone() }, 5));
    let numbers = (0..HandLayout::new(&known.config).count()).map(|k| 40 * (k as i16 % 7)).collect();
    let hand = Arc::new(Hand { weights: known.fingerprint, numbers });
    // In a learnt hand, or if the network knows no line break, it goes on as behind a word.
    for (weights, hand, strength, text) in [
        (&known, None, 1.0, "ab\ncd"),
        (&known, Some(hand.clone()), 0.0, "ab\ncd"),
        (&known, Some(hand), 0.5, "ab cd"),
        (&unknown, None, 1.0, "ab cd"),
    ] {
        writer.set_weights(Arc::clone(weights));
        let settings = Settings { attempts: 0, hand, strength, ..primed(&writer, Kind::Synthesis, "ab", 60) };
        let (_, ink, _) = write_line(&mut writer, "cd", &settings);
        let alphabet = Alphabet::new(&weights.config.alphabet);
        let learnt = settings.learnt(&weights.config);
        let line = Line {
            ids: text.chars().map(|c| alphabet.id(c).unwrap()).chain([END]).collect(),
            style: learnt.as_ref().map(|(style, _)| style.clone()).unwrap_or_default(),
            hand: learnt.map(|(_, biases)| Arc::new(biases)),
            bias: settings.bias,
            temperature: 1.0,
            prefix: settings.prime.as_ref().unwrap().offsets.clone(),
        };
        let mut engine = CpuEngine::new();
        engine.open(weights, &[line]).unwrap();
        engine.submit(ink.len(), &testing::noise(settings.seed, 1, ink.len())).unwrap();
        let adjustment = settings.adjustment(&weights.config);
        let expected: Vec<Offset> = (engine.collect().unwrap().iter())
            .map(|s| adjustment.offset(weights.config.offset([s.dx, s.dy, s.pen])))
            .collect();
        assert_eq!(ink[1..], expected[1..], "{text:?}");
    }
}

#[test]
fn without_text_the_network_continues_from_the_priming_inks_last_point() {
    let mut writer = writer();
    let settings = Settings { points: 33, ..primed(&writer, Kind::Prediction, "", 40) };
    let (plan, offsets, finish) = write_line(&mut writer, "", &settings);
    assert_eq!((plan.kind, offsets.len(), finish), (Kind::Prediction, 33, Finish::Length));
    let end = testing::zigzag(40)[39];
    let first = writer.ink().strokes[0][0];
    assert_eq!([first.x, first.y], [end[0] + offsets[0].dx, end[1] + offsets[0].dy]);
    assert_ne!(write_line(&mut writer, "", &Settings { prime: None, ..settings.clone() }).1, offsets);
    let message = block_on(writer.start("a", &settings)).unwrap_err().to_string();
    assert!(message.starts_with("prime: this ink was prepared for the prediction network"), "{message}");
}

#[test]
fn a_primed_line_resumes_on_the_cpu_when_the_gpu_is_lost() {
    for (kind, text) in [(Kind::Synthesis, "hello there my dear"), (Kind::Prediction, "")] {
        let settings = primed(&writer(), kind, "ab", 60);
        let (_, whole, finish) = write_line(&mut writer(), text, &settings);
        for chunks in [0, 1, 5] {
            let mut lost = writer_losing_gpu_after(chunks);
            let (_, ink, finish_here) = write_line(&mut lost, text, &settings);
            assert!(ink == whole && finish_here == finish, "{kind}: lost after {chunks} chunks");
        }
    }
}

#[test]
fn the_ink_consists_of_the_delivered_offsets() {
    let mut writer = writer();
    let (_, offsets, _) = write_line(&mut writer, "abc", &Settings::default());
    let ink = writer.ink();
    assert_eq!(ink, Ink::from_offsets(Point::default(), &offsets));
    assert_eq!(ink.strokes.iter().map(Vec::len).sum::<usize>(), offsets.len() + 1, "and the origin");
}

#[test]
fn unsupported_characters_are_reported_and_text_of_nothing_else_finishes_at_once() {
    let (plan, ink, _) = write_line(&mut writer(), "aé😀", &Settings::default());
    assert_eq!((plan.text.written.as_str(), plan.text.left_out), ("ae", vec!['😀']));
    assert!(!ink.is_empty());
    let (plan, ink, finish) = write_line(&mut writer(), "😀", &Settings::default());
    assert_eq!((plan.kind, ink.len(), finish), (Kind::Synthesis, 0, Finish::Stopped));
}

#[test]
fn settings_out_of_range_and_missing_networks_are_refused_by_name() {
    let mut writer = writer();
    let bad = Settings { bias: f32::NAN, ..Settings::default() };
    assert!(block_on(writer.start("a", &bad)).unwrap_err().to_string().starts_with("bias"));
    let bad = Settings { temperature: 0.0, ..Settings::default() };
    assert!(block_on(writer.start("a", &bad)).unwrap_err().to_string().contains("0 is outside 0.1 to 4"));
    let bad = Settings { blend: Some((1, 1.5)), ..Settings::default() };
    assert!(block_on(writer.start("a", &bad)).unwrap_err().to_string().starts_with("blend"));
    let bad = Settings { attempts: 21, ..Settings::default() };
    assert!(block_on(writer.start("a", &bad)).unwrap_err().to_string().starts_with("attempts"));
    let bad = Settings { points: 0, ..Settings::default() };
    assert!(block_on(writer.start("", &bad)).unwrap_err().to_string().starts_with("points"));
    let long = "ab ".repeat(400);
    let message = block_on(writer.start(&long, &Settings::default())).unwrap_err().to_string();
    assert!(message.starts_with("text: 1199 characters"), "{message}");
    let bad = Settings { style: Some(9), ..Settings::default() };
    assert!(block_on(writer.start("a", &bad)).unwrap_err().to_string().contains("no hand 9"));
    let mut empty = Writer::new(Engine::Cpu(CpuEngine::new()));
    let error = block_on(empty.start("a", &Settings::default())).unwrap_err().to_string();
    assert!(error.contains("synthesis network is not loaded"), "{error}");
}

#[test]
fn a_gpu_computes_the_next_chunk_while_one_is_collected() {
    let gpu = LostGpu::after(3);
    let in_flight = gpu.counter();
    let mut writer = Writer { engine: Engine::Remote(Box::new(gpu)), ..writer() };
    block_on(writer.start("hello there", &Settings { attempts: 0, ..Settings::default() })).unwrap();
    assert!(block_on(writer.next()).unwrap().is_some());
    assert_eq!(in_flight.get(), IN_FLIGHT - 1);
}

#[test]
fn a_line_resumes_on_the_cpu_when_the_gpu_is_lost() {
    let settings = Settings::default();
    let (_, whole, finish) = write_line(&mut writer(), "hello there", &settings);
    for chunks in [0, 1, 3] {
        let mut writer = writer_losing_gpu_after(chunks);
        let (_, ink, finish_here) = write_line(&mut writer, "hello there", &settings);
        assert!(ink == whole && finish_here == finish, "lost after {chunks} chunks");
        assert!(writer.notice().contains("unplugged") && writer.notice().contains("CPU engine goes on"));
        assert!(writer.engine_label().starts_with("CPU"));
    }
}

#[test]
fn lines_with_text_and_lines_without_are_not_mixed() {
    for texts in [["abc", " "], [" ", "abc"]] {
        let lines = texts.map(|text| (text.to_owned(), Settings::default())).to_vec();
        let message = block_on(writer().start_lines(lines)).unwrap_err().to_string();
        assert!(message.starts_with("text: lines with text and lines without"), "{message}");
    }
}
