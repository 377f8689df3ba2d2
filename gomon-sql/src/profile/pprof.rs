//! The profile as pprof reads it: `profile.proto` of <https://github.com/google/pprof>, of which the fields are here that are used.

use std::collections::HashMap;

use prost::Message;

use super::{SqlProfile, SqlProfileLine};

impl SqlProfile {
    /// As a pprof profile, uncompressed, which `go tool pprof`, speedscope and Pyroscope read: how often, how long in nanoseconds, and
    /// how many rows came back, of stacks that are the engine, the line that calls, and the statement.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let file = std::env::temp_dir().join("sql.pb");
    /// std::fs::write(file, gomon_sql::SqlProfile::read().pprof())?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn pprof(&self) -> Vec<u8> {
        let mut tables = Tables::default();
        tables.text(""); // the format wants it first
        let samples = self.lines.iter().map(|line| tables.sample(line));
        let samples = samples.collect();
        let sample_types = ["count", "time", "rows"].map(|kind| ValueType {
            kind: tables.text(kind),
            unit: tables.text(if kind == "time" {
                "nanoseconds"
            } else {
                "count"
            }),
        });
        let time = tables.text("time");
        let profile = Profile {
            sample_types: sample_types.into(),
            samples,
            locations: tables.locations,
            functions: tables.functions,
            texts: tables.texts,
            default_sample_type: time,
        };
        profile.encode_to_vec()
    }
}

/// What samples refer to.
#[derive(Default)]
struct Tables {
    texts: Vec<String>,
    text_places: HashMap<String, i64>,
    functions: Vec<Function>,
    locations: Vec<Location>,
    /// The location of a frame of that name, in that file and line.
    frames: HashMap<(i64, i64, i64), u64>,
}

impl Tables {
    fn text(&mut self, text: &str) -> i64 {
        if let Some(place) = self.text_places.get(text) {
            return *place;
        }
        let place = i64::try_from(self.texts.len()).unwrap_or(0);
        self.texts.push(text.to_owned());
        self.text_places.insert(text.to_owned(), place);
        place
    }

    fn sample(&mut self, line: &SqlProfileLine) -> Sample {
        let [system, caller, summary] = line.frames();
        let place = line
            .caller
            .as_deref()
            .and_then(|caller| caller.rsplit_once(':'));
        let (file, number) = place.unwrap_or_default();
        let number = number.parse().unwrap_or(0);
        let value = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let nanos = i64::try_from(line.total.as_nanos()).unwrap_or(i64::MAX);
        Sample {
            // The innermost first.
            locations: vec![
                self.frame(summary, file, number),
                self.frame(caller, file, number),
                self.frame(system, "", 0),
            ],
            values: vec![value(line.count), nanos, value(line.rows)],
        }
    }

    fn frame(&mut self, name: &str, file: &str, line: i64) -> u64 {
        let (name, file) = (self.text(name), self.text(file));
        if let Some(id) = self.frames.get(&(name, file, line)) {
            return *id;
        }
        // Ids begin at 1.
        let id = self.locations.len() as u64 + 1;
        self.functions.push(Function { id, name, file });
        self.locations.push(Location {
            id,
            lines: vec![Line { function: id, line }],
        });
        self.frames.insert((name, file, line), id);
        id
    }
}

#[derive(Message)]
struct Profile {
    #[prost(message, repeated, tag = "1")]
    sample_types: Vec<ValueType>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    locations: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    functions: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    texts: Vec<String>,
    #[prost(int64, tag = "14")]
    default_sample_type: i64,
}

#[derive(Message)]
struct ValueType {
    #[prost(int64, tag = "1")]
    kind: i64,
    #[prost(int64, tag = "2")]
    unit: i64,
}

#[derive(Message)]
struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    locations: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    values: Vec<i64>,
}

#[derive(Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(message, repeated, tag = "4")]
    lines: Vec<Line>,
}

#[derive(Message)]
struct Line {
    #[prost(uint64, tag = "1")]
    function: u64,
    #[prost(int64, tag = "2")]
    line: i64,
}

#[derive(Message)]
struct Function {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
    #[prost(int64, tag = "4")]
    file: i64,
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::Profile;
    use crate::profile::tests::profile;

    #[test]
    fn a_profile_can_be_read_again() {
        let read = Profile::decode(profile().pprof().as_slice()).unwrap();
        let text = |place: i64| read.texts[usize::try_from(place).unwrap()].as_str();
        let frames = |sample: usize| {
            let frames = read.samples[sample].locations.iter();
            let frames = frames.map(|id| {
                let location = read.locations.iter().find(|it| it.id == *id).unwrap();
                let line = &location.lines[0];
                let mut functions = read.functions.iter();
                let function = functions.find(|it| it.id == line.function).unwrap();
                (text(function.name), text(function.file), line.line)
            });
            frames.collect::<Vec<_>>()
        };
        assert_eq!(
            frames(0),
            [
                ("SELECT orders", "src/orders.rs", 12),
                ("src/orders.rs:12", "src/orders.rs", 12),
                ("sqlite", "", 0),
            ]
        );
        assert_eq!(frames(1)[1], ("unknown caller", "", 0));
        assert_eq!(read.samples[0].values, [2, 1_500_000, 7]);
        let types = read.sample_types.iter();
        let types: Vec<_> = types.map(|it| (text(it.kind), text(it.unit))).collect();
        let nanos = ("time", "nanoseconds");
        assert_eq!(types, [("count", "count"), nanos, ("rows", "count")]);
        assert_eq!(text(read.default_sample_type), "time");
        assert_eq!(text(0), "");
    }
}
