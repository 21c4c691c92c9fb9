//! Writes with the crate as it is published, as its README and documentation say.

use futures_util::StreamExt;
use running_hand::document::{Options, PageStyle, Paper};
use running_hand::engine::Choice;
use running_hand::export::{self, Format};
use running_hand::model::Kind;
use running_hand::{Document, Engine, Error, Settings, Weights, Writer};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let weights = Weights::shipped(Kind::Synthesis)?;
    let names = weights.config.styles.clone();
    assert!(names.len() > 1);
    assert!(matches!(weights.hand("nobody"), Err(Error::Setting { name, .. }) if name == "hand"));
    let text = "so ж 😀";
    let review: Vec<_> = weights.review(text).into_iter().map(|part| (&text[part.range], part.by)).collect();
    assert_eq!(review, [("ж", Some("zh".into())), ("😀", None)]);

    let settings = Settings::default().with_seed(7).with_bias(1.0).with_hand(&weights, &names[1])?;
    let style = PageStyle::default().with_paper(Paper::named("card"));
    let options = Options::default().with_settings(settings).with_style(style);
    let written = Document::write_blocking(weights, "so", options.clone())?;
    let plotter = export::Options::default().with_optimise(true);
    for (format, start) in [(Format::Svg, "<svg "), (Format::Gcode, "; "), (Format::Json, "{")] {
        let file = written.pages().export(0, format, &plotter)?;
        assert!(file.starts_with(start) && file.len() > 500, "{format}: {file:.200}");
    }

    // The same text, as it comes.
    let points = pollster::block_on(async {
        let (engine, _) = Engine::choose(Choice::Cpu).await;
        let mut writer = Writer::new(engine);
        writer.set_weights(Weights::shipped(Kind::Synthesis)?);
        let mut document = Document::start(&mut writer, "so", options).await?;
        let ink: Vec<_> = document.stream(&mut writer).collect().await;
        let ink = ink.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok::<_, Failure>(ink.iter().flatten().map(|ink| ink.points.len()).sum::<usize>())
    })?;
    assert_eq!(points, written.pages().layout().points().len());
    Ok(())
}
