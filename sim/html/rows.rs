//! Rows of values with their intervals: a dot plot.

use super::marks::outline;
use super::plot::{Axis, Tone, percent};
use maud::{Markup, html};

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it is of.
    pub name: String,
    /// Its colour and shape.
    pub tone: Tone,
    /// The value.
    pub value: f64,
    /// Half the 95 % interval; 0 when none is known.
    pub half_width: f64,
}

/// Rows over one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// The axis.
    pub axis: Axis,
    /// The rows, from above.
    pub rows: Vec<Row>,
    /// A limit or a zero that the rows are judged by, with its name.
    pub border: Option<(f64, String)>,
}

impl Rows {
    /// The drawing. `told` says in a sentence what is to be seen, for those who do not see it.
    #[must_use]
    pub fn render(&self, told: &str) -> Markup {
        let (scale, unit) = (self.axis.scale, self.axis.unit);
        let ticks = self.axis.written();
        let border = self.border.as_ref();
        html! {
            div.rows role="img" aria-label=(told) {
                @if let Some((at, name)) = border {
                    div.row.top { span {} div.field { svg.frame {
                        @let place = scale.place(*at);
                        @let anchor = if place > 0.75 { "end" } else if place < 0.25 { "start" } else { "middle" };
                        text.limit.zero[*at == 0.0] x=(percent(place)) y="100%" dy="-3" text-anchor=(anchor) { (name) }
                    } } span {} }
                }
                @for row in &self.rows {
                    div.row {
                        span.name { (row.name) }
                        div.field {
                            svg.frame {
                                @for (place, _) in &ticks { line.grid x1=(percent(*place)) x2=(percent(*place)) y1="0" y2="100%" {} }
                                @if let Some((at, _)) = border {
                                    line.rule.zero[*at == 0.0] x1=(percent(scale.place(*at))) x2=(percent(scale.place(*at))) y1="0" y2="100%" {}
                                }
                                @if row.half_width > 0.0 {
                                    line class={ "mark interval " (row.tone.class()) } y1="50%" y2="50%"
                                        x1=(percent(scale.place(row.value - row.half_width)))
                                        x2=(percent(scale.place(row.value + row.half_width))) {}
                                }
                                svg.anchor x=(percent(scale.place(row.value))) y="50%" {
                                    path class={ "mark shape " (row.tone.class()) } d=(outline(row.tone)) {}
                                }
                            }
                        }
                        span.value {
                            @if row.half_width > 0.0 { (unit.with_error(row.value, row.half_width)) }
                            @else { (unit.value(row.value)) }
                        }
                    }
                }
                div.row.foot {
                    span {}
                    div.field { svg.frame {
                        g.grid {
                            @for (k, (place, text)) in ticks.iter().enumerate() {
                                text.odd[k % 2 == 1 && ticks.len() > 4] x=(percent(*place)) y="0" dy="14" text-anchor="middle" { (text) }
                            }
                        }
                    } div.across { (self.axis.label) } }
                    span {}
                }
            }
        }
    }
}
