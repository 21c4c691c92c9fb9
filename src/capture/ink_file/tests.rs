//! Files as other programs write them.

use super::*;

fn read(file: impl AsRef<[u8]>) -> FileInk {
    FileInk::from_bytes(file.as_ref()).unwrap()
}

fn refused(file: impl AsRef<[u8]>) -> String {
    FileInk::from_bytes(file.as_ref()).unwrap_err().to_string()
}

/// x and y of each sample.
fn places(ink: &FileInk) -> Vec<Vec<(f64, f64)>> {
    ink.strokes.iter().map(|stroke| stroke.iter().map(|sample| (sample.x, sample.y)).collect()).collect()
}

fn times(ink: &FileInk) -> Vec<Vec<f64>> {
    ink.strokes.iter().map(|stroke| stroke.iter().map(|sample| sample.ms).collect()).collect()
}

fn inkml(content: &str) -> FileInk {
    read(format!("<?xml version=\"1.0\"?><ink xmlns=\"http://www.w3.org/2003/InkML\">{content}</ink>"))
}

/// A format of these channels.
fn format(id: &str, channels: &str) -> String {
    let channels: String = channels.split(' ').map(|name| format!("<channel name=\"{name}\"/>")).collect();
    format!("<traceFormat xml:id=\"{id}\">{channels}</traceFormat>")
}

#[test]
fn a_traces_own_context_decides_its_format() {
    let source = |id: &str, channels: &str| {
        format!("<inkSource xml:id=\"s{id}\">{}</inkSource>", format(&format!("f{id}"), channels))
    };
    let definitions = format!(
        "<definitions><context xml:id=\"a\">{}</context><context xml:id=\"b\">{}</context>\
         <context xml:id=\"heir\" contextRef=\"#b\" brushRef=\"#x\"/><context xml:id=\"named\" inkSourceRef=\"#sb\"/>\
         <context xml:id=\"formatted\" contextRef=\"#a\" traceFormatRef=\"#fb\"/>\
         <context xml:id=\"loop\" contextRef=\"#loop\"/></definitions>",
        source("a", "X Y F"),
        source("b", "F X Y")
    );
    let expected = vec![vec![(100.0, 0.0), (140.0, 9.0)]];
    for context in ["b", "heir", "named", "formatted", "fb", "sb"] {
        let trace = format!("<trace contextRef=\"#{context}\">7 100 0, 7 140 9</trace>");
        assert_eq!(places(&inkml(&format!("{definitions}{trace}"))), expected, "{context}");
        // From groups around it, whose own it may replace.
        let group = format!(
            "<traceGroup contextRef=\"#{context}\"><traceGroup><trace>7 100 0, 7 140 9</trace></traceGroup></traceGroup>"
        );
        assert_eq!(places(&inkml(&format!("{definitions}{group}"))), expected, "{context}");
        let group = format!("<traceGroup contextRef=\"#a\">{trace}</traceGroup>");
        assert_eq!(places(&inkml(&format!("{definitions}{group}"))), expected, "{context}");
    }
    let both = format!("{definitions}<trace contextRef=\"#a\">1 2 3</trace><trace contextRef=\"#b\">1 2 3</trace>");
    assert_eq!(places(&inkml(&both)), [[(1.0, 2.0)], [(2.0, 3.0)]]);
    assert_eq!(places(&inkml(&format!("{definitions}<trace contextRef=\"#loop\">1 2</trace>"))), [[(1.0, 2.0)]]);
    assert_eq!(
        places(&inkml(&format!("{definitions}<trace contextRef=\"#DefaultContext\">1 2</trace>"))),
        [[(1.0, 2.0)]]
    );
}

#[test]
fn elements_outside_of_definitions_change_the_current_context() {
    let streamed = format!(
        "<trace>1 2</trace>{}<trace>9 1 2</trace><definitions>{}<context xml:id=\"c\" brushRef=\"#b\"/></definitions>\
         <trace contextRef=\"#c\">9 1 2</trace><context traceFormatRef=\"#yx\"/><trace>2 1</trace>\
         <context contextRef=\"#DefaultContext\"/><trace>1 2</trace>",
        format("f", "F X Y"),
        format("yx", "Y X"),
    );
    assert_eq!(places(&inkml(&streamed)), vec![vec![(1.0, 2.0)]; 5]);
    // Formats that nothing refers to: the default one holds where it fits.
    let defined = format!("<definitions>{}</definitions>", format("f", "T X Y"));
    assert_eq!(places(&inkml(&format!("{defined}<trace>5 1 2</trace>"))), [[(1.0, 2.0)]]);
    assert_eq!(places(&inkml(&format!("{defined}<trace>1 2</trace>"))), [[(1.0, 2.0)]]);
}

#[test]
fn values_have_prefixes_wildcards_and_kinds() {
    // The example of the specification's section on traces.
    let format = "<traceFormat><channel name=\"X\"/><channel name=\"Y\"/><intermittentChannels><channel name=\"B1\" \
                  type=\"boolean\"/><channel name=\"B2\" type=\"boolean\"/></intermittentChannels></traceFormat>";
    let trace = "<trace>1125 18432,'23'43,\"7\"-8,3-5,7-3,6 2,6 8,3 6 T,2 4*T,3 6,3-3 F F</trace>";
    let expected = [
        (1125.0, 18432.0),
        (1148.0, 18475.0),
        (1178.0, 18510.0),
        (1211.0, 18540.0),
        (1251.0, 18567.0),
        (1297.0, 18596.0),
        (1349.0, 18633.0),
        (1404.0, 18676.0),
        (1461.0, 18723.0),
        (1521.0, 18776.0),
        (1584.0, 18826.0),
    ];
    assert_eq!(places(&inkml(&format!("{format}{trace}"))), [expected]);
    for (trace, expected) in [
        ("5 5, * 6, 7 *", vec![(5.0, 5.0), (5.0, 6.0), (7.0, 6.0)]),
        ("5 5, ? 6, 7 8", vec![(5.0, 5.0), (7.0, 8.0)]),
        ("? 1, 2 2", vec![(2.0, 2.0)]),
        ("#1F -#a, #ff .5e1", vec![(31.0, -10.0), (255.0, 5.0)]),
        (
            "0 0, 10 1, \"5\"0, !100!200, 101 201",
            vec![(0.0, 0.0), (10.0, 1.0), (25.0, 2.0), (100.0, 200.0), (101.0, 201.0)],
        ),
        ("1 2 <!-- a comment -->, 3 4,", vec![(1.0, 2.0), (3.0, 4.0)]),
        ("\n 1\t2 ,\n3   4\n", vec![(1.0, 2.0), (3.0, 4.0)]),
        ("1-2,3-4", vec![(1.0, -2.0), (3.0, -4.0)]),
        ("1 2 99, 3 4", vec![(1.0, 2.0), (3.0, 4.0)]),
    ] {
        assert_eq!(
            places(&inkml(&format!(
                "<traceFormat><channel name=\"X\"/><channel name=\"Y\"/></traceFormat><trace>{trace}</trace>"
            ))),
            [expected],
            "{trace}"
        );
    }
    for trace in ["1 one", "1", "1 2, 3", "1 2, 3 ' ", "1 2 x", "#g 1", "e5 1", "é 1"] {
        let message = refused(format!("<ink><trace>{trace}</trace></ink>"));
        assert!(message.contains("A sample of the ink cannot be read: “"), "{trace}: {message}");
    }
}

#[test]
fn directions_units_and_transformations_are_the_files() {
    let format = |id: &str, unit: &str| {
        format!(
            "<traceFormat xml:id=\"{id}\"><channel name=\"Y\" orientation=\"-ve\" units=\"{unit}\"/>\
             <channel name=\"X\" units=\"{unit}\"/></traceFormat>"
        )
    };
    let two = format!(
        "<definitions>{}{}<context xml:id=\"a\" traceFormatRef=\"#mm\"/><context xml:id=\"b\" traceFormatRef=\"#cm\"/>\
         </definitions><trace contextRef=\"#a\">1 2</trace><trace contextRef=\"#b\">1 2</trace>",
        format("mm", "mm"),
        format("cm", "cm")
    );
    assert_eq!(places(&inkml(&two)), [[(2.0, -1.0)], [(20.0, -10.0)]]);
    let affine = "<definitions><context xml:id=\"c\"><canvasTransform><mapping type=\"affine\"><affine>2 0 10, 0 -3 20</affine>\
                  </mapping></canvasTransform></context></definitions><trace contextRef=\"#c\">1 2, 3 4</trace>";
    assert_eq!(places(&inkml(affine)), [[(12.0, 14.0), (16.0, 8.0)]]);
}

#[test]
fn times_are_milliseconds_from_the_first_of_a_clock() {
    let with_times = |attributes: &str, trace: &str| {
        inkml(&format!(
            "<traceFormat><channel name=\"X\"/><channel name=\"Y\"/><channel name=\"T\" {attributes}/></traceFormat>{trace}"
        ))
    };
    let trace = |t: [&str; 3]| format!("<trace>0 0 {}, 40 10 {}, 80 0 {}</trace>", t[0], t[1], t[2]);
    for (attributes, t) in [
        ("units=\"ms\"", ["1700000000000", "1700000000010", "1700000000020"]),
        ("units=\"us\"", ["3600000000", "3600010000", "3600020000"]),
        ("units=\"ns\"", ["1700000000000000000", "1700000000010000128", "1700000000020000000"]),
        ("units=\"s\"", ["86400.5", "86400.51", "86400.52"]),
        ("", ["0", "10", "20"]),
    ] {
        let ink = with_times(attributes, &trace(t));
        assert_eq!(places(&ink), [[(0.0, 0.0), (40.0, 10.0), (80.0, 0.0)]]);
        for (found, expected) in times(&ink)[0].iter().zip([0.0, 10.0, 20.0]) {
            assert!((found - expected).abs() < 0.01, "{attributes} {found}");
        }
    }
    // Each trace from its own beginning, with and without offsets.
    let two =
        with_times("", "<trace timeOffset=\"5\">0 0 0, 1 1 10</trace><trace timeOffset=\"100\">0 0 0, 1 1 10</trace>");
    assert_eq!(times(&two), [[5.0, 15.0], [100.0, 110.0]]);
    let two = with_times("", "<trace>0 0 0, 1 1 30</trace><trace>0 0 0, 1 1 30</trace>");
    assert_eq!(times(&two), [[0.0, 30.0], [40.0, 70.0]]);
    // Times that may be left out, and none at all.
    let rate = "<definitions><inkSource><sampleRate value=\"50\"/></inkSource></definitions>";
    assert_eq!(times(&inkml(&format!("{rate}<trace>0 0, 1 1, 2 2</trace>"))), [[20.0, 40.0, 60.0]]);
    let format = "<traceFormat><channel name=\"X\"/><channel name=\"Y\"/><intermittentChannels><channel name=\"T\"/>\
                  </intermittentChannels></traceFormat>";
    assert_eq!(times(&inkml(&format!("{format}<trace>0 0 7, 1 1, 2 2 33</trace>"))), [[7.0, 17.0, 33.0]]);
}

#[test]
fn traces_are_continued_viewed_and_lifted() {
    let continued = "<trace id=\"a\" continuation=\"begin\">0 0</trace><trace id=\"b\">9 9</trace>\
                     <trace id=\"c\" continuation=\"middle\" priorRef=\"#a\">1 1</trace><trace continuation=\"end\" priorRef=\"#c\">2 2</trace>\
                     <trace type=\"penUp\">5 5</trace>";
    assert_eq!(places(&inkml(continued)), [vec![(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)], vec![(9.0, 9.0)]]);
    let viewed = "<definitions><trace xml:id=\"t\">0 0, 1 1, 2 2</trace><traceGroup xml:id=\"g\"><trace>7 7</trace></traceGroup></definitions>\
                  <trace xml:id=\"own\">5 5</trace><traceView traceDataRef=\"#own\"/>\
                  <traceView><traceView traceDataRef=\"#t\" from=\"2\" to=\"3\"/><traceView traceDataRef=\"#g\"/></traceView>";
    assert_eq!(places(&inkml(viewed)), [vec![(5.0, 5.0)], vec![(1.0, 1.0), (2.0, 2.0)], vec![(7.0, 7.0)]]);
    assert_eq!(places(&inkml("<definitions><trace>1 2</trace></definitions>")), [[(1.0, 2.0)]]);
    let tip = format!("{}<trace type=\"indeterminate\">0 0 T, 1 1 T, 2 2 F, 3 3 T</trace>", format("f", "X Y S"));
    assert_eq!(places(&inkml(&tip)), [vec![(0.0, 0.0), (1.0, 1.0)], vec![(3.0, 3.0)]]);
}

#[test]
fn annotations_give_the_text() {
    for kind in ["truth", "label", "transcription", "Truth", "text"] {
        let ink = inkml(&format!(
            "<annotation type=\"writer\">7</annotation><annotation type=\"{kind}\"> two\n words</annotation><trace>0 0</trace>"
        ));
        assert_eq!(ink.text, "two words");
    }
    let group = |text: &str| {
        format!("<traceGroup><annotation type=\"truth\">{text}</annotation><trace>0 0</trace></traceGroup>")
    };
    assert_eq!(inkml(&format!("{}{}", group("one"), group("two"))).text, "one two");
    assert_eq!(inkml(&format!("<annotation type=\"label\">all</annotation>{}", group("one"))).text, "all");
    assert_eq!(inkml("<trace>0 0</trace>").text, "");
}

#[test]
fn characters_are_decoded_as_the_file_says() {
    let file = |encoding: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"{encoding}\"?>\n<ink><annotation type=\"truth\">café</annotation><trace>0 0</trace></ink>"
        )
    };
    let latin: Vec<u8> = file("ISO-8859-1").chars().map(|c| c as u8).collect();
    assert_eq!(read(latin).text, "café");
    let utf16 = file("UTF-16");
    let little = || utf16.encode_utf16().flat_map(u16::to_le_bytes);
    let big = || utf16.encode_utf16().flat_map(u16::to_be_bytes);
    for bytes in [
        little().collect(),
        big().collect(),
        [0xff, 0xfe].into_iter().chain(little()).collect(),
        [0xfe, 0xff].into_iter().chain(big()).collect(),
        [0xef, 0xbb, 0xbf].into_iter().chain(file("latin1").into_bytes()).collect(),
        file("utf-8").into_bytes(),
        utf16.clone().into_bytes(),
    ] as [Vec<u8>; 7]
    {
        assert_eq!(read(&bytes).text, "café", "{:?}", &bytes[..4]);
    }
    assert!(refused(file("klingon")).contains("“klingon” cannot be read"));
    let json: Vec<u8> = "\u{feff}[[[1,2]]]".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(places(&read(json)), [[(1.0, 2.0)]]);
}

#[test]
fn xml_that_is_dangerous_damaged_or_of_another_kind_is_refused() {
    for (file, reason) in [
        ("<ink><trace>0 0</trace>", "incomplete"),
        ("<html><body/></html>", "XML of another kind: “html”"),
        ("<ink/>", "no ink"),
        ("<ink><trace/></ink>", "no ink"),
        ("<!DOCTYPE ink [<!ENTITY a \"aaaa\">]><ink><trace>0 0</trace></ink>", "declares a document type"),
        ("<ink><trace>1e300 0, 1 1</trace></ink>", "cannot be on paper"),
        ("<ink><traceFormat><channel name=\"F\"/></traceFormat><trace>1</trace></ink>", "lacks X or Y"),
    ] {
        assert!(refused(file).contains(reason), "{file}: {}", refused(file));
    }
    assert!(refused("<html/>").contains("InkML, from the IAM"), "it tells what can be read");
    assert_eq!(places(&read("<!DOCTYPE ink SYSTEM \"inkml.dtd\"><ink><trace>1 2</trace></ink>")), [[(1.0, 2.0)]]);
    assert_eq!(
        places(&read("<i:ink xmlns:i=\"http://www.w3.org/2003/InkML\"><i:trace>1 2</i:trace></i:ink>")),
        [[(1.0, 2.0)]]
    );
    for deep in ["<traceGroup>", "<a>", "<traceView>"] {
        let close = deep.replace('<', "</");
        let file = format!("<ink><trace>0 0</trace>{}{}</ink>", deep.repeat(50_000), close.repeat(50_000));
        let _ = FileInk::from_bytes(file.as_bytes());
    }
    assert_eq!(read(format!("<ink>{}</ink>", "<trace>1 1</trace>".repeat(100_000))).strokes.len(), 100_000);
    // A view that shows views that show views …
    let views: String = (1..60).map(|k| format!("<traceView xml:id=\"v{k}\"><traceView traceDataRef=\"#v{}\"/><traceView traceDataRef=\"#v{}\"/></traceView>", k - 1, k - 1)).collect();
    let many = format!(
        "<ink><definitions><trace xml:id=\"t\">0 0</trace><traceView xml:id=\"v0\" traceDataRef=\"#t\"/>{views}</definitions><traceView traceDataRef=\"#v59\"/></ink>"
    );
    assert_eq!(places(&read(many)), [[(0.0, 0.0)]]);
}

#[test]
fn iams_xml_is_read() {
    let file = r#"<?xml version="1.0" encoding="ISO-8859-1"?><WhiteboardCaptureSession><Transcription><TextLine text="By &quot;A&quot;"/>
        <TextLine text="two"/></Transcription><StrokeSet><Stroke colour="black" start_time="769.05"><Point x="10" y="20" time="769.05"/>
        <Point x="30" y="40" time="769.07"/></Stroke><Stroke><Point x="50" y="60" time="769.17"/></Stroke></StrokeSet></WhiteboardCaptureSession>"#;
    let ink = read(file);
    assert_eq!(ink.text, "By \"A\" two");
    assert_eq!(places(&ink), [vec![(10.0, 20.0), (30.0, 40.0)], vec![(50.0, 60.0)]]);
    let times = times(&ink);
    assert!(times[0][0] == 0.0 && (times[0][1] - 20.0).abs() < 1e-6 && (times[1][0] - 120.0).abs() < 1e-6, "{times:?}");
}

#[test]
fn json_of_drawing_programs_is_read() {
    let excalidraw = r#"{"type":"excalidraw","elements":[{"type":"freedraw","x":100,"y":50,"points":[[0,0],[40,10],[80,0]]},
        {"type":"rectangle","x":0,"y":0},{"type":"freedraw","x":1,"y":2,"isDeleted":true,"points":[[0,0]]},
        {"type":"freedraw","x":0,"y":0,"angle":3.141592653589793,"points":[[0,0],[10,4]]}]}"#;
    let found = places(&read(excalidraw));
    assert_eq!(found[0], [(100.0, 50.0), (140.0, 60.0), (180.0, 50.0)]);
    assert!(found.len() == 2 && (found[1][0].0 - 10.0).abs() < 1e-9 && (found[1][0].1 - 4.0).abs() < 1e-9, "{found:?}");

    let shape = |id: &str, parent: &str, index: &str, at: [i32; 2], segments: &str| {
        format!(
            r#""{id}":{{"id":"{id}","typeName":"shape","type":"draw","parentId":"{parent}","index":"{index}","x":{},"y":{},"rotation":0,"props":{{"segments":[{segments}]}}}}"#,
            at[0], at[1]
        )
    };
    let group = r#""shape:g":{"id":"shape:g","type":"group","parentId":"page:p","index":"a2","x":100,"y":0,"rotation":1.5707963267948966,"props":{}}"#;
    // The first point in single precision, the others as differences in half precision: (1, 2), (3, 1).
    let path = base64(&[1f32.to_le_bytes(), 2f32.to_le_bytes(), 0.5f32.to_le_bytes()].concat(), &[2.0, -1.0, 0.0]);
    let last =
        shape("shape:a", "shape:g", "a1", [10, 0], r#"{"type":"free","points":[{"x":0,"y":0,"z":0.5},{"x":5,"y":0}]}"#);
    let first = shape(
        "shape:b",
        "page:p",
        "a1",
        [1, 1],
        &format!(r#"{{"type":"free","path":"{path}"}},{{"type":"straight","points":[{{"x":9,"y":9}}]}}"#),
    );
    let shapes = format!("{last},{first},{group}");
    let values = shapes.replace("\"shape:a\":{", "{").replace("\"shape:b\":{", "{").replace("\"shape:g\":{", "{");
    for file in [
        format!(
            r#"{{"tldrawFileFormatVersion":1,"schema":{{}},"records":[{{"id":"page:p","typeName":"page","index":"a1"}},{values}]}}"#
        ),
        format!(r#"{{"store":{{{shapes}}},"schema":{{}}}}"#),
        format!(r#"{{"document":{{"store":{{{shapes}}},"schema":{{}}}},"session":{{}}}}"#),
    ] {
        let found = places(&read(&file));
        assert_eq!(found[0], [(2.0, 3.0), (4.0, 2.0), (10.0, 10.0)], "{file}");
        let near = |(x, y): (f64, f64), (a, b): (f64, f64)| (x - a).abs() < 1e-9 && (y - b).abs() < 1e-9;
        assert!(near(found[1][0], (100.0, 10.0)) && near(found[1][1], (100.0, 15.0)), "{found:?}");
    }

    let drawing = r#"{"word":"cat","drawing":[[[0,10],[5,15],[0,30]],[[7],[8],[90]]]}"#;
    let ink = read(format!("{drawing}\n{}\n", drawing.replace("cat", "dog")));
    assert_eq!((ink.text.as_str(), places(&ink)), ("cat", vec![vec![(0.0, 5.0), (10.0, 15.0)], vec![(7.0, 8.0)]]));
    assert_eq!(times(&ink), [vec![0.0, 30.0], vec![90.0]]);
    assert_eq!(places(&read(r#"{"word":"cat","drawing":[[[0,255],[5,15]]]}"#)), [[(0.0, 5.0), (255.0, 15.0)]]);
}

/// Base64 of bytes, and of numbers in half precision behind them.
fn base64(bytes: &[u8], halves: &[f32]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut all = bytes.to_vec();
    all.extend(halves.iter().flat_map(|number| half::f16::from_f32(*number).to_le_bytes()));
    let three = |c: &[u8]| u32::from_be_bytes([0, c[0], c[1], c[2]]);
    let digits = |c: &[u8]| [18, 12, 6, 0].map(|shift| char::from(DIGITS[(three(c) >> shift) as usize & 63]));
    all.chunks_exact(3).flat_map(digits).collect()
}

#[test]
fn lists_of_points_are_read_however_they_are_wrapped() {
    let points = r#"[{"x":10.5,"y":20,"time":1700000000000,"pressure":0.5},{"x":40,"y":30,"time":1700000000016},{"x":80,"y":20,"time":1700000000032}]"#;
    let expected = [[(10.5, 20.0), (40.0, 30.0), (80.0, 20.0)]];
    for file in [
        format!(r#"[{{"penColor":"black","points":{points}}}]"#),
        format!("[{points}]"),
        points.to_owned(),
        format!(r#"{{"strokes":[{points}]}}"#),
        format!(r#"{{"pages":[{{"size":[100,200],"layers":[{{"strokes":[{{"path":{{"points":{points}}}}}]}}]}}]}}"#),
        r#"{"strokes":[{"x":[10.5,40,80],"y":[20,30,20],"t":[5000000,5000016,5000032]}]}"#.into(),
        r#"[[[10.5,20,0],[40,30,16],[80,20,32]]]"#.into(),
    ] {
        let ink = read(&file);
        assert_eq!(places(&ink), expected, "{file}");
        assert_eq!(times(&ink), [[0.0, 16.0, 32.0]], "{file}");
    }
    let pencil = r#"{"strokes":[{"path":{"points":[{"location":{"x":1,"y":2},"timeOffset":0,"force":1},{"location":[3,4],"timeOffset":0.016}]},
        "transform":{"a":2,"b":0,"c":0,"d":2,"tx":10,"ty":20}}],"text":"so"}"#;
    let ink = read(pencil);
    assert_eq!(
        (places(&ink), times(&ink), ink.text.as_str()),
        (vec![vec![(12.0, 24.0), (16.0, 28.0)]], vec![vec![0.0, 16.0]], "so")
    );
    let konva = r#"{"className":"Stage","attrs":{"width":9},"children":[{"className":"Layer","children":[
        {"className":"Line","attrs":{"points":[1,2,3,4.5],"stroke":"black"}},{"className":"Line","attrs":{"points":[5,6]}}]}]}"#;
    assert_eq!(places(&read(konva)), [vec![(1.0, 2.0), (3.0, 4.5)], vec![(5.0, 6.0)]]);
    // Pressures are no times.
    assert_eq!(times(&read("[[[0,0,0.2],[1,1,0.4]]]")), [[0.0, 10.0]]);
    for file in ["[1, 2]", r#"{"a": [[1,2]]}"#, "7", r#"{"features":[]}"#] {
        assert!(refused(file).contains("JSON of another kind. Ink is read from InkML"), "{file}: {}", refused(file));
    }
    for file in ["[]", r#"{"strokes":[]}"#, r#"{"type":"excalidraw","elements":[]}"#] {
        assert!(refused(file).contains("no ink"), "{file}");
    }
    for file in ["{\"strokes\": [[", "hello", "[1] [2]"] {
        assert!(refused(file).contains("cannot be read as ink"), "{file}: {}", refused(file));
    }
}

#[test]
fn running_hands_own_files_are_read() {
    let file = r#"{"format":"running-hand-ink","version":1,"sampleMs":20,"text":"a  b","strokes":[[[0,0.5],[1,2]],[],[[3,4]]]}"#;
    let ink = read(file);
    assert_eq!((ink.text.as_str(), times(&ink)), ("a b", vec![vec![0.0, 20.0], vec![40.0]]));
    assert!(refused(file.replace("\"version\":1", "\"version\":2")).contains("version 2"));
    assert!(refused(file.replace("[0,0.5]", "[0,\"1\"]")).contains("damaged: a point is not a pair of numbers"));
    let hand = HandSample { name: "Mine".into(), text: "so".into(), strokes: ink.strokes.clone() };
    assert_eq!(read(hand.to_json().unwrap()), FileInk { text: "so".into(), strokes: ink.strokes });
    let sample = Sample::default();
    let much = FileInk { text: String::new(), strokes: vec![vec![sample]; MAX_STROKES + 1] };
    assert!(
        much.check_sentence().unwrap_err().to_string().contains("1001 strokes of 1001 samples: more than one sentence")
    );
}
