//! The page around the plots.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The values behind a figure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataTable {
    /// Names of the columns.
    pub heads: Vec<String>,
    /// The rows; figures to the right of a first column of names.
    pub rows: Vec<Vec<String>>,
}

impl DataTable {
    /// A table with these columns.
    #[must_use]
    pub fn new(heads: &[&str]) -> Self {
        Self {
            heads: heads.iter().map(|head| (*head).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// The table.
    #[must_use]
    pub fn render(&self) -> Markup {
        html! {
            div.scroll tabindex="0" {
                table {
                    thead { tr { @for head in &self.heads { th scope="col" { (head) } } } }
                    tbody {
                        @for row in &self.rows {
                            tr {
                                @for (k, cell) in row.iter().enumerate() {
                                    @if k == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A figure: title, what is to be seen, the drawing, the values.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Its title.
    pub title: String,
    /// What is to be seen in it, in a sentence or two.
    pub caption: String,
    /// The drawing.
    pub body: Markup,
    /// The values behind it, folded away; none where the drawing shows them all.
    pub data: Option<DataTable>,
    /// Across the whole page.
    pub wide: bool,
}

impl Figure {
    fn render(&self, id: &str) -> Markup {
        html! {
            figure.wide[self.wide] role="group" aria-labelledby=(id) {
                figcaption {
                    h3 id=(id) { (self.title) }
                    p { (self.caption) }
                }
                (self.body)
                @if let Some(data) = &self.data {
                    details { summary { "Values" } (data.render()) }
                }
            }
        }
    }
}

/// A figure in large type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tile {
    /// What it is.
    pub name: String,
    /// The figure.
    pub value: String,
    /// Its interval, or what it is to be compared with.
    pub note: String,
    /// A limit was missed: said by a sign too.
    pub bad: bool,
}

/// Figures under a heading.
#[derive(Clone, Debug)]
pub struct Section {
    /// The heading; none for the first.
    pub title: String,
    /// A sentence under it, where one is needed.
    pub lead: String,
    /// The figures.
    pub figures: Vec<Figure>,
}

/// A report.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What kind of report, above the title.
    pub kind: String,
    /// The title.
    pub title: String,
    /// What it is of: names and values.
    pub facts: Vec<(String, String)>,
    /// The line that makes it again.
    pub command: String,
    /// The version of the program.
    pub version: String,
    /// Figures in large type.
    pub tiles: Vec<Tile>,
    /// The figures.
    pub sections: Vec<Section>,
    /// How to read it, at its end: a paragraph each.
    pub notes: Vec<String>,
}

impl Page {
    /// The whole file.
    #[must_use]
    pub fn render(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="generator" content={ "carillon " (self.version) };
                    // Nothing is fetched, and nothing can be: not even an icon.
                    meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                    link rel="icon" href="data:,";
                    title { (self.title) " – " (self.kind) }
                    style { (PreEscaped(include_str!("style.css"))) }
                }
                body {
                    main {
                        (self.header())
                        @for (k, section) in self.sections.iter().enumerate() { (section.render(k)) }
                        @if !self.notes.is_empty() {
                            section.notes {
                                h2 { "How to read this" }
                                @for note in &self.notes { p { (note) } }
                            }
                        }
                        footer { "carillon " (self.version) }
                    }
                }
            }
        };
        page.into_string()
    }

    fn header(&self) -> Markup {
        html! {
            header {
                p.kind { (self.kind) }
                h1 { (self.title) }
                dl.facts {
                    @for (name, value) in &self.facts { div { dt { (name) } dd { (value) } } }
                }
                @if !self.tiles.is_empty() {
                    ul.tiles {
                        @for tile in &self.tiles {
                            li.bad[tile.bad] {
                                span.name { (tile.name) }
                                strong { @if tile.bad { "▲ " } (tile.value) }
                                span.note { (tile.note) }
                            }
                        }
                    }
                }
                @if !self.command.is_empty() {
                    p.again { span { "Made by" } code { @for word in self.command.split(' ') { span.word { (word) } " " } } }
                }
            }
        }
    }
}

impl Section {
    fn render(&self, number: usize) -> Markup {
        html! {
            section {
                @if !self.title.is_empty() { h2 { (self.title) } }
                @if !self.lead.is_empty() { p.lead { (self.lead) } }
                div.figures {
                    @for (k, figure) in self.figures.iter().enumerate() {
                        (figure.render(&format!("figure-{number}-{k}")))
                    }
                }
            }
        }
    }
}
