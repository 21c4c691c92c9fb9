//! Gradients against finite differences, losses against the engine, and learning.

use super::*;
use crate::engine::cpu::{Network, State, mixture as engine_mixture};
use crate::engine::{Line, fixed};
use crate::model::{HandLayout, Kind};
use crate::testing;

fn weights(hidden: &[usize]) -> Arc<Weights> {
    Arc::new(testing::weights(&testing::config(Kind::Synthesis, hidden, 3), 2))
}

/// Lines of different lengths, with points on no grid.
fn lines() -> Vec<Example> {
    [(5, vec![3, 1, 4, 0]), (9, vec![5, 9, 2, 6, 5, 0]), (9, vec![1, 0]), (2, vec![7, 7, 0])]
        .into_iter()
        .enumerate()
        .map(|(l, (count, ids))| {
            let point = |t: usize| {
                let x = (l * 31 + t * 7) as f32;
                [x.sin() * 0.7, (x * 1.3).cos() * 0.5, f32::from(u8::from(t % 4 == 3 || t + 1 == count))]
            };
            Example { ids, points: (0..count).map(point).collect() }
        })
        .collect()
}

fn sum(losses: &Losses) -> f64 {
    losses.learnt.point + losses.learnt.stop
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for hidden in [&[6, 5, 7][..], &[5]] {
        let weights = weights(hidden);
        let trainable = Trainable::new(&weights, false);
        let mut parameters: Vec<f32> =
            (0..trainable.layout.count()).map(|n| ((n * 13) % 17) as f32 * 0.02 - 0.15).collect();
        let mut gradient = vec![0.0; parameters.len()];
        let mut batch = Batch::new(&trainable, &lines(), 0.0);
        trainable.losses(&mut batch, &parameters, Some(&mut gradient), false);
        let at = |parameters: &[f32]| {
            let mut batch = Batch::new(&trainable, &lines(), 0.0);
            sum(&trainable.losses(&mut batch, parameters, None, false))
        };
        let largest = gradient.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        assert!(gradient[trainable.layout.style.clone()].iter().all(|value| *value != 0.0));
        for n in 0..parameters.len() {
            const STEP: f32 = 1e-2;
            let value = parameters[n];
            // Of fourth order.
            let mut shifted = |by: f32| {
                parameters[n] = value + by;
                let loss = at(&parameters);
                parameters[n] = value;
                loss
            };
            let (near, far) = (shifted(STEP) - shifted(-STEP), shifted(2.0 * STEP) - shifted(-2.0 * STEP));
            let expected = ((8.0 * near - far) / (12.0 * f64::from(STEP))) as f32;
            assert!(
                (gradient[n] - expected).abs() < 2e-3 * largest.max(1.0),
                "{n}: {} against {expected}",
                gradient[n]
            );
        }
    }
}

#[test]
fn biases_alone_have_the_same_gradient_whatever_the_batch() {
    let weights = weights(&[6, 5, 7]);
    let trainable = Trainable::new(&weights, true);
    let parameters: Vec<f32> = (0..trainable.layout.count()).map(|n| (n % 7) as f32 * 0.02 - 0.05).collect();
    let gradient_of = |lines: &[Example], only_biases: bool| {
        let mut gradient = vec![0.0; parameters.len()];
        let mut batch = Batch::new(&trainable, lines, 0.0);
        // Twice: what is kept of the first time changes nothing.
        trainable.losses(&mut batch, &parameters, Some(&mut vec![0.0; parameters.len()]), only_biases);
        let losses = trainable.losses(&mut batch, &parameters, Some(&mut gradient), only_biases);
        (gradient, losses)
    };
    let (all, losses) = gradient_of(&lines(), false);
    let (biases, same) = gradient_of(&lines(), true);
    assert_eq!(losses, same);
    let learnt = trainable.layout.gates[1].start..;
    assert_eq!(all[learnt.clone()], biases[learnt.clone()]);
    assert!(biases[..trainable.layout.gates[1].start].iter().all(|value| *value == 0.0));
    let mut alone = vec![0.0; parameters.len()];
    for line in lines() {
        alone.iter_mut().zip(gradient_of(&[line], true).0).for_each(|(sum, value)| *sum += value);
    }
    assert!(alone.iter().zip(&biases).all(|(a, b)| (a - b).abs() < 1e-4), "the lines do not depend on each other");
}

#[test]
fn the_forward_pass_on_the_grids_follows_the_engine() {
    let weights = weights(&[24, 20, 16]);
    let trainable = Trainable::new(&weights, true);
    let mut parameters: Vec<f32> = (0..trainable.layout.count()).map(|n| (n % 9) as f32 * 0.03 - 0.12).collect();
    parameters[trainable.layout.gates[0].clone()].fill(0.0);
    let hand = {
        let mut learner = Learner::new(&weights, &lines(), Recipe::for_lines(4), 1).unwrap();
        learner.descent.parameters.copy_from_slice(&parameters);
        learner.hand()
    };
    let (style, biases) = hand.at_strength(&weights.config, 1.0);
    let biases = Arc::new(biases);
    let floor = mixture::grid_floor(weights.config.offset_sd);
    assert!(floor.iter().all(|floor| *floor < -3.0));
    let network = Network::of(&weights);
    for line in lines() {
        let mut batch = Batch::new(&trainable, std::slice::from_ref(&line), 0.0);
        let found = trainable.losses(&mut batch, &parameters, None, true).learnt.point;
        let own = Line {
            ids: line.ids.clone(),
            style: style.clone(),
            hand: Some(Arc::clone(&biases)),
            temperature: 1.0,
            ..Line::default()
        };
        let (mut state, mut terms, mut expected) = (State::new(&network, &own), vec![0; 3], 0.0);
        for point in &line.points {
            state.advance(&network);
            let [x, y, _] = fixed::point(*point);
            expected -= f64::from(engine_mixture::log_density(&state.output, &mut terms, x, y)) / 1024.0;
            let pen = f64::from(state.output[0]) / 65_536.0 * if point[2] > 0.5 { 1.0 } else { -1.0 };
            expected += pen.exp().ln_1p();
            state.point = fixed::point(*point);
        }
        assert!((found - expected).abs() < 0.02 * line.points.len() as f64, "{found} against {expected}");
    }
}

#[test]
fn learning_lowers_the_loss_and_leaves_pinned_rows_as_they_are() {
    let mut weights = Weights::clone(&weights(&[12, 10]));
    let row = 4;
    weights.output.weight.values[row * 22..(row + 1) * 22].fill(0);
    let weights = Arc::new(weights);
    let recipe = Recipe { style_steps: 3, held: 0.0, ..Recipe::for_lines(4) };
    let mut learner = Learner::new(&weights, &lines(), recipe, 1).unwrap();
    let mut course = Vec::new();
    while let Some(progress) = learner.step().unwrap() {
        assert_eq!((progress.step, progress.steps), (course.len() + 1, learner.steps()));
        course.push(sum(&progress.losses));
    }
    assert!(course[course.len() - 1] < course[0] - 1.0, "{course:?}");
    let hand = learner.hand();
    assert!(hand.fits(&weights.config) && hand.weights == weights.fingerprint);
    let layout = HandLayout::new(&weights.config);
    let changes = |part: &std::ops::Range<usize>| hand.numbers[part.clone()].iter().any(|number| *number != 0);
    assert!(changes(&layout.style) && !changes(&layout.gates[0]) && changes(&layout.gates[1]));
    assert!(hand.numbers[layout.output.start + row] == 0 && changes(&layout.output));
}

#[test]
fn lines_that_cannot_be_learnt_from_are_refused() {
    let weights = weights(&[6, 5]);
    let refused = |lines: &[Example], part: &str| {
        let message = Learner::new(&weights, lines, Recipe::for_lines(1), 2).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    };
    let good = lines();
    refused(&[], "no ink");
    refused(&[Example { points: Vec::new(), ..good[0].clone() }], "no ink");
    refused(&[good[0].clone(), Example { ids: vec![99, 0], ..good[0].clone() }], "line 2");
    refused(&[Example { ids: Vec::new(), ..good[0].clone() }], "line 1");
    refused(&[Example { points: vec![[f32::NAN, 0.0, 0.0]], ..good[0].clone() }], "line 1");
}

#[test]
fn numbers_without_end_stop_the_learning_and_keep_the_hand() {
    let weights = weights(&[6, 5]);
    let mut learner = Learner::new(&weights, &lines(), Recipe::for_lines(1), 2).unwrap();
    let output = learner.trainable.layout.output.start;
    learner.descent.parameters[output] = f32::NAN;
    assert!(learner.step().is_err());
    learner.descent.parameters[output] = 0.0;
    learner.step().unwrap().unwrap();
    let before = learner.hand();
    learner.step().unwrap().unwrap();
    assert_ne!(learner.hand(), before);
    learner.descent.parameters[output] = f32::INFINITY;
    assert_eq!([learner.step().unwrap(), learner.step().unwrap()], [None, None]);
    assert_eq!(learner.hand(), before);
}

#[test]
fn what_is_learnt_by_heart_is_taken_back() {
    let weights = weights(&[6, 5]);
    // The end of the line goes on otherwise than its beginning.
    let mut line = lines().swap_remove(1);
    line.points.iter_mut().take(8).for_each(|point| *point = [0.2, 0.1, 0.0]);
    line.points[8] = [-1.5, 2.0, 1.0];
    let line = [line];
    let learn = |held: f32| {
        let recipe = Recipe { bias_steps: 200, bias_rate: 5e-2, held, ..Recipe::for_lines(1) };
        let mut learner = Learner::new(&weights, &line, recipe, 1).unwrap();
        let mut steps = 0;
        while let Some(progress) = learner.step().unwrap() {
            steps = progress.step;
        }
        let batch = &mut Batch::new(&learner.trainable, &line, 0.12);
        let losses = learner.trainable.losses(batch, &learner.descent.parameters, None, true);
        (steps, losses.held.point + losses.held.stop)
    };
    let ((some, held), (all, by_heart)) = (learn(0.12), learn(0.0));
    assert!(some < all && all == 200, "{some} and {all} steps");
    let none = {
        let trainable = Trainable::new(&weights, false);
        let zeros = vec![0.0; trainable.layout.count()];
        let losses = trainable.losses(&mut Batch::new(&trainable, &line, 0.12), &zeros, None, true);
        losses.held.point + losses.held.stop
    };
    assert!(held <= none + descent::TOLERANCE, "{none} at first, {held} at the best, {by_heart} after all steps");
}

#[test]
fn points_that_are_held_back_change_no_gradient() {
    let weights = weights(&[6, 5]);
    let trainable = Trainable::new(&weights, false);
    let parameters = vec![0.0; trainable.layout.count()];
    let mut gradients = [vec![0.0; parameters.len()], vec![0.0; parameters.len()]];
    let line = lines().swap_remove(1);
    let mut other = line.clone();
    other.points[8] = [3.0, -3.0, 1.0];
    let losses = [&line, &other].into_iter().zip(&mut gradients).map(|(line, gradient)| {
        let mut batch = Batch::new(&trainable, std::slice::from_ref(line), 0.12);
        trainable.losses(&mut batch, &parameters, Some(gradient), false)
    });
    let losses: Vec<_> = losses.collect();
    assert_eq!((losses[0].points, losses[0].held_points), (8, 1));
    assert_eq!(gradients[0], gradients[1]);
    assert_ne!(losses[0].held, losses[1].held);
}

#[test]
fn the_hand_is_the_same_on_any_number_of_workers() {
    let weights = weights(&[12, 10, 8]);
    // Empty lines are left out, held points are released in the middle, and the style is learnt first.
    let mut lines = lines();
    lines.insert(1, Example { points: Vec::new(), ..lines[0].clone() });
    let recipe = Recipe { style_steps: 2, bias_steps: 6, held: 0.3, ..Recipe::for_lines(4) };
    let learn = |workers: usize| {
        let mut learner = Learner::new(&weights, &lines, recipe, workers).unwrap();
        let shares = learner.shares.len();
        let mut course = Vec::new();
        while let Some(progress) = learner.step().unwrap() {
            course.push(progress);
        }
        (shares, course, learner.descent.parameters)
    };
    let (one, course, parameters) = learn(1);
    assert!(one == 1 && course.len() == 8 && parameters.iter().any(|value| *value != 0.0));
    for (workers, shares) in [(2, 2), (3, 3), (9, 4)] {
        assert_eq!(learn(workers), (shares, course.clone(), parameters.clone()), "{workers} workers");
    }
}

#[test]
fn workers_get_about_the_same_number_of_points() {
    assert_eq!(shares(&[700, 800, 600, 900], 2), [[3, 2], [1, 0]]);
    assert_eq!(shares(&[5, 5], 7), [[0], [1]]);
    assert_eq!(shares(&[1, 2, 3], 0), [[2, 1, 0]]);
    assert_eq!(shares(&[], 2), [[0; 0]]);
}
