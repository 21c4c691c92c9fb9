// All English words of the page: those that it needs first, and the rest. A translation is a file like this one: copy it,
// translate it, and add it to LANGUAGES in words.js. `tsc` says which words are missing.

import { MESSAGES } from "../engine/errors.js";
import { NOTICES } from "../engine/notices.js";
import { first } from "./first.js";

/** @typedef {typeof words} Words */

const words = {
  ...first,
  page: {
    title: "Running Hand: handwriting by a neural network",
    tagline: "Handwriting by a neural network, on your own machine.",
    starting: "Starting …",
    line: "Line",
    noScript: "Running Hand runs in your browser and needs JavaScript, which is turned off here.",
    export: "Download or print",
    copyLink: "Copy link",
    ideas: "Ideas",
    code: "Use in your app",
    shareSheet: "Share",
    inspector: "See it think",
    reload: "Reload",
    retry: "Try again",
    update: "A new version is ready.",
    description: "Type a sentence and watch a neural network write it by hand, on your own GPU or CPU. Nothing you type leaves the page.",
    sheet: "Sheet",
    emptySheet: "An empty sheet",
    sheets: "Sheets",
    sheetBefore: "Previous sheet",
    sheetAfter: "Next sheet",
    private: "What you type stays on this page. The network is the one described by",
    licence: "; its weights are for research and non-commercial use:",
    terms: "terms",
    language: "Language",
    engine: "About the engine",
  },
  compare: {
    title: "Compare two takes",
    use: "Use this one",
    /** @param {string} take */
    useThis: (take) => `Use this one: ${take}`,
    close: "Close",
  },
  form: {
    text: "Text",
    write: "Write",
    stop: "Stop",
    anotherTake: "Another take",
    hand: "Hand",
    surprise: "Surprise me",
    ownHand: "Your own hand …",
    continueStrokes: "Continue my strokes …",
    mixWith: "Mix with",
    noMix: "no other hand",
    share: "How much of it",
    bias: "Neatness (bias)",
    biasHint: "Tidier, more even letters.",
    temperature: "Wildness (temperature)",
    temperatureHint: "Looser and less predictable. 1 is natural.",
    slant: "Slant",
    slantHint: "Degrees to the right; below 0 leans left.",
    wander: "Wander",
    wanderHint: "Lets lines and words drift, grow and spread unevenly, as in real handwriting.",
    speed: "Speed",
    speedAuto: "Automatic speed",
    speedTitle: "How fast the pen moves. Tap the sheet to finish at once.",
    speedNatural: "Natural speed",
    speedFour: "Four times as fast",
    speedTwenty: "Hurried",
    speedInstant: "At once",
    columns: "Letters per line",
    seed: "Seed",
    seedHint: "The same seed always gives the same writing.",
    weights: "Your own weights",
    weightsHint: "A network you trained yourself. It stays on this device.",
    scribble: "Ignore the text and scribble",
    more: "More",
    textPlaceholder: "Leave this empty and the network scribbles on its own.",
    anotherTakeTitle: "Write the same text again, a little differently",
  },
  paper: {
    title: "Paper and ink",
    ink: "Ink",
    pen: "Pen",
    fineliner: "Fineliner: one width",
    fountain: "Fountain pen: thick and thin",
    pencil: "Pencil: grainy",
    lineWidth: "Line width",
    lineWidthHint: "1 is an ordinary pen.",
    paper: "Paper",
    free: "Fit to the writing",
    card: "Card (A6)",
    envelopeDl: "DL envelope",
    envelopeC6: "C6 envelope",
    envelope10: "US No. 10 envelope",
    own: "Custom size …",
    envelopeHint: "Type the address. To add a sender, put theirs first, then a line with ---.",
    ownSize: "Custom size",
    width: "Width",
    height: "Height",
    unit: "Unit",
    inches: "inches",
    orientation: "Orientation",
    portrait: "Portrait",
    landscape: "Landscape",
    ruling: "Ruling",
    plain: "Plain",
    ruled: "Ruled",
    squared: "Squared",
    dotted: "Dotted",
    size: "Letter size",
    small: "Small",
    medium: "Medium",
    large: "Large",
    fitted: "Fit the line spacing",
    margins: "Margins and line spacing",
    pitch: "Line spacing in mm",
    pitchHint: "The letters scale with it, unless you choose their size.",
    marginsInMm: "Margins in mm",
    top: "Top",
    right: "Right",
    bottom: "Bottom",
    left: "Left",
    firstTop: "Top of the first sheet",
    firstTopHint: "A larger one leaves room for a letterhead.",
    mirror: "Swap left and right on every second sheet",
    unnumbered: "No page numbers",
    sheets: "Sheets",
    envelopes: "Envelopes",
    automatic: "automatic",
    usual: "default",
    asOthers: "same as the others",
  },
  capture: {
    title: "Your own hand",
    modes: "What to draw",
    strokesHint: "Draw or scribble whatever you like, from left to right. The network has no text to follow and continues as it thinks a hand would. What you draw becomes part of the link you copy.",
    pointerHint: "Drawing needs a mouse, a finger or a pen. Without one, open a file instead: a hand exported from here, or ink as InkML or Running Hand JSON.",
    undo: "Undo stroke",
    clear: "Clear",
    name: "Name",
    continue: "Continue from here",
    stored: "Hands on this device",
    open: "Open a hand or ink file",
    close: "Close",
    modeHand: "Teach it my hand",
    modeStrokes: "Continue my strokes",
    pad: "Paper to write on with a pointer",
    myHand: "My hand",
    reading: "Reading what you wrote …",
    /** @param {string} hand @param {string} reason */
    storedUnreadable: (hand, reason) => `A hand stored here (${hand}) can’t be read. ${reason}`,
    /** @param {string} hand @param {string} reason */
    unreadable: (hand, reason) => `The hand “${hand}”: ${reason}`,
    strokesUnusable: "Its strokes can’t be used.",
    /** @param {string} file */
    opening: (file) => `Reading ${file} …`,
    fileSize: "The file is empty, or far too large for a hand.",
    /** @param {string} advice */
    importedBut: (advice) => `Imported, but: ${advice}`,
    /** @param {string} hand */
    imported: (hand) => `“${hand}” has been imported and chosen.`,
    /** @param {number} count */
    onPaper: (count) => (count === 1 ? "One stroke is on the paper." : `${count} strokes are on the paper.`),
    addStrokes: "Add to them, or continue from here.",
    /** @param {string} hand */
    nameOf: (hand) => `Name of the hand ${hand}`,
    export: "Export",
    delete: "Delete",
    confirmDelete: "Really delete?",
    /** @param {string} hand */
    exportHand: (hand) => `Export ${hand}`,
    /** @param {string} hand */
    deleteHand: (hand) => `Delete ${hand}`,
    /** @param {string} hand */
    confirmDeleteHand: (hand) => `Really delete ${hand}?`,
    /** @param {string} hand */
    renamed: (hand) => `It is now called “${hand}”.`,
    /** @param {string} hand */
    deleted: (hand) => `“${hand}” has been deleted.`,
    /** @param {string} hand */
    exported: (hand) => `“${hand}” has been saved as a file.`,
    handHint:
      "Write each sentence with a mouse, finger or pen, as you normally write; the lines are only a guide. Four sentences give the best likeness, but one or two will do. What you write stays on this device.",
    steps: "Sentences",
    /** @param {number} number @param {number} count */
    step: (number, count) => `Sentence ${number} of ${count}`,
    /** @param {string} step */
    stepEmpty: (step) => `${step}, not written yet`,
    /** @param {string} step */
    stepWritten: (step) => `${step}, written`,
    /** @param {string} step */
    stepDoubted: (step) => `${step}, needs another look`,
    addSentence: "Add a sentence",
    sentenceHint: "Change it, or type one of your own.",
    back: "Back",
    next: "Next sentence",
    learn: "Learn my hand",
    learnDoubted: "Learn it anyway",
    keep: "Use without learning",
    keepDoubted: "Use it anyway",
    sayText: "Type the sentence you wrote.",
    /** @param {number} number @param {string} advice */
    adviceOn: (number, advice) => `Sentence ${number}: ${advice}`,
    /** @param {number} count */
    stillHere: (count) => (count === 1 ? "The sentence you wrote is still here." : `The ${count} sentences you wrote are still here.`),
    checkSentence: "Check that they match the sentence, then continue.",
    giveSentence: "Type the sentence they spell out, then continue.",
    improve: "Improve",
    /** @param {string} hand */
    improveHand: (hand) => `Improve ${hand}`,
    replaceDrawn: "Replace your sentences?",
    /** @param {string} hand */
    replaceDrawnBy: (hand) => `Replace your sentences with those of ${hand}?`,
    /** @param {string} hand */
    improving: (hand) => `This is the ink of “${hand}”. Write more sentences, or write some of them again.`,
    /** @param {number} count */
    learntFrom: (count) => (count === 1 ? "learned from one sentence" : `learned from ${count} sentences`),
    notLearnt: "not learned",
    foreign: "learned with different weights",
    /** @param {string} hand */
    learning: (hand) => `Learning “${hand}”`,
    /** @param {string} hand */
    relearning: (hand) => `“${hand}” was learned with different weights. Learning it again from its ink`,
    starting: "Getting ready …",
    checking: "Checking that it can be read …",
    /** @param {number} percent */
    percent: (percent) => `${percent}%`,
    /** @param {number} percent @param {number} seconds */
    timeLeft: (percent, seconds) => `${percent}%, about ${seconds} seconds left`,
    wordsSoFar: "Words in the hand so far",
    background: "You can close this and carry on; learning continues in the background.",
    enough: "Stop here and use it",
    cancel: "Cancel",
    cancelLearning: "Cancel learning",
    show: "Show",
    cancelled: "Learning was cancelled. Your sentences are still here.",
    busy: "A hand is being learned. Wait until that is done, or cancel it.",
    /** @param {string} hand */
    learnt: (hand) => `“${hand}” has been learned.`,
    /** @param {string} hand @param {string} reason */
    failed: (hand, reason) => `“${hand}” couldn’t be learned. ${reason}`,
    /** @param {number} percent */
    takenBack: (percent) =>
      percent > 0
        ? `Too many words came out wrong in your hand, so only ${percent}% of it is used. More sentences may help.`
        : "Too many words came out wrong in your hand, so only your first sentence guides the writing. More sentences may help.",
    writeInIt: "Write in it",
    dismiss: "Dismiss",
    strength: "How much like me",
    strengthHint: "From easiest to read to most like you.",
    noRoom: "There is no room left to store the hand, so it is here only until you close the page. Export it to keep it.",
    noStorage:
      "This browser doesn’t let the page store anything, so the hand is here only until you close the page. Export it to keep it.",
    draftNoRoom: "There is no room left to store what you write, so it is here only until you close the page.",
    draftNoStorage: "This browser doesn’t let the page store anything, so what you write is here only until you close the page.",
  },
  /** What is wrong with ink that was drawn, by the names of `Advice`. */
  advice: {
    nothing: "Nothing is written yet. Write the sentence along the line.",
    dot: "That is only a dot. Write the whole sentence, with letters about as tall as the gap between the guide lines.",
    unreadable: "These strokes have positions that can’t be on a screen. Clear them and write again.",
    "too-much": "This is far more than one sentence. Clear it and write just the sentence.",
    "short-text": "The sentence is too short to learn a hand from. Choose a longer one.",
    "long-text": "The sentence is too long. Choose a shorter one.",
    alphabet: "The sentence has characters that the network can’t write. Choose one with plain letters.",
    "too-little": "This is too little ink for the sentence. Write all of it, every letter.",
    "too-fast": "The pen was recorded at too few points to show the shapes of the letters. Write more slowly, or larger.",
    flat: "This looks like a flat line. Write the letters about as tall as the gap between the guide lines.",
    "too-long": "This is more ink than the sentence needs. Clear it and write the sentence once, without crossing out.",
    steep: "The line runs up or down too steeply. Write along the guide lines.",
    backwards: "This was written from right to left. Write from left to right, letter after letter.",
    overlaid: "The words overlap. Clear them and write the sentence along the line, one word after another.",
    "goes-on": "There seems to be more ink than the sentence needs. Write just the sentence, once.",
    unfinished: "The end of the sentence seems to be missing. Write all of it, every word.",
    "other-text": "This doesn’t seem to say the sentence. Check it word for word, and write clearly.",
  },
  export: {
    title: "Download or print",
    format: "Format",
    machines: "For plotters and programs",
    preview: "Preview",
    sheet: "Sheet",
    width: "Width in mm",
    resolution: "Resolution",
    dpi150: "150 dpi, for screens",
    dpi300: "300 dpi, for print",
    dpi600: "600 dpi, for fine print",
    shape: "Shape",
    shapeOwn: "Same as the writing",
    shapeSquare: "Square, 1:1",
    shapeWide: "Classic, 4:3",
    shapeScreen: "Widescreen, 16:9",
    shapeTall: "Portrait, 9:16",
    padding: "Padding",
    size: "Longer side",
    /** @param {number} pixels */
    sizeOf: (pixels) => `${pixels} pixels`,
    pace: "Pace",
    paceNatural: "Natural pace",
    paceTwo: "Twice as fast",
    paceFour: "Four times as fast",
    paceTen: "Ten times as fast",
    rate: "Frames per second",
    rest: "Pause at the end, in seconds",
    /** @param {string} seconds */
    length: (seconds) => `${seconds} s in all`,
    dialect: "Firmware of the plotter",
    lift: "The pen is lifted by",
    liftZ: "the Z axis",
    liftServo: "a servo",
    upZ: "Pen up: Z in mm",
    downZ: "Pen down: Z in mm",
    feed: "Feed rate in mm per minute",
    dwell: "Wait after lifting or lowering, in seconds",
    crop: "Crop to the writing",
    paper: "Include the paper",
    optimise: "Less pen-up travel",
    download: "Download",
    print: "Print",
    copyPicture: "Copy picture",
    copyText: "Copy text",
    close: "Close",
    making: "Making the file",
    cancel: "Cancel",
    cancelled: "Cancelled.",
    unsupported: "This browser can’t make this kind of file.",
    upServo: "Pen up: servo position",
    downServo: "Pen down: servo position",
    /** @param {number} sheet @param {number} sheets */
    sheetOf: (sheet, sheets) => `${sheet} of ${sheets}`,
    allInOne: "All",
    allSheets: "All, one file each",
    empty: "Nothing has been written yet.",
    /** @param {string} width @param {string} height */
    millimetres: (width, height) => `${width} × ${height} mm`,
    /** @param {number} width @param {number} height */
    pixels: (width, height) => `${width} × ${height} pixels`,
    /** @param {string} file */
    saved: (file) => `${file} is in your downloads.`,
    copied: "Copied.",
    /** @param {number} sheet */
    sheetCopied: (sheet) => `Sheet ${sheet} copied.`,
    noPictureCopy: "This browser doesn’t let the page copy pictures. Download a PNG instead.",
    noCopy: "This browser doesn’t let the page copy. Download the file instead.",
    /** @param {number} width @param {number} height */
    tooLarge: (width, height) =>
      `This browser can’t make a picture of ${width} × ${height} pixels. Choose a lower resolution.`,
    /** @param {number} width @param {number} height */
    videoTooLarge: (width, height) =>
      `This browser can’t make a video of ${width} × ${height} pixels. Choose a smaller size, or GIF.`,
  },
  formats: {
    pngHint: "A picture, with the paper or transparent.",
    pdfHint: "All sheets at their true size, sharp at any zoom. The text can be searched and copied.",
    gifHint: "A short film that plays everywhere.",
    mp4: "MP4 video",
    mp4Hint: "For messages, slides and social media.",
    webm: "WebM video",
    webmHint: "For web pages and video editing. Without the paper, its background is transparent.",
    animated: "Animated SVG",
    animatedHint: "A drawing for web pages that writes itself, or is there at once for visitors who prefer less motion.",
    lottieHint: "An animation for apps and web pages that have a Lottie player.",
    svg: "SVG strokes",
    svgHint: "The path of the pen, in millimetres: for pen plotters, cutters and engravers.",
    outline: "SVG outlines",
    outlineHint: "Filled shapes, broader where the pen was slow: for drawing programs.",
    gcode: "G-code",
    gcodeHint:
      "For pen plotters, in millimetres from the lower left corner of the sheet. Lifts the pen and returns home at the end.",
    hpglHint: "For older plotters: 40 units per millimetre, pen 1.",
    inkmlHint: "Strokes with the timing of the pen, for handwriting recognisers and note-taking programs.",
    jsonHint: "Strokes, text and settings, for your own programs.",
  },
  code: {
    title: "Use in your app",
    lead: "The code for exactly what is on the sheet. The network runs where your page or program runs; nothing is sent anywhere.",
    element: "On a web page",
    script: "In JavaScript",
    command: "In a terminal",
    copy: "Copy",
    /** @param {string} what */
    copyOf: (what) => `Copy: ${what}`,
    copied: "Copied.",
    refused: "The browser doesn’t let this page copy. Select the code instead.",
    close: "Close",
    /** @param {string} list */
    missing: (list) => `The element leaves out: ${list}.`,
    missingPaper: "paper",
    missingSlant: "slant",
    missingWander: "wander",
    missingBlend: "the second hand",
    missingTip: "the tip of the pen",
    ownHand: "Your own hand stays on this device. Export it in “Your own hand” and give the file to the command as --sample.",
    strokes: "The strokes you drew are not in the code.",
  },
  ideas: {
    title: "Ideas",
    lead: "Each one sets up the page. Then change the words.",
    close: "Close",
    card: "A card",
    cardHint: "A6, large letters",
    cardText: "Congratulations,\nNora and Sam!\n\nWith love\nfrom all of us",
    letter: "A letter",
    letterHint: "A4, ruled, on as many sheets as it needs",
    letterText:
      "Dear Anna,\n\nThank you for your letter. It has been raining here for a week, and the garden looks like a lake with flowers in it. The cat sits at the window and blames me for all of it.\n\nWhen will you come? The room upstairs is ready, and there are apples from our own tree. Bring a warm coat and that book about the islands.\n\nYours,\nMartin",
    envelope: "An envelope",
    envelopeHint: "The address where the post wants it",
    envelopeText: "Martin Field\n8 Mill Lane\nOakham LE15 6AB\n---\nAnna Berg\n12 Harbour Street\nWhitby YO21 1AA",
    list: "A shopping list",
    listHint: "Pencil on a ruled note",
    listText: "For Saturday\n\n- bread\n- six eggs\n- butter\n- two lemons\n- coffee\n- flowers",
    signature: "A signature",
    signatureHint: "To save as a transparent PNG",
    signatureText: "Anna Berg",
    birthday: "A birthday film",
    birthdayHint: "To save as a GIF or a video",
    birthdayText: "Happy birthday,\ndear Sam!",
    quote: "A quotation",
    quoteHint: "On squared paper",
    quoteText: "The pen is the tongue\nof the mind.\n\nCervantes",
  },
  inspector: {
    empty: "Write something, and see here what the network thinks, point by point.",
    /** @param {string} reason */
    failed: (reason) => `What the network computed can’t be shown: ${reason}`,
    slow: "Slow motion",
    half: "Half speed",
    natural: "Natural pace",
    play: "Play",
    pause: "Pause",
    back: "Back",
    backTitle: "One point back",
    step: "Step",
    stepTitle: "One point forward",
    point: "Point",
    pace: "Pace",
    /** @param {number} point @param {number} points */
    pointOf: (point, points) => `${point} of ${points}`,
    source:
      "The symbols are those of Graves (2013), equations 18 to 25, 46 to 51, 61 and 62; the temperature and the " +
      "chance that the line ends are additions. Offsets are in units of their standard deviation.",
    whichLetter: "Which letter is it on?",
    time: "Time runs from left to right. Touch a place here, or the ink, to go there.",
    whereNext: "Where may the pen go next?",
    willLift: "Will the pen lift?",
    endOfText: "the end of the text",
    space: "the space",
    /** @param {string} character */
    quoted: (character) => `“${character}”`,
    /** @param {string} character */
    on: (character) => `on ${character}`,
    /** @param {number} percent */
    percent: (percent) => `${percent}%`,
    lessThanOne: "less than 1%",
    /** @param {number} guesses @param {string} likeliest */
    cloud: (guesses, likeliest) =>
      `● is the pen. Each cloud is one of ${guesses} guesses; the darker, the likelier. The likeliest has ${likeliest}.`,
    tookLikeliest: "The pen took it, and went to ○.",
    /** @param {string} share */
    tookAnother: (share) => `The pen took another, with ${share}, and went to ○.`,
    /** @param {string} chance */
    liftLikely: (chance) => `Likely: the chance is ${chance}.`,
    /** @param {string} chance */
    liftPossible: (chance) => `Perhaps: the chance is ${chance}.`,
    /** @param {string} chance */
    liftUnlikely: (chance) => `Unlikely: the chance is ${chance}.`,
    lifted: "It did: the stroke ends at ○.",
    notLifted: "It stayed on the paper.",
    /** @param {string} character @param {number} position @param {number} characters */
    mostlyOn: (character, position, characters) => `Mostly on ${character}, character ${position} of ${characters}.`,
    atEnd: "At the end of the text.",
    /** @param {string} formula @param {number} cloud */
    sigmaNumbers: (formula, cloud) => `${formula} for the cloud it took, number ${cloud}`,
    /** @param {string} formula @param {string} share */
    piNumbers: (formula, share) => `${formula}, ${share} of the total`,
    /** @param {string} axis @param {string} mean @param {string} sd @param {string} drawn */
    drawnNumbers: (axis, mean, sd, drawn) => `${axis}: ${mean} ± ${sd}, drawn ${drawn}`,
    /** @param {number} position @param {string} character @param {string} value */
    windowNumbers: (position, character, value) => `largest at u = ${position}, ${character}: ${value}`,
    sigmaTitle: "How large a cloud is",
    sigmaWords: "More bias b: smaller clouds, steadier strokes. More temperature τ: larger ones.",
    piTitle: "How much a cloud counts",
    piWords: "Bias favours the clouds that count most; temperature gives the others a chance.",
    drawnTitle: "Where the pen goes",
    drawnWords: "Chance picks a cloud, as often as it counts, and a point in it. That point is the next input.",
    liftTitle: "Whether the pen lifts",
    liftWords: "Chance lifts the pen as often as e says.",
    windowTitle: "Which letter is in view",
    windowWords: "A window that slides over the text, and never back: each letter u is in view as far as φ says.",
    stopTitle: "Whether the line is done",
    stopWords: "Learned in addition: the chance that nothing follows this point.",
  },
  /** Of the hands of the site's network, by the names that links have. */
  handNames: {
    Upright: "Upright",
    Plain: "Plain",
    Open: "Open",
    Round: "Round",
    Airy: "Airy",
    Small: "Small",
    Slanted: "Slanted",
    Joined: "Joined",
    Rising: "Rising",
    Lively: "Lively",
    Swift: "Swift",
    Even: "Even",
    Tall: "Tall",
    Flowing: "Flowing",
  },
  tour: {
    open: "Take the tour",
    back: "Back",
    next: "Next",
    done: "Done",
    end: "End the tour",
    /** @param {number} step @param {number} steps */
    step: (step, steps) => `${step} of ${steps}:`,
    windowTitle: "The window on the text",
    window:
      "The network sees the text through a soft window. The shaded letters are in view now. The window moves on by itself as they are written, and never back.",
    mixtureTitle: "A mixture of guesses",
    mixture:
      "It doesn’t name one point. It spreads a mixture of clouds over the places where the pen may go next: the darker, the likelier. More neatness makes the clouds smaller.",
    penTitle: "Pen up or pen down",
    pen:
      "It also says how likely it is that the stroke ends here. The curve shows that over time: its peaks are where strokes end.",
    stateTitle: "The states it remembers by",
    state:
      "From point to point only its states remain: a few hundred numbers in each layer, which every point rewrites. What you see here is read from them: the letter it is on, the hand it writes in, the stroke it has begun.",
    choiceTitle: "The choice",
    choice:
      "Only now comes chance. It picks a cloud and a point in it, ○, and that point is the next thing the network sees. The seed fixes the dice, so the same seed writes the same thing again.",
  },
  biases: {
    title: "Compare two levels of neatness",
    hint: "The same words with the same seed: the dice fall alike, and only the neatness differs.",
    first: "Neatness A",
    second: "Neatness B",
    /** @param {string} text @param {string} bias */
    picture: (text, bias) => `“${text}”, neatness ${bias}`,
  },
  /** What cannot be of the paper and its lines, by the codes of `Error::Layout` in src/document/paper.rs; in millimetres. */
  layout: {
    /** @param {Record<string, string>} values */
    paperSize: ({ width, height, least, most }) => `${width} × ${height} mm isn’t possible: sides must be between ${least} and ${most} mm`,
    /** @param {Record<string, string>} values */
    range: ({ value, least, most }) => `${value} mm isn’t between ${least} and ${most}`,
    /** @param {Record<string, string>} values */
    roomAcross: ({ margin, other, side, most }) =>
      `${margin} mm on the left and ${other} mm on the right leave no room on paper ${side} mm wide: use at most ${most} mm on the left, or larger paper`,
    /** @param {Record<string, string>} values */
    roomDown: ({ margin, other, side, most }) =>
      `${margin} mm at the top and ${other} mm at the bottom leave no room on paper ${side} mm high: use at most ${most} mm at the top, or larger paper`,
    /** @param {Record<string, string>} values */
    linesOverlap: ({ pitch, size }) =>
      `at ${pitch} mm the lines would overlap: use at least ${size} mm, or smaller letters`,
    /** @param {Record<string, string>} values */
    noWordFits: ({ size, pitch, width, height, most, widest }) =>
      `with an x ${size} mm high and lines ${pitch} mm apart, no word fits between the margins of this paper, ${width} × ${height} mm: use at most ${most} mm (lines ${widest} mm apart), or smaller margins`,
    /** @param {Record<string, string>} values */
    noLineFits: ({ pitch, height }) =>
      `${pitch} mm is more than the ${height} mm between the margins of this paper: use less, or smaller margins`,
  },
  /** By the codes of `CodedError`. */
  errors: MESSAGES,
  /** What the engine says of the GPU, by the codes of `readNotice`. */
  notices: NOTICES,
};

export default words;
