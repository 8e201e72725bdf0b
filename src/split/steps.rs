//! A split in several steps, each of which cuts the pieces of the one before: what a `Sequence` of pre-tokenizers is in
//! Hugging Face's tokenizers.

use std::ops::Range;

use serde_json::{Map, Value, json};

use super::automaton::{self, Automaton, Places};
use super::regex::{Found, RegexSplitter};
use super::{Pattern, Scratch, Splitter, in_batches};
use crate::error::{Error, Result};

/// What becomes of the matches of a step's pattern and of the gaps between them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Behavior {
    /// Each is a piece.
    Isolated,
    /// Each gap is a piece, and matches are left out.
    Removed,
    /// A match goes to the piece before it.
    MergedWithPrevious,
    /// A match goes to the piece behind it.
    MergedWithNext,
    /// Matches in a row are one piece.
    Contiguous,
}

impl Behavior {
    const ALL: [Behavior; 5] = [
        Behavior::Isolated,
        Behavior::Removed,
        Behavior::MergedWithPrevious,
        Behavior::MergedWithNext,
        Behavior::Contiguous,
    ];

    /// Its name in tokenizers' files.
    pub fn name(self) -> &'static str {
        match self {
            Behavior::Isolated => "Isolated",
            Behavior::Removed => "Removed",
            Behavior::MergedWithPrevious => "MergedWithPrevious",
            Behavior::MergedWithNext => "MergedWithNext",
            Behavior::Contiguous => "Contiguous",
        }
    }

    /// The behavior of a name.
    pub fn of_name(name: &str) -> Option<Behavior> {
        Behavior::ALL.into_iter().find(|behavior| behavior.name() == name)
    }
}

/// One step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The name of a pattern, or any regex.
    pub pattern: String,
    pub behavior: Behavior,
    /// Whether gaps are taken for matches, and matches for gaps.
    pub invert: bool,
}

impl Step {
    /// A step in which every match and every gap is a piece.
    pub fn isolated(pattern: impl Into<String>) -> Step {
        Step { pattern: pattern.into(), behavior: Behavior::Isolated, invert: false }
    }
}

/// How a split in several steps begins where a pattern is given: as a list in JSON. No regex begins like this on purpose.
const BEGINNING: &str = "[{\"split\":";
const FIELDS: [&str; 3] = ["split", "behavior", "invert"];

/// The text of a split in steps.
pub(super) fn to_text(steps: &[Step]) -> String {
    let shown = steps.iter().map(|step| {
        let mut fields = vec![format!("\"split\":{}", json!(step.pattern))];
        if step.behavior != Behavior::Isolated {
            fields.push(format!("\"behavior\":\"{}\"", step.behavior.name()));
        }
        if step.invert {
            fields.push("\"invert\":true".to_owned());
        }
        format!("{{{}}}", fields.join(","))
    });
    format!("[{}]", shown.collect::<Vec<_>>().join(","))
}

/// The steps of a text, if it is a list of steps in JSON.
pub(super) fn of_text(text: &str) -> Option<Vec<Step>> {
    // A quick look, for this is asked of every pattern.
    if !text.trim_start().starts_with('[') {
        return None;
    }
    let steps: Vec<Map<String, Value>> = serde_json::from_str(text).ok()?;
    let step = |step: Map<String, Value>| {
        if !step.keys().all(|field| FIELDS.contains(&field.as_str())) {
            return None;
        }
        let behavior =
            step.get("behavior").map_or(Some(Behavior::Isolated), |name| Behavior::of_name(name.as_str()?))?;
        let invert = step.get("invert").map_or(Some(false), Value::as_bool)?;
        Some(Step { pattern: step.get("split")?.as_str()?.to_owned(), behavior, invert })
    };
    let steps: Option<Vec<Step>> = steps.into_iter().map(step).collect();
    steps.filter(|steps| !steps.is_empty())
}

/// Whether a text is meant as steps, although it may have mistakes: JSON with strings or objects. As a regex it would be a class of
/// characters.
pub(super) fn are_meant(text: &str) -> bool {
    match serde_json::from_str(text) {
        Ok(Value::Object(_)) => true,
        // [1] is a class of one character.
        Ok(Value::Array(steps)) => steps.iter().any(|step| step.is_string() || step.is_object()),
        Ok(_) => false,
        Err(_) => text.split_whitespace().collect::<String>().starts_with(BEGINNING),
    }
}

/// Cuts text in steps.
#[derive(Clone)]
pub(super) struct StepSplitter(Vec<(Step, Cutter)>);

#[derive(Clone)]
enum Cutter {
    /// By a scanner, for a pattern without gaps: a scanner does not tell gaps from matches. The automaton knows where a text may
    /// be cut.
    Scanner(Splitter, Automaton),
    Automaton(Automaton),
    Regex(RegexSplitter),
}

impl StepSplitter {
    pub(super) fn new(steps: &[Step]) -> Result<StepSplitter> {
        let cutter = |step: &Step| {
            let splitter = Splitter::of(Pattern::of_step(&step.pattern))?;
            let regex = splitter.pattern.regex();
            let cutter = match Automaton::new(regex) {
                Ok(automaton) if splitter.is_scanned() && automaton.takes_all() => Cutter::Scanner(splitter, automaton),
                Ok(automaton) => Cutter::Automaton(automaton),
                Err(_) => Cutter::Regex(RegexSplitter::new(regex)?),
            };
            Ok((step.clone(), cutter))
        };
        Ok(StepSplitter(steps.iter().map(cutter).collect::<Result<_>>()?))
    }

    /// Whether any text is split in time proportional to its length.
    pub(super) fn is_linear(&self) -> bool {
        !self.0.iter().any(|(_, cutter)| matches!(cutter, Cutter::Regex(_)))
    }

    /// Whether text may be left out.
    pub(super) fn removes(&self) -> bool {
        self.removing().is_some()
    }

    fn removing(&self) -> Option<&Step> {
        self.0.iter().map(|(step, _)| step).find(|step| step.behavior == Behavior::Removed)
    }

    /// As [`Splitter::safe_cut`].
    pub(super) fn safe_cut(&self, text: &[u8], from: usize) -> Option<usize> {
        if !self.only_isolates() {
            return None;
        }
        let places: Option<Vec<Places<'_>>> = self.0.iter().map(|(_, cutter)| cutter.places()).collect();
        automaton::find_cut(text, from, &places?)
    }

    /// Whether there are such places.
    pub(super) fn knows_cuts(&self) -> bool {
        self.only_isolates()
            && self.0.iter().all(|(_, cutter)| cutter.places().is_some())
            && self.0.iter().any(|(_, cutter)| cutter.places().is_some_and(|places| places.has_cuts()))
    }

    /// Calls `each` with every piece that is not left out.
    pub(super) fn kept(&self, text: &str, mut each: impl FnMut(Range<usize>) -> Result<()>) -> Result<()> {
        cut(&mut self.stages(), text, 0, &mut each)
    }

    fn stages(&self) -> Vec<Stage<'_>> {
        self.0.iter().map(|(step, cutter)| Stage::new(step, cutter)).collect()
    }

    /// Whether every match and every gap of every step is a piece.
    fn only_isolates(&self) -> bool {
        self.0.iter().all(|(step, _)| step.behavior == Behavior::Isolated)
    }

    /// Calls `each` with the ends of all pieces, some hundreds at a time.
    ///
    /// # Errors
    /// [`Error::Split`] if text would be left out, for pieces lie side by side.
    pub(super) fn batches(&self, text: &str, mut each: impl FnMut(&[usize]) -> Result<()>) -> Result<()> {
        if text.is_empty() {
            // No piece is empty.
            Ok(())
        } else if self.only_isolates() {
            refine(&mut self.stages(), text, 0, &[text.len()], &mut each)
        } else {
            in_batches(each, |push| self.ends(text, |end| push(Some(end))))
        }
    }

    /// Calls `each` with the end of every piece.
    fn ends(&self, text: &str, mut each: impl FnMut(usize) -> Result<()>) -> Result<()> {
        let mut done = 0;
        let pattern = || self.removing().map(|step| step.pattern.clone()).unwrap_or_default();
        let fail = |offset| {
            let message = "it removes what it matches there, which is only possible in encoding".to_owned();
            Err(Error::Split { pattern: pattern(), offset, message })
        };
        self.kept(text, |piece| {
            if piece.start > done {
                return fail(done);
            }
            done = piece.end;
            each(done)
        })?;
        if done < text.len() { fail(done) } else { Ok(()) }
    }
}

impl Cutter {
    fn places(&self) -> Option<Places<'_>> {
        match self {
            Cutter::Scanner(_, automaton) | Cutter::Automaton(automaton) => automaton.places(),
            Cutter::Regex(_) => None,
        }
    }
}

/// Pieces that are shorter in the mean are split by the automaton, for a scanner takes 30 ns to start. A megabyte of `12a ` takes the
/// steps of MiniCPM 5 31 ms with 0, and 9 ms with 16.
const SHORT: usize = 16;
/// Pieces that go to the next step together, at least.
const MANY: usize = 1024;

/// A step at work, with working memory for one piece after the other.
struct Stage<'s> {
    step: &'s Step,
    work: Work<'s>,
    /// Ends on their way to the next step.
    ends: Vec<usize>,
}

enum Work<'s> {
    Scanner(&'s Splitter, Box<Scratch>, automaton::WorkerGuard<'s>),
    Automaton(automaton::WorkerGuard<'s>),
    Regex(&'s RegexSplitter),
}

impl Stage<'_> {
    fn new<'s>(step: &'s Step, cutter: &'s Cutter) -> Stage<'s> {
        let work = match cutter {
            Cutter::Scanner(splitter, automaton) => Work::Scanner(splitter, Box::default(), automaton.worker()),
            Cutter::Automaton(automaton) => Work::Automaton(automaton.worker()),
            Cutter::Regex(regex) => Work::Regex(regex),
        };
        Stage { step, work, ends: Vec::new() }
    }

    /// Calls `each` with the ends of what pieces fall into, some at a time.
    fn refine(
        &mut self,
        text: &str,
        start: usize,
        ends: &[usize],
        mut each: impl FnMut(&[usize]) -> Result<()>,
    ) -> Result<()> {
        let length = ends.last().map_or(0, |end| end - start);
        match &mut self.work {
            Work::Automaton(worker) => return worker.refine(text.as_bytes(), start, ends, &mut each),
            Work::Scanner(_, _, worker) if length < SHORT * ends.len() => {
                return worker.refine(text.as_bytes(), start, ends, &mut each);
            }
            Work::Scanner(..) | Work::Regex(_) => {}
        }
        let mut at = start;
        for &end in ends {
            // One byte is one piece.
            let piece = &text[at..end];
            if piece.len() == 1 {
                each(&[end])?;
            } else {
                // An error of the next step names its place in the text already.
                let (mut done, mut of_next) = (0, None);
                let push = |found| {
                    let found = match found {
                        Found::End { end, .. } if end == done => return Ok(()),
                        Found::End { end, .. } => {
                            done = end;
                            each(&[at + end])
                        }
                        Found::Pulse => each(&[]),
                    };
                    found.map_err(|error| {
                        of_next = Some(error);
                        Error::Interrupted
                    })
                };
                let result = self.segments(piece, push);
                result.map_err(|error| of_next.unwrap_or_else(|| moved(error, at)))?;
            }
            at = end;
        }
        Ok(())
    }

    /// Calls `each` with the end of every match and of every gap, and which of the two it is.
    fn segments(&mut self, text: &str, mut each: impl FnMut(Found) -> Result<()>) -> Result<()> {
        let mut push = |end, is_match| each(Found::End { end, is_match });
        match &mut self.work {
            Work::Scanner(splitter, scratch, _) => {
                splitter.batches_in(scratch, text.as_bytes(), |ends| ends.iter().try_for_each(|&end| push(end, true)))
            }
            Work::Automaton(worker) => worker.segments(text.as_bytes(), &mut push),
            Work::Regex(regex) => regex.segments(text, each),
        }
    }
}

/// Calls `each` with the ends of what pieces fall into, some hundreds at a time, if every match and every gap is a piece. The first
/// starts at `start`, and each ends at one of `ends`.
fn refine(
    stages: &mut [Stage<'_>],
    text: &str,
    start: usize,
    ends: &[usize],
    each: &mut dyn FnMut(&[usize]) -> Result<()>,
) -> Result<()> {
    let Some((stage, rest)) = stages.split_first_mut() else { return each(ends) };
    let mut found = std::mem::take(&mut stage.ends);
    found.clear();
    let mut done = start;
    stage.refine(text, start, ends, |ends| {
        if ends.is_empty() {
            return each(ends);
        }
        found.extend_from_slice(ends);
        if let Some(&last) = found.last()
            && found.len() >= MANY
        {
            refine(rest, text, done, &found, each)?;
            done = last;
            found.clear();
        }
        Ok(())
    })?;
    if !found.is_empty() {
        refine(rest, text, done, &found, each)?;
    }
    stage.ends = found;
    Ok(())
}

/// Calls `each` with the pieces that are left of a text.
fn cut(
    stages: &mut [Stage<'_>],
    text: &str,
    offset: usize,
    each: &mut dyn FnMut(Range<usize>) -> Result<()>,
) -> Result<()> {
    let Some((stage, rest)) = stages.split_first_mut() else {
        return if text.is_empty() { Ok(()) } else { each(offset..offset + text.len()) };
    };
    for piece in stage.pieces(text).map_err(|error| moved(error, offset))? {
        cut(rest, &text[piece.clone()], offset + piece.start, each)?;
    }
    Ok(())
}

/// The place that an error names, in the whole text.
fn moved(error: Error, by: usize) -> Error {
    match error {
        Error::Split { pattern, offset, message } => Error::Split { pattern, offset: offset + by, message },
        other => other,
    }
}

impl Stage<'_> {
    fn pieces(&mut self, text: &str) -> Result<Vec<Range<usize>>> {
        let step = self.step;
        // The end of every match and of every gap, and which of the two it is.
        let mut segments = Vec::new();
        self.segments(text, |found| {
            if let Found::End { end, is_match } = found {
                segments.push((end, is_match != step.invert));
            }
            Ok(())
        })?;
        let ends = joined(&segments, step.behavior);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let mut pieces: Vec<Range<usize>> = starts.zip(&ends).map(|(start, &end)| start..end).collect();
        if step.behavior == Behavior::Removed {
            let mut segments = segments.iter();
            pieces.retain(|_| segments.next().is_some_and(|(_, is_match)| !is_match));
        }
        Ok(pieces)
    }
}

/// The ends of the pieces that matches and gaps make. Empty matches divide, too.
fn joined(segments: &[(usize, bool)], behavior: Behavior) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::with_capacity(segments.len());
    for (number, &(end, is_match)) in segments.iter().enumerate() {
        let before = number > 0 && segments[number - 1].1;
        let goes_to_previous = match behavior {
            Behavior::Isolated | Behavior::Removed => false,
            Behavior::Contiguous => number > 0 && is_match == before,
            Behavior::MergedWithPrevious => number > 0 && is_match && !before,
            // The mirror image, seen from the piece behind the match.
            Behavior::MergedWithNext => before && !is_match,
        };
        match ends.last_mut() {
            Some(last) if goes_to_previous => *last = end,
            _ => ends.push(end),
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(steps: &[Step], text: &str) -> Vec<String> {
        let splitter = Splitter::new(&to_text(steps)).unwrap();
        let mut pieces = Vec::new();
        let push = |piece: &[u8]| {
            pieces.push(String::from_utf8_lossy(piece).into_owned());
            Ok(())
        };
        splitter.split(text.as_bytes(), push).unwrap();
        pieces
    }

    fn step(pattern: &str, behavior: Behavior, invert: bool) -> Step {
        Step { pattern: pattern.to_owned(), behavior, invert }
    }

    /// The first of each is the example of tokenizers' documentation.
    #[test]
    fn the_empty_text_has_no_pieces() {
        for regex in [r"\p{N}", "(?=a)", "a|", r"\s+$", r"(a)\1", "gpt2"] {
            for behavior in Behavior::ALL {
                for steps in
                    [vec![step(regex, behavior, false)], vec![Step::isolated("b"), step(regex, behavior, true)]]
                {
                    let splitter = Splitter::new(&to_text(&steps)).unwrap();
                    let mut batches = 0;
                    let count = |_: &[usize]| {
                        batches += 1;
                        Ok(())
                    };
                    splitter.batches(b"", count).unwrap();
                    assert_eq!((batches, splitter.pieces(b"").unwrap()), (0, vec![]), "{steps:?}");
                }
            }
        }
    }

    #[test]
    fn behaviors() {
        let text = "the-final--countdown";
        for (behavior, expected, inverted) in [
            (Behavior::Isolated, "the|-|final|-|-|countdown", "the|-|final|--|countdown"),
            (Behavior::MergedWithPrevious, "the-|final-|-|countdown", "the-|final--|countdown"),
            (Behavior::MergedWithNext, "the|-final|-|-countdown", "the|-final|--countdown"),
            (Behavior::Contiguous, "the|-|final|--|countdown", "the|-|final|--|countdown"),
        ] {
            assert_eq!(pieces(&[step("-", behavior, false)], text).join("|"), expected, "{behavior:?}");
            assert_eq!(pieces(&[step("[^-]+", behavior, true)], text).join("|"), inverted, "{behavior:?}");
        }
    }

    #[test]
    fn each_step_cuts_the_pieces_of_the_one_before() {
        let steps = [Step::isolated(r"\p{N}{1,3}"), Step::isolated("gpt2")];
        // White space before a digit is at the end of its piece, and so is whole.
        assert_eq!(pieces(&steps, "a  12345 b'll"), ["a", "  ", "123", "45", " b", "'ll"]);
        assert_eq!(pieces(&steps, ""), [""; 0]);
    }

    #[test]
    fn what_is_removed_is_no_piece_and_an_error_where_pieces_lie_side_by_side() {
        let all = step(r"\w+|\s+", Behavior::Removed, true);
        assert_eq!(pieces(std::slice::from_ref(&all), "a b"), ["a", " ", "b"]);
        let splitter = Splitter::new(&to_text(&[Step::isolated("x"), all])).unwrap();
        let error = splitter.split(b"a x-b", |_| Ok(())).unwrap_err();
        assert!(matches!(error, Error::Split { offset: 3, .. }), "{error}");
        assert!(splitter.removes());
        assert_eq!(splitter.kept(b"a x-b--").unwrap(), (b"a xb".to_vec(), vec![1, 2, 3, 4]));
        assert_eq!(splitter.kept(b"-\xff\xffx").unwrap(), (b"x".to_vec(), vec![1]));
        assert_eq!(splitter.pieces(b"a x-b--").unwrap(), [0..1, 1..2, 2..3, 4..5]);
        assert_eq!(splitter.pieces(b"-\xff\xffx-y").unwrap(), [3..4, 5..6]);
        let digits = Splitter::new(&to_text(&[step("[0-9]", Behavior::Removed, false)])).unwrap();
        assert_eq!(digits.kept(b"1\xff2\xe4\xb8b3").unwrap(), (b"\xff\xe4\xb8b".to_vec(), vec![1, 4]));
    }

    /// By itself such a regex is a member of the scanners' family, for gaps are pieces; but as a step what is a gap matters.
    #[test]
    fn gaps_of_a_step_are_gaps_however_its_pieces_are_found() {
        let without_digits = r"[^\r\n\p{L}\p{N}]?\p{L}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
        assert!(Splitter::new(without_digits).unwrap().is_scanned());
        let removed = step(without_digits, Behavior::Removed, true);
        let splitter = Splitter::new(&to_text(&[removed])).unwrap();
        assert_eq!(splitter.kept(b"ab 12 cd345").unwrap(), (b"ab  cd".to_vec(), vec![2, 3, 6]));
        let next = step(without_digits, Behavior::MergedWithNext, true);
        assert_eq!(pieces(&[next], "ab12cd"), ["ab", "12cd"]);
        // Empty matches divide gaps.
        let divided = Step::isolated(format!("{without_digits}|"));
        assert_eq!(pieces(&[divided], "ab123"), ["ab", "1", "2", "3"]);
    }

    #[test]
    fn steps_are_written_and_read() {
        let steps = vec![step("\"\\d", Behavior::MergedWithNext, true), Step::isolated("cl100k")];
        assert_eq!(of_text(&to_text(&steps)), Some(steps));
        assert_eq!(of_text(" [ {\"invert\": false, \"split\" : \"a\"} ]"), Some(vec![Step::isolated("a")]));
        for text in [
            r#"[{"split": 1}]"#,
            r#"[{"split":"a","behavior":"x"}]"#,
            r#"[{"split":"a""#,
            r#"[ {"split" : "\d"}]"#,
            r#"[{"split":"a","x":1}]"#,
            r#"["a", "b"]"#,
            r#"{"split":"a"}"#,
        ] {
            assert_eq!((of_text(text), are_meant(text)), (None, true), "{text}");
            let error = Splitter::new(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains("not a list of steps"), "{text}: {error}");
        }
        for text in ["[a-z]", "[1]", "[1, 2]", "[]", "[{]", "[\"a-z]", "1"] {
            assert_eq!((of_text(text), are_meant(text)), (None, false), "{text}");
        }
    }
}
