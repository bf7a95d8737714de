//! Heat maps: a table whose cells are coloured, so that every value is read as well as seen.

use super::scale::{Scale, Unit};
use maud::{Markup, html};

/// A cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeatCell {
    /// Its value; none where nothing was measured.
    pub value: Option<f64>,
    /// Set apart by a frame and a sign: a limit that did not hold.
    pub marked: bool,
}

/// Values over two axes.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// Name of the axis across.
    pub across: String,
    /// Its values.
    pub columns: Vec<String>,
    /// Name of the axis down.
    pub down: String,
    /// Its values.
    pub rows: Vec<String>,
    /// The cells, row by row.
    pub cells: Vec<Vec<HeatCell>>,
    /// What a cell holds.
    pub unit: Unit,
    /// From the palest to the darkest.
    pub scale: Scale,
}

impl HeatMap {
    /// The scale over all these cells, for several maps that are compared.
    #[must_use]
    pub fn scale_of<'a>(cells: impl IntoIterator<Item = &'a Vec<HeatCell>>) -> Scale {
        let values: Vec<f64> = cells
            .into_iter()
            .flatten()
            .filter_map(|cell| cell.value)
            .filter(|value| value.is_finite())
            .collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Scale::new(low, high)
    }

    /// The map. `told` says in a sentence what is to be seen.
    #[must_use]
    pub fn render(&self, told: &str) -> Markup {
        html! {
            div.heat {
                table aria-label=(told) {
                    thead {
                        tr { th.corner rowspan="2" scope="col" { (self.down) } th.axis colspan=(self.columns.len()) scope="colgroup" { (self.across) } }
                        tr { @for column in &self.columns { th scope="col" { (column) } } }
                    }
                    tbody {
                        @for (name, cells) in self.rows.iter().zip(&self.cells) {
                            tr {
                                th scope="row" { (name) }
                                @for cell in cells { (self.cell(*cell)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn cell(&self, cell: HeatCell) -> Markup {
        let Some(value) = cell.value else {
            return html! { td.none { "–" } };
        };
        let place = self.scale.place(value);
        html! {
            td.marked[cell.marked].deep[place > 0.68] style=(format!("--heat:{:.0}%", 8.0 + 92.0 * place)) {
                (self.unit.tick(value, self.scale.step(100, self.unit)))
                @if cell.marked { span.sign title="the limit did not hold on every day" { "▲" } }
            }
        }
    }
}
