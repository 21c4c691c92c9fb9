//! The command line.

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use running_hand::document::{Margins, PageStyle, Paper, Ruling};
use running_hand::engine::Choice;
use running_hand::export::{Dialect, Format, Gcode, Lift, MARGIN, Options, Tip};
use running_hand::writer::Settings;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  running-hand \"Dear reader,\" -o dear.svg
  running-hand - --hand Flowing --paper a4 -o letter.svg < letter.txt
  running-hand - --paper letter --margins 25,20,25,35 --ruling ruled --pitch 9 -o letter.svg < letter.txt
  running-hand - --paper envelope-dl -o envelope.svg < address.txt
  running-hand \"for the plotter\" --lift servo --dwell 0.2 -o plot.gcode
  running-hand \"look\" --format animated > look.svg
  running-hand learn --ink one.json --ink two.json -o me.json
  running-hand \"in my own hand\" --hand-file me.json -o mine.svg
  running-hand -o hyphen.svg -- \"-a text that begins with a hyphen\"";

/// Writes a text by hand: a neural network moves the pen.
#[derive(Debug, Parser)]
#[command(name = "running-hand", version, after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, disable_help_subcommand = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Subcommands>,

    /// The text; `-` reads it from standard input
    #[arg(required_unless_present_any = ["scribble", "list_hands", "text_file"], conflicts_with = "scribble")]
    text: Option<String>,
    /// A file with the text, `-` for standard input; several times for several texts, one below the other
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "scribble"])]
    text_file: Vec<PathBuf>,
    /// Writes without a text: whatever the network comes up with
    #[arg(long)]
    scribble: bool,
    /// Lists the hands that the network knows
    #[arg(long)]
    list_hands: bool,
    /// Writes nothing: says what of the text cannot be written as it stands, and fails if there is any
    #[arg(long, conflicts_with = "scribble")]
    check: bool,

    /// A hand by its name in --list-hands, or "none" for no one's in particular [default: the first]
    #[arg(long, value_name = "NAME", help_heading = "Writing")]
    hand: Option<String>,
    /// A second hand that the first one is moved towards
    #[arg(long, value_name = "NAME", help_heading = "Writing")]
    blend: Option<String>,
    /// How far it is moved, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, help_heading = "Writing")]
    share: f32,
    /// Neatness, 0 to 5
    #[arg(long, value_name = "NUMBER", default_value_t = 0.75, help_heading = "Writing")]
    bias: f32,
    /// Wildness, 0.1 to 4
    #[arg(long, value_name = "NUMBER", default_value_t = 1.0, help_heading = "Writing")]
    temperature: f32,
    /// The same seed writes the same again
    #[arg(long, value_name = "NUMBER", default_value_t = 1, help_heading = "Writing")]
    seed: u64,
    /// A sample of your own handwriting, as the page exports it: the text is written in that hand
    #[arg(long, value_name = "FILE", help_heading = "Writing")]
    sample: Option<PathBuf>,
    /// A hand of your own, made by `running-hand learn`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["hand", "blend", "scribble"], help_heading = "Writing")]
    hand_file: Option<PathBuf>,
    /// How much of that hand, 0 to 1 [default: what its file says]
    #[arg(long, value_name = "SHARE", requires = "hand_file", help_heading = "Writing")]
    strength: Option<f32>,
    /// Most characters in a line, 1 to 100 [default: as many as fit]
    #[arg(long, value_name = "NUMBER", help_heading = "Writing")]
    columns: Option<usize>,
    /// How often a word that went wrong is written anew, 0 to 20
    #[arg(long, value_name = "NUMBER", default_value_t = 4, help_heading = "Writing")]
    attempts: usize,
    /// Points of a scribble
    #[arg(long, value_name = "NUMBER", default_value_t = 1400, help_heading = "Writing")]
    points: usize,

    /// a4, a5, a6, card (an a6 to which few lines are fitted), letter, legal, envelope-dl, envelope-c6, envelope-10 (US),
    /// or a size such as 120x80mm and 5x7in. What does not fit on one sheet goes to FILE-2, FILE-3 and so on. On an envelope
    /// the text is the address; above a line of `---` in it stands the sender [default: one sheet, as large as the ink]
    #[arg(long, value_name = "SHEET", value_parser = paper, help_heading = "Layout")]
    paper: Option<Paper>,
    /// Turns the sheet so that its longer side lies across
    #[arg(long, requires = "paper", help_heading = "Layout")]
    landscape: bool,
    /// Margin in mm [default: 5 around the ink; on paper 8.5 % of a side within 10 to 20]
    #[arg(long, value_name = "MM", allow_negative_numbers = true, help_heading = "Layout")]
    margin: Option<f64>,
    /// Margins of paper in mm, each side its own: as in CSS, clockwise from the top; a blank one is the usual one
    #[arg(long, value_name = "TOP,RIGHT,BOTTOM,LEFT", value_parser = margins, requires = "paper")]
    #[arg(conflicts_with = "margin", allow_hyphen_values = true, help_heading = "Layout")]
    margins: Option<Sides>,
    /// Top margin of the first sheet in mm, below a letterhead for example [default: that of the others]
    #[arg(long, value_name = "MM", requires = "paper", allow_negative_numbers = true, help_heading = "Layout")]
    first_top: Option<f64>,
    /// Exchanges the left and the right margin on every second sheet
    #[arg(long, requires = "paper", help_heading = "Layout")]
    mirror_margins: bool,
    /// Lines printed on the paper, which SVG shows: plain, ruled, squared or dotted
    #[arg(long, value_name = "NAME", default_value = "plain", value_parser = ruling_parser(), help_heading = "Layout")]
    ruling: Ruling,
    /// Height of an x in mm [default: 5/17 of the pitch, and 3.2 without one]
    #[arg(long, value_name = "MM", help_heading = "Layout")]
    size: Option<f64>,
    /// Distance of the lines, and of what is printed, in mm [default: 3.4 times the size]
    #[arg(long, value_name = "MM", help_heading = "Layout")]
    pitch: Option<f64>,
    /// Leans the ink to the right, -45 to 45
    #[arg(long, value_name = "DEGREES", default_value_t = 0.0, allow_negative_numbers = true, help_heading = "Layout")]
    slant: f64,
    /// Writes no numbers on the sheets after the first
    #[arg(long, help_heading = "Layout")]
    no_page_numbers: bool,
    /// How much lines and words wander, as people's do: 0 (not at all) to 1
    #[arg(long, value_name = "NUMBER", default_value_t = 0.0, help_heading = "Layout")]
    wander: f64,

    /// Where to write; `-` for standard output, which is also the default unless that is a terminal
    #[arg(short, long, value_name = "FILE", help_heading = "File")]
    output: Option<PathBuf>,
    /// Kind of file [default: what the output's ending says, else svg]
    #[arg(long, value_name = "NAME", value_parser = format_parser(), help_heading = "File")]
    format: Option<FileFormat>,
    /// Colour of the ink, as in CSS
    #[arg(long, value_name = "COLOR", default_value = "#1a1a2e", help_heading = "File")]
    color: String,
    /// Width of the line
    #[arg(long, value_name = "MM", default_value_t = 0.25, help_heading = "File")]
    line_width: f32,
    /// pdf: what the pen's tip does to the line: fineliner, fountain or pencil
    #[arg(long, value_name = "NAME", default_value = "fineliner", value_parser = tip_parser(), help_heading = "File")]
    tip: Tip,
    /// animated, lottie: how many times as fast as a hand
    #[arg(long, value_name = "NUMBER", default_value_t = 1.0, help_heading = "File")]
    speed: f32,
    /// gcode: speed of the pen in mm a minute
    #[arg(long, value_name = "NUMBER", default_value_t = 1500.0, help_heading = "File")]
    feed: f32,
    /// gcode: what lifts the pen
    #[arg(long, value_enum, default_value_t = LiftArgument::Z, help_heading = "File")]
    lift: LiftArgument,
    /// gcode: height of the lifted pen in mm, or the servo's number [default: 3; servo: 0, which is M5]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, help_heading = "File")]
    up: Option<f32>,
    /// gcode: height of the pen on paper in mm, or the servo's number [default: 0; servo: 30, which is M3 S30]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, help_heading = "File")]
    down: Option<f32>,
    /// gcode: seconds to wait after the pen was lifted or set down
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0, help_heading = "File")]
    dwell: f32,
    /// gcode: seconds that the pen rests on the paper for a dot
    #[arg(long, value_name = "SECONDS", default_value_t = 0.1, help_heading = "File")]
    dot: f32,
    /// What the file is for; it decides the format, and the words of G-code
    #[arg(long, value_enum, conflicts_with = "format", help_heading = "File")]
    plotter: Option<PlotterArgument>,
    /// svg, gcode, hpgl: strokes in the order of least travel, instead of that of writing
    #[arg(long, help_heading = "File")]
    optimise: bool,

    /// What computes: auto takes a GPU if there is one
    #[arg(long, value_enum, default_value_t = EngineArgument::Auto)]
    engine: EngineArgument,
    /// The network, or a folder of networks [default: weights/synthesis.safetensors]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Says nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Prints completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Learns your handwriting from ink, for --hand-file: four lines with all letters are enough
    Learn(LearnArguments),
}

/// What `running-hand learn` takes.
#[derive(Debug, clap::Args)]
pub struct LearnArguments {
    /// Ink: a sample that the page exported, or a hand that is to be learnt anew or from more lines; may be repeated
    #[arg(long, value_name = "FILE", required = true)]
    pub ink: Vec<PathBuf>,
    /// What the ink says, a line of text for each line of ink [default: what its files say]
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// The hand's name
    #[arg(long, default_value = "My hand")]
    pub name: String,
    /// How long to learn, 1 to 200: more is more alike, and less legible [default: 24]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=200))]
    pub steps: Option<u64>,
    /// Where to write the hand; `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// The network, or a folder of networks [default: weights/synthesis.safetensors]
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Says nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LiftArgument {
    Z,
    Servo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PlotterArgument {
    /// G-code for GRBL 1.1: G4 P in seconds, a servo by M3 S and M5
    Grbl,
    /// G-code for grblHAL: likewise
    Grblhal,
    /// G-code for Marlin 2: G4 P in milliseconds, a servo by M280 P0 S
    Marlin,
    /// SVG in millimetres, for AxiDraw and other EiBotBoards, whose software lifts the pen
    Axidraw,
    /// HPGL, 40 units per mm from the lower left corner, pen 1
    Hpgl,
}

impl PlotterArgument {
    fn dialect(self) -> Dialect {
        match self {
            Self::Grblhal => Dialect::GrblHal,
            Self::Marlin => Dialect::Marlin,
            Self::Grbl | Self::Axidraw | Self::Hpgl => Dialect::Grbl,
        }
    }

    fn format(self) -> FileFormat {
        FileFormat::Sheet(match self {
            Self::Grbl | Self::Grblhal | Self::Marlin => Format::Gcode,
            Self::Axidraw => Format::Svg,
            Self::Hpgl => Format::Hpgl,
        })
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EngineArgument {
    Auto,
    Cpu,
    Gpu,
}

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// One for each sheet.
    Sheet(Format),
    /// One for all sheets.
    Pdf,
}

/// What the arguments request.
#[derive(Debug)]
pub enum Task {
    Completions(clap_complete::Shell),
    ListHands { weights: Option<PathBuf> },
    Learn(LearnArguments),
    Write(Box<Request>),
}

/// A text and how to write it.
#[derive(Debug)]
pub struct Request {
    pub source: Source,
    pub settings: Settings,
    /// A name or "none"; `None` if the argument is missing.
    pub hand: Option<String>,
    pub blend: Option<(String, f32)>,
    pub sample: Option<PathBuf>,
    pub hand_file: Option<PathBuf>,
    /// Of the hand in that file.
    pub strength: Option<f32>,
    pub columns: Option<usize>,
    pub engine: Choice,
    pub weights: Option<PathBuf>,
    pub output: Option<PathBuf>,
    pub format: FileFormat,
    pub options: Options,
    pub style: PageStyle,
    /// Millimetres around ink that is not on paper.
    pub margin: f32,
    pub quiet: bool,
    /// Whether the text is only to be reviewed.
    pub check: bool,
}

/// Where the text comes from.
#[derive(Debug, PartialEq, Eq)]
pub enum Source {
    Text(String),
    Stdin,
    /// One below the other.
    Files(Vec<PathBuf>),
    /// There is none.
    Scribble,
}

/// Prints completions for a shell.
pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "running-hand", &mut script);
    script
}

/// Reads the arguments, the program's name first.
///
/// # Errors
/// What is wrong with them, or the text of `--help` and `--version`.
pub fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Task, clap::Error> {
    let given: Vec<_> = arguments.into_iter().collect();
    let arguments = Arguments::try_parse_from(&given).map_err(|error| explained(error, &given))?;
    let refuse =
        |error: running_hand::Error| Arguments::command().error(ErrorKind::ValueValidation, as_argument(&error));
    match arguments.command {
        Some(Subcommands::Completions { shell }) => return Ok(Task::Completions(shell)),
        Some(Subcommands::Learn(learn)) => return Ok(Task::Learn(learn)),
        None => {}
    }
    if arguments.list_hands {
        return Ok(Task::ListHands { weights: arguments.weights });
    }
    let format = match (arguments.format.or(arguments.plotter.map(PlotterArgument::format)), &arguments.output) {
        (Some(format), _) => format,
        (None, Some(file)) if file != Path::new("-") => format_of(file).ok_or_else(|| {
            let problem = format!("{}: no format has this ending; name one with --format", file.display());
            Arguments::command().error(ErrorKind::ValueValidation, problem)
        })?,
        (None, _) => FileFormat::Sheet(Format::Svg),
    };
    let paper = arguments.paper.map(|paper| if arguments.landscape { paper.landscape() } else { paper });
    let (paper, margin) = match (paper, arguments.margin) {
        (Some(paper), Some(margin)) => (Some(paper.with_margin(margin).map_err(refuse)?), MARGIN),
        (paper, margin) => (paper, margin.map_or(MARGIN, |margin| margin as f32)),
    };
    let paper = paper.map(|paper| {
        paper
            .with_margins(arguments.margins.map_or(paper.margins, |sides| sides.or(paper.margins)))
            .with_first_top(arguments.first_top)
            .with_mirrored(arguments.mirror_margins)
    });
    if !(0.0..=1000.0).contains(&margin) {
        let problem = format!("--margin: {margin} is outside 0 to 1000");
        return Err(Arguments::command().error(ErrorKind::ValueValidation, problem));
    }
    let style = PageStyle::default()
        .with_paper(paper)
        .with_ruling(arguments.ruling)
        .with_slant(arguments.slant)
        .with_wander(arguments.wander)
        .with_page_numbers(!arguments.no_page_numbers);
    let style = style.with_size(arguments.size, arguments.pitch).map_err(refuse)?;
    style.validate().map_err(refuse)?;
    let settings = Settings::default()
        .with_bias(arguments.bias)
        .with_temperature(arguments.temperature)
        .with_seed(arguments.seed)
        .with_attempts(arguments.attempts)
        .with_points(arguments.points);
    let mut gcode = Gcode::default();
    if matches!(arguments.lift, LiftArgument::Servo) {
        (gcode.lift, gcode.up, gcode.down) = (Lift::Servo, 0.0, 30.0);
    }
    (gcode.feed, gcode.dwell, gcode.dot) = (arguments.feed, arguments.dwell, arguments.dot);
    gcode.up = arguments.up.unwrap_or(gcode.up);
    gcode.down = arguments.down.unwrap_or(gcode.down);
    gcode.dialect = arguments.plotter.map_or(gcode.dialect, PlotterArgument::dialect);
    let options = Options::default()
        .with_color(arguments.color)
        .with_line_width(arguments.line_width)
        .with_speed(arguments.speed)
        .with_gcode(gcode)
        .with_optimise(arguments.optimise)
        .with_tip(arguments.tip);
    Ok(Task::Write(Box::new(Request {
        source: match arguments.text {
            None if !arguments.text_file.is_empty() => Source::Files(arguments.text_file),
            None => Source::Scribble,
            Some(text) if text == "-" => Source::Stdin,
            Some(text) => Source::Text(text),
        },
        settings,
        hand: arguments.hand,
        blend: arguments.blend.map(|name| (name, arguments.share)),
        sample: arguments.sample,
        hand_file: arguments.hand_file,
        strength: arguments.strength,
        columns: arguments.columns,
        engine: match arguments.engine {
            EngineArgument::Auto => Choice::Auto,
            EngineArgument::Cpu => Choice::Cpu,
            EngineArgument::Gpu => Choice::Gpu,
        },
        weights: arguments.weights,
        output: arguments.output,
        format,
        options,
        style,
        margin,
        quiet: arguments.quiet,
        check: arguments.check,
    })))
}

/// A setting's message with the name of its argument: `firstTop` is `--first-top`.
fn as_argument(error: &running_hand::Error) -> String {
    let (name, problem) = match error {
        running_hand::Error::Setting { name, problem } => (name.as_str(), problem),
        running_hand::Error::Layout { name, problem, .. } => (*name, problem),
        _ => return error.to_string(),
    };
    let kebab: String =
        name.chars().flat_map(|c| c.is_uppercase().then_some('-').into_iter().chain(c.to_lowercase())).collect();
    format!("--{kebab}: {problem}")
}

/// A text such as `-5 degrees` looks like options: tells how to write it.
fn explained(error: clap::Error, given: &[std::ffi::OsString]) -> clap::Error {
    let is_text = |argument: &&std::ffi::OsString| {
        argument.to_str().is_some_and(|text| {
            let after = text.trim_start_matches('-');
            after.len() < text.len()
                && (after.contains(char::is_whitespace) || after.starts_with(|c: char| c.is_ascii_digit()))
        })
    };
    match given.iter().skip(1).find(is_text).filter(|_| error.kind() == ErrorKind::UnknownArgument) {
        Some(text) => {
            let text = text.to_string_lossy();
            let problem = format!(
                "{text:?} begins with a hyphen, as options do. If it is the text, put -- before it: running-hand -o text.svg -- {text:?}"
            );
            Arguments::command().error(ErrorKind::UnknownArgument, problem)
        }
        None => error,
    }
}

fn paper(name: &str) -> Result<Paper, String> {
    name.parse().map_err(|error: running_hand::Error| match error {
        running_hand::Error::Setting { problem, .. } | running_hand::Error::Layout { problem, .. } => problem,
        other => other.to_string(),
    })
}

/// Margins in the order of CSS; `None` for the paper's.
#[derive(Debug, Clone, Copy)]
struct Sides([Option<f64>; 4]);

impl Sides {
    fn or(self, usual: Margins) -> Margins {
        let [top, right, bottom, left] = self.0;
        Margins {
            top: top.unwrap_or(usual.top),
            right: right.unwrap_or(usual.right),
            bottom: bottom.unwrap_or(usual.bottom),
            left: left.unwrap_or(usual.left),
        }
    }
}

fn margins(list: &str) -> Result<Sides, String> {
    let side = |margin: &str| if margin.is_empty() { Some(None) } else { margin.parse().ok().map(Some) };
    let found: Option<Vec<Option<f64>>> = list.split(',').map(|margin| side(margin.trim())).collect();
    let sides = found.and_then(|margins| margins.try_into().ok());
    sides.map(Sides).ok_or_else(|| "expected four numbers of mm: TOP,RIGHT,BOTTOM,LEFT".into())
}

/// Reads a ruling by its name.
fn ruling_parser() -> impl clap::builder::TypedValueParser<Value = Ruling> {
    use clap::builder::TypedValueParser;
    clap::builder::PossibleValuesParser::new(["plain", "ruled", "squared", "dotted"])
        .try_map(|name| name.parse::<Ruling>().map_err(|error| error.to_string()))
}

/// Reads a format by its name; the names are listed in help, errors and completions.
fn format_parser() -> impl clap::builder::TypedValueParser<Value = FileFormat> {
    use clap::builder::TypedValueParser;
    clap::builder::PossibleValuesParser::new(Format::ALL.iter().map(|(_, name, _)| *name).chain(["pdf"])).try_map(
        |name| {
            if name == "pdf" {
                return Ok(FileFormat::Pdf);
            }
            name.parse().map(FileFormat::Sheet).map_err(|error: running_hand::Error| error.to_string())
        },
    )
}

/// Reads a pen's tip by its name.
fn tip_parser() -> impl clap::builder::TypedValueParser<Value = Tip> {
    use clap::builder::TypedValueParser;
    clap::builder::PossibleValuesParser::new(["fineliner", "fountain", "pencil"])
        .try_map(|name| name.parse::<Tip>().map_err(|error| error.to_string()))
}

/// The format that a file's ending stands for.
fn format_of(file: &Path) -> Option<FileFormat> {
    let ending = file.extension()?.to_str()?.to_ascii_lowercase();
    let format = match ending.as_str() {
        "pdf" => return Some(FileFormat::Pdf),
        "hpg" | "plt" => Format::Hpgl,
        "nc" | "ngc" | "gco" => Format::Gcode,
        ending => Format::ALL.iter().find(|(_, _, of_format)| *of_format == ending)?.0,
    };
    Some(FileFormat::Sheet(format))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Task, clap::Error> {
        parse(std::iter::once(&"running-hand").chain(arguments).map(Into::into))
    }

    fn request(arguments: &[&str]) -> Request {
        match parsed(arguments).unwrap() {
            Task::Write(request) => *request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn texts_settings_and_tasks() {
        let found = request(&["so it goes", "--bias=1", "--seed", "3", "--hand", "Open", "--blend", "Tall", "-q"]);
        assert_eq!(found.source, Source::Text("so it goes".into()));
        assert_eq!((found.settings.bias, found.settings.seed, found.settings.temperature), (1.0, 3, 1.0));
        assert_eq!((found.hand.as_deref(), found.blend, found.quiet), (Some("Open"), Some(("Tall".into(), 0.5)), true));
        assert_eq!(request(&["-"]).source, Source::Stdin);
        assert_eq!(request(&["--scribble"]).source, Source::Scribble);
        assert_eq!(request(&["--", "--scribble"]).source, Source::Text("--scribble".into()));
        assert_eq!(request(&["--", "completions"]).source, Source::Text("completions".into()));
        assert!(matches!(parsed(&["--list-hands"]).unwrap(), Task::ListHands { weights: None }));
        assert!(matches!(parsed(&["completions", "bash"]).unwrap(), Task::Completions(clap_complete::Shell::Bash)));
        assert!(String::from_utf8(completions(clap_complete::Shell::Bash)).unwrap().contains("--wander"));
        assert!(matches!(parsed(&["learn", "--ink", "a", "--ink", "b", "-o", "c"]).unwrap(), Task::Learn(_)));
        let own = request(&["a", "--hand-file", "me.json", "--strength", "0.5"]);
        assert_eq!((own.hand_file, own.strength), (Some("me.json".into()), Some(0.5)));
        assert_eq!(parsed(&["--help"]).err().unwrap().exit_code(), 0);
    }

    #[test]
    fn the_ending_says_the_format_unless_it_is_named() {
        for (file, format) in [("a.SVG", Format::Svg), ("a.nc", Format::Gcode), ("b/a.json", Format::Json)] {
            assert_eq!(request(&["a", "-o", file]).format, FileFormat::Sheet(format));
        }
        assert_eq!(request(&["a", "-o", "a.svg", "--format", "outline"]).format, FileFormat::Sheet(Format::Outline));
        assert_eq!(request(&["a", "-o", "-"]).format, FileFormat::Sheet(Format::Svg));
        let pdf = request(&["a", "-o", "a.PDF", "--tip", "fountain"]);
        assert_eq!((pdf.format, pdf.options.tip), (FileFormat::Pdf, Tip::Fountain));
    }

    #[test]
    fn a_servo_has_numbers_of_its_own() {
        let gcode = request(&["a", "--lift", "servo", "--down", "90"]).options.gcode;
        assert_eq!((gcode.up, gcode.down), (0.0, 90.0));
        let gcode = request(&["a"]).options.gcode;
        assert_eq!((gcode.up, gcode.down), (3.0, 0.0));
        assert_eq!(request(&["a", "--down", "-2"]).options.gcode.down, -2.0);
    }

    #[test]
    fn a_plotter_decides_the_format_and_the_dialect() {
        for (name, format, dialect) in [
            ("grbl", Format::Gcode, Dialect::Grbl),
            ("grblhal", Format::Gcode, Dialect::GrblHal),
            ("marlin", Format::Gcode, Dialect::Marlin),
            ("axidraw", Format::Svg, Dialect::Grbl),
            ("hpgl", Format::Hpgl, Dialect::Grbl),
        ] {
            let found = request(&["a", "--plotter", name, "-o", "a.txt", "--optimise", "--dot", "0.3"]);
            assert_eq!((found.format, found.options.gcode.dialect), (FileFormat::Sheet(format), dialect));
            assert!(found.options.optimise && found.options.gcode.dot == 0.3);
        }
        assert_eq!(request(&["a", "-o", "a.PLT"]).format, FileFormat::Sheet(Format::Hpgl));
    }

    #[test]
    fn paper_brings_its_margins() {
        let sides =
            |arguments: &[&str]| request(arguments).style.paper.map(|paper| (paper.width, paper.height, paper.margins));
        let default = Margins::new([10.0, 17.0, 10.0, 17.0]);
        assert_eq!(sides(&["a", "--paper", "200x50.5"]), Some((200.0, 50.5, default)));
        assert_eq!(sides(&["a", "--paper", "card", "--margin", "0"]), Some((105.0, 148.0, Margins::all(0.0))));
        assert_eq!(sides(&["a", "--paper", "card", "--landscape"]).unwrap().0, 148.0);
        let own = Margins::new([20.0, 15.0, 30.0, 25.5]);
        assert_eq!(sides(&["a", "--paper", "letter", "--margins", "20,15,30, 25.5"]).unwrap().2, own);
        let more = request(&["a", "--paper", "a5", "--first-top", "60", "--mirror-margins"]).style.paper.unwrap();
        assert_eq!((more.first_top, more.mirrored, more.envelope), (Some(60.0), true, false));
        assert!(request(&["a", "--paper", "envelope-dl"]).style.paper.unwrap().envelope);
        assert_eq!(request(&["a"]).margin, 5.0);
        assert_eq!(request(&["a", "--margin", "7", "--slant", "-12"]).margin, 7.0);
    }

    #[test]
    fn size_and_pitch_follow_each_other() {
        let sizes = |arguments: &[&str]| {
            let style = request(arguments).style;
            [style.unit * 200.0, style.unit * style.pitch].map(|mm| (mm * 100.0).round() / 100.0)
        };
        assert_eq!(sizes(&["a"]), [3.2, 10.88]);
        assert_eq!(sizes(&["a", "--pitch", "8.5", "--ruling", "dotted"]), [2.5, 8.5]);
        assert_eq!(sizes(&["a", "--size", "2"]), [2.0, 6.8]);
        assert_eq!(sizes(&["a", "--size", "2", "--pitch", "9"]), [2.0, 9.0]);
        assert_eq!(request(&["a", "--ruling", "dotted"]).style.ruling, Ruling::Dotted);
    }

    #[test]
    fn mistakes_are_named() {
        for (arguments, named) in [
            (&[][..], "TEXT"),
            (&["two", "texts"], "texts"),
            (&["a", "--scribble"], "--scribble"),
            (&["a", "--bias", "much"], "much"),
            (&["a", "--hand-file", "b", "--hand", "Open"], "--hand"),
            (&["a", "--strength", "1"], "--hand-file"),
            (&["learn", "-o", "a"], "--ink"),
            (&["a", "--colour", "red"], "--color"),
            (&["a", "--paper", "a0"], "a0"),
            (&["a", "--paper", "0x10"], "0x10"),
            (&["a", "-o", "a.docx"], "a.docx"),
            (&["a", "--format", "docx"], "docx"),
            (&["a", "--size", "0"], "--size: 0 mm is outside 0.1 to 1000"),
            (&["a", "--size", "40", "--paper", "a6"], "--size: with an x of 40 mm"),
            (&["a", "--pitch", "NaN"], "--pitch: NaN mm is outside 0.5 to 1000"),
            (&["a", "--pitch", "200", "--size", "3", "--paper", "a6"], "--pitch: 200 mm is more than"),
            (&["a", "--margin", "-1"], "--margin"),
            (&["a", "--paper", "card", "--margin", "60"], "--margin"),
            (&["a", "--paper", "card", "--margins", "1,2,3"], "TOP,RIGHT,BOTTOM,LEFT"),
            (&["a", "--paper", "card", "--margins", "1,2,3,x"], "TOP,RIGHT,BOTTOM,LEFT"),
            (&["a", "--paper", "card", "--margins", "10,60,10,60"], "--margin: 60 mm at the left"),
            (&["a", "--margins", "1,2,3,4"], "--paper"),
            (&["a", "--paper", "card", "--margin", "5", "--margins", "1,2,3,4"], "--margins"),
            (&["a", "--paper", "card", "--first-top", "140"], "--first-top: 140 mm above"),
            (&["a", "--ruling", "wavy"], "wavy"),
            (&["a", "--slant", "NaN"], "slant"),
            (&["a", "--wander", "2"], "wander"),
            (&["a", "--engine", "abacus"], "abacus"),
        ] {
            let error = parsed(arguments).err().unwrap();
            assert!(error.exit_code() == 2 && error.to_string().contains(named), "{error}");
        }
    }
}
