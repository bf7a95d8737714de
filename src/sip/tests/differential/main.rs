//! What our parser says of a message beside what `rsip` 0.4 and `rsipstack` 0.7.14 say.
//!
//! Over the messages of RFC 4475, ordinary messages and seeded mutations of both, the start line,
//! Call-ID, CSeq, tags, the top branch and the body's length are compared. Every difference must
//! be explained by a rule that says who is right and where it is written; one that is not fails.

mod corpus;
mod readings;
mod rules;

use std::collections::BTreeMap;

use corpus::messages;
use readings::{Field, Reading, ours, rsip, rsipstack};
use rules::explain;

/// Mutations compared.
const MUTATIONS: usize = 5_000;

#[test]
#[allow(
    clippy::print_stdout,
    reason = "a summary for people, with --no-capture"
)]
fn every_difference_is_explained() {
    let mut counted: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut unexplained = Vec::new();
    let all = messages(MUTATIONS);
    for (name, bytes) in &all {
        let us = ours(bytes);
        for (them, reading) in [("rsip", rsip(bytes)), ("rsipstack", rsipstack(bytes))] {
            for field in us.differences(&reading) {
                match explain(them, bytes, field, &us, &reading) {
                    Some(rule) => *counted.entry((them, rule.name)).or_default() += 1,
                    None => unexplained.push(describe(name, them, field, &us, &reading, bytes)),
                }
            }
        }
    }
    println!("{} messages", all.len());
    for ((them, rule), count) in &counted {
        println!("{them:<10} {rule:<28} {count:>6}  {}", rules::why(rule));
    }
    assert!(
        unexplained.is_empty(),
        "{} unexplained, the first:\n{}",
        unexplained.len(),
        unexplained[..unexplained.len().min(6)].join("\n")
    );
    for rule in rules::RULES {
        let used = counted.keys().any(|(_, name)| *name == rule.name);
        assert!(used, "{} explains nothing any more: remove it", rule.name);
    }
}

fn describe(
    name: &str,
    them: &str,
    field: Field,
    us: &Reading,
    theirs: &Reading,
    bytes: &[u8],
) -> String {
    format!(
        "{name}, {them}, {field:?}: ours {:?}, theirs {:?}\n{}\n",
        us.get(field),
        theirs.get(field),
        bytes.escape_ascii()
    )
}
