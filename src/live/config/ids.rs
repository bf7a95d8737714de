//! Names of trunks, agents and campaigns, and the ids the engine knows them by.

use super::node_read;
use super::section::Section;

/// Names and ids given out so far in one kind of table.
pub(super) struct Names {
    kind: &'static str,
    taken: Vec<(String, u32)>,
}

impl Names {
    pub(super) fn new(kind: &'static str) -> Self {
        Self {
            kind,
            taken: Vec::new(),
        }
    }

    /// Reads `name` (required) and `id`. Without an `id` it follows from the name alone, so
    /// that reordering or removing others changes nothing in records and ledgers.
    pub(super) fn read(&mut self, table: &Section<'_>, example: &str) -> (String, u32) {
        let name_item = table.required("name", example);
        let name = name_item.as_ref().and_then(node_read::name);
        let id = table.u32("id", 1..=u32::MAX);
        let Some(name) = name else {
            return (String::new(), 0);
        };
        let id = id.unwrap_or_else(|| id_of(&name));
        let fault = |problem: String, remedy: &str| {
            if let Some(item) = &name_item {
                item.fault(problem, remedy);
            }
        };
        let kind = self.kind;
        match self.taken.iter().find(|(other, taken)| *other == name || *taken == id) {
            Some((other, _)) if *other == name => {
                fault(format!("a second {kind} named \"{name}\""), "give each a name of its own");
            }
            Some((other, _)) => fault(
                format!("\"{name}\" gets the same id {id} as {kind} \"{other}\""),
                "write id = … with a number of your own in one of them",
            ),
            None => self.taken.push((name.clone(), id)),
        }
        (name, id)
    }
}

/// FNV-1a of the name, cut to 31 bits so that it stays positive in every database; never 0.
pub(super) fn id_of(name: &str) -> u32 {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (hash & 0x7fff_ffff).max(1)
}
