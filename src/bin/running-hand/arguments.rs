//! What the command is asked to do.

use lexopt::prelude::{Long, Short, Value, ValueExt};
use running_hand::document::layout::{Look, Paper};
use running_hand::engine::Choice;
use running_hand::export::{Format, Gcode, Lift, MARGIN, Options};
use running_hand::writer::Settings;
use std::error::Error;
use std::path::{Path, PathBuf};

pub const HELP: &str = "\
Writes a text by hand.

Usage: running-hand [OPTIONS] TEXT
       running-hand [OPTIONS] -            reads the text from standard input
       running-hand [OPTIONS] --scribble   writes what comes to the network's mind
       running-hand --list-hands

What is written
  --hand NAME|none       a hand by its name in --list-hands (the first)
  --blend NAME           a second hand, and how far the first one is moved
  --share 0..1             towards it (0.5)
  --bias 0..5            more is neater (0.75)
  --temperature 0.1..4   more is wilder (1)
  --seed N               the same seed writes the same again (1)
  --own FILE             one's own hand, as the page exports it
  --columns 1..100       most letters in a line (36; on paper what fits)
  --attempts 0..20       how often a word that went wrong is written anew (4)
  --points N             points of a scribble (1400)

The file
  -o, --output FILE      - for standard output, which is also the default unless
                           that is a terminal
  --format NAME          svg, outline, animated, gcode, inkml or json; without it,
                           what the file's ending says
  --size MM              height of an x (3.2)
  --paper SHEET          a4, letter, card or WIDTHxHEIGHT in mm. What does not fit on
                           one goes to FILE-2, FILE-3 and so on (none: one sheet,
                           as large as the ink)
  --margin MM            around the ink (5; on paper what suits it, as on the page)
  --slant DEGREES        leans the ink to the right (0)
  --wander 0..1          makes lines unsteady (0)
  --color COLOR          as in CSS (#1a1a2e)
  --line-width MM        (0.25)
  --speed N              animated: how many times as fast as a hand (1)
  --feed MM              gcode: speed of the pen, in mm a minute (1500)
  --lift z|servo         gcode: what lifts the pen (z)
  --up N, --down N       gcode: height of the lifted pen and on paper in mm (3, 0),
                           or the servo's numbers (0, 30): M3 S30, M5 for 0
  --dwell SECONDS        gcode: wait after the pen was lifted or set down (0)

How
  --engine auto|cpu|gpu  (auto)
  --weights FILE         the network (weights/synthesis.safetensors)
  -q, --quiet            say nothing but errors
  -h, --help    -V, --version

Examples
  running-hand \"Dear reader,\" -o dear.svg
  running-hand - --hand Flowing --paper a4 -o letter.svg < letter.txt
  running-hand \"for the plotter\" --lift servo --dwell 0.2 -o plot.gcode
  running-hand \"look\" --format animated > look.svg
";

/// What the arguments ask for.
#[derive(Debug)]
pub enum Task {
    Help,
    Version,
    ListHands { weights: Option<PathBuf> },
    Write(Box<Wish>),
}

/// A text and how to write it.
#[derive(Debug)]
pub struct Wish {
    pub source: Source,
    pub settings: Settings,
    /// As it was asked for: a name, or "none"; nothing if nobody asked.
    pub hand: Option<String>,
    pub blend: Option<(String, f32)>,
    pub own: Option<PathBuf>,
    pub columns: Option<usize>,
    pub engine: Choice,
    pub weights: Option<PathBuf>,
    pub output: Option<PathBuf>,
    pub format: Format,
    pub options: Options,
    pub look: Look,
    /// Millimetres around ink that is not on paper.
    pub margin: f64,
    pub quiet: bool,
}

/// Where the text comes from.
#[derive(Debug, PartialEq, Eq)]
pub enum Source {
    Text(String),
    Stdin,
    Nothing,
}

/// Height of an `x` in corpus units.
const X_HEIGHT: f64 = 200.0;

pub fn parse(mut arguments: lexopt::Parser) -> Result<Task, Box<dyn Error>> {
    let mut source = None;
    let mut settings = Settings { bias: 0.75, ..Settings::default() };
    let mut options = Options::default();
    let (mut hand, mut blend, mut share, mut columns, mut engine) = (None, None, 0.5, None, Choice::Auto);
    let (mut own, mut weights, mut output, mut format) = (None, None, None, None);
    let (mut size, mut margin, mut paper, mut slant, mut wander): (f64, _, _, f64, f64) = (3.2, None, None, 0.0, 0.0);
    let (mut up, mut down) = (None, None);
    let (mut quiet, mut list) = (false, false);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(Task::Help),
            Long("version") | Short('V') => return Ok(Task::Version),
            Long("list-hands") => list = true,
            Long("hand") => hand = Some(arguments.value()?.string()?),
            Long("blend") => blend = Some(arguments.value()?.string()?),
            Long("share") => share = arguments.value()?.parse()?,
            Long("bias") => settings.bias = arguments.value()?.parse()?,
            Long("temperature") => settings.temperature = arguments.value()?.parse()?,
            Long("seed") => settings.seed = arguments.value()?.parse()?,
            Long("own") => own = Some(PathBuf::from(arguments.value()?)),
            Long("columns") => columns = Some(arguments.value()?.parse()?),
            Long("attempts") => settings.attempts = arguments.value()?.parse()?,
            Long("points") => settings.points = arguments.value()?.parse()?,
            Long("scribble") => set_source(&mut source, Source::Nothing)?,
            Long("output") | Short('o') => output = Some(PathBuf::from(arguments.value()?)),
            Long("format") => format = Some(arguments.value()?.parse::<Format>()?),
            Long("size") => size = arguments.value()?.parse()?,
            Long("paper") => paper = sheet(&arguments.value()?.string()?)?,
            Long("margin") => margin = Some(arguments.value()?.parse()?),
            Long("slant") => slant = arguments.value()?.parse()?,
            Long("wander") => wander = arguments.value()?.parse()?,
            Long("color") => options.color = arguments.value()?.string()?,
            Long("line-width") => options.line_width = arguments.value()?.parse()?,
            Long("speed") => options.speed = arguments.value()?.parse()?,
            Long("feed") => options.gcode.feed = arguments.value()?.parse()?,
            Long("lift") => {
                options.gcode.lift = match arguments.value()?.string()?.as_str() {
                    "z" => Lift::Z,
                    "servo" => Lift::Servo,
                    other => return Err(format!("--lift: {other:?} is neither z nor servo").into()),
                }
            }
            Long("up") => up = Some(arguments.value()?.parse()?),
            Long("down") => down = Some(arguments.value()?.parse()?),
            Long("dwell") => options.gcode.dwell = arguments.value()?.parse()?,
            Long("engine") => engine = arguments.value()?.string()?.parse()?,
            Long("weights") => weights = Some(PathBuf::from(arguments.value()?)),
            Long("quiet") | Short('q') => quiet = true,
            Value(text) if text == "-" => set_source(&mut source, Source::Stdin)?,
            Value(text) => set_source(&mut source, Source::Text(text.string()?))?,
            other => return Err(other.unexpected().into()),
        }
    }
    if list {
        return Ok(Task::ListHands { weights });
    }
    let source =
        source.ok_or("there is nothing to write: give a text, - to read it from standard input, or --scribble")?;
    let lifted = match options.gcode.lift {
        Lift::Z => Gcode::default(),
        Lift::Servo => Gcode { up: 0.0, down: 30.0, ..Gcode::default() },
    };
    options.gcode.up = up.unwrap_or(lifted.up);
    options.gcode.down = down.unwrap_or(lifted.down);
    let format = match (format, &output) {
        (Some(format), _) => format,
        (None, Some(file)) if file != Path::new("-") => by_ending(file)?,
        (None, _) => Format::Svg,
    };
    let paper = paper.map(|mut paper: Paper| {
        paper.margins = margin.map_or(paper.margins, |margin| [margin; 2]);
        paper
    });
    let room = paper.map_or(1000.0, |paper| paper.width.min(paper.height) / 2.0 - 1.0);
    let margin = margin.unwrap_or(MARGIN.into());
    for (name, value, least, most) in [
        ("--size", size, 0.1, 1000.0),
        ("--margin", margin, 0.0, room.max(MARGIN.into())),
        ("--slant", slant, -60.0, 60.0),
        ("--wander", wander, 0.0, 1.0),
    ] {
        if !(least..=most).contains(&value) {
            return Err(format!("{name}: {value} is outside {least} to {most}").into());
        }
    }
    let blend = blend.map(|name| (name, share));
    let (seed, level) = (settings.seed, source != Source::Nothing);
    let look = Look { paper, unit: size / X_HEIGHT, slant, wander, seed, level };
    Ok(Task::Write(Box::new(Wish {
        source,
        settings,
        hand,
        blend,
        own,
        columns,
        engine,
        weights,
        output,
        format,
        options,
        look,
        margin,
        quiet,
    })))
}

fn set_source(slot: &mut Option<Source>, source: Source) -> Result<(), Box<dyn Error>> {
    match slot.replace(source) {
        None => Ok(()),
        Some(_) => Err("there is more than one text: put quotation marks around it".into()),
    }
}

fn sheet(name: &str) -> Result<Option<Paper>, Box<dyn Error>> {
    let sides: [f64; 2] = match name {
        "none" => return Ok(None),
        "a4" => [210.0, 297.0],
        "letter" => [215.9, 279.4],
        "card" => [105.0, 148.0],
        other => {
            let bad = || format!("--paper: {other:?} is none of a4, letter, card, none or WIDTHxHEIGHT in mm");
            let (width, height) = other.split_once('x').ok_or_else(bad)?;
            [width.parse().map_err(|_| bad())?, height.parse().map_err(|_| bad())?]
        }
    };
    if sides.iter().all(|side| (10.0..=10_000.0).contains(side)) {
        Ok(Some(Paper::new(sides[0], sides[1])))
    } else {
        Err(format!("--paper: {name} is outside 10 to 10000 mm").into())
    }
}

/// The format that a file's ending stands for.
fn by_ending(file: &Path) -> Result<Format, Box<dyn Error>> {
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "nc" | "ngc" | "gco" => return Ok(Format::Gcode),
        _ => {}
    }
    let known = Format::ALL.iter().find(|(_, _, own)| *own == ending);
    known.map(|&(format, ..)| format).ok_or_else(|| {
        format!("{}: no format has this ending; name one with --format (see --help)", file.display()).into()
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Task, Box<dyn Error>> {
        parse(lexopt::Parser::from_args(arguments))
    }

    fn wish(arguments: &[&str]) -> Wish {
        match parsed(arguments).unwrap() {
            Task::Write(wish) => *wish,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_text_and_its_settings() {
        let found = wish(&["Dear reader", "--hand", "a b", "--bias", "1", "--seed=7", "-o", "x.svg", "--size", "4"]);
        assert_eq!(found.source, Source::Text("Dear reader".into()));
        assert_eq!((found.hand.as_deref(), found.settings.bias, found.settings.seed), (Some("a b"), 1.0, 7));
        assert_eq!((found.format, found.look.unit), (Format::Svg, 0.02));
        assert_eq!(wish(&["-", "--hand", "none"]).source, Source::Stdin);
        assert_eq!(wish(&["--scribble"]).source, Source::Nothing);
        assert!(matches!(parsed(&["--list-hands"]).unwrap(), Task::ListHands { weights: None }));
    }

    #[test]
    fn the_ending_says_the_format_unless_it_is_named() {
        for (file, format) in [("a.SVG", Format::Svg), ("a.nc", Format::Gcode), ("b/a.json", Format::Json)] {
            assert_eq!(wish(&["a", "-o", file]).format, format);
        }
        assert_eq!(wish(&["a", "-o", "a.svg", "--format", "outline"]).format, Format::Outline);
        assert_eq!(wish(&["a", "-o", "-"]).format, Format::Svg);
    }

    #[test]
    fn a_servo_has_numbers_of_its_own() {
        let gcode = wish(&["a", "--lift", "servo", "--down", "90"]).options.gcode;
        assert_eq!((gcode.up, gcode.down), (0.0, 90.0));
        let gcode = wish(&["a"]).options.gcode;
        assert_eq!((gcode.up, gcode.down), (3.0, 0.0));
    }

    #[test]
    fn paper_brings_its_margins() {
        let sides =
            |arguments: &[&str]| wish(arguments).look.paper.map(|paper| (paper.width, paper.height, paper.margins));
        assert_eq!(sides(&["a", "--paper", "200x50.5"]), Some((200.0, 50.5, [17.0, 10.0])));
        assert_eq!(sides(&["a", "--paper", "card", "--margin", "0"]), Some((105.0, 148.0, [0.0; 2])));
        assert_eq!(sides(&["a", "--paper", "20x20"]), Some((20.0, 20.0, [5.0; 2])));
        assert_eq!(wish(&["a"]).margin, 5.0);
    }

    #[test]
    fn mistakes_are_named() {
        for (arguments, named) in [
            (&[][..], "nothing to write"),
            (&["two", "texts"], "quotation marks"),
            (&["a", "--bias", "much"], "much"),
            (&["a", "--colour", "red"], "--colour"),
            (&["a", "--paper", "a0"], "a0"),
            (&["a", "--paper", "0x10"], "0x10"),
            (&["a", "-o", "a.docx"], "a.docx"),
            (&["a", "--format", "pdf"], "pdf"),
            (&["a", "--size", "0"], "--size"),
            (&["a", "--margin", "-1"], "--margin"),
            (&["a", "--paper", "card", "--margin", "60"], "--margin"),
            (&["a", "--slant", "NaN"], "--slant"),
            (&["a", "--wander", "2"], "--wander"),
            (&["a", "--engine", "abacus"], "abacus"),
        ] {
            let error = parsed(arguments).err().unwrap().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
