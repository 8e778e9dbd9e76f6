//! The tables as they stand in ARCHITECTURE.md.

use std::fmt::Write as _;
use std::path::Path;

use thiserror::Error;

use super::cases::{Adapter, Duty};
use super::verdict::{Matrix, seconds};

/// Where the tables begin and end.
const BEGIN: &str = "<!-- matrix: `make matrix` writes this -->";
const END: &str = "<!-- matrix: end -->";

/// A page that cannot be written.
#[derive(Debug, Error)]
pub enum PageError {
    /// The system refuses it.
    #[error(transparent)]
    System(#[from] std::io::Error),
    /// There is no place for the tables.
    #[error("the page has no lines \"{BEGIN}\" and \"{END}\"")]
    NoPlace,
}

/// Writes the tables of `matrix`, and `note` below them, into the page at `path`.
///
/// # Errors
/// [`PageError`].
pub fn put_into(path: &Path, matrix: &Matrix, note: &str) -> Result<(), PageError> {
    let page = std::fs::read_to_string(path)?;
    let place =
        page.split_once(BEGIN).and_then(|(head, rest)| Some((head, rest.split_once(END)?.1)));
    let (head, tail) = place.ok_or(PageError::NoPlace)?;
    let tables = matrix.tables();
    std::fs::write(path, format!("{head}{BEGIN}\n\n{tables}{note}\n\n{END}{tail}"))?;
    Ok(())
}

impl Matrix {
    /// One table for each duty: a row for each fault, a column for each adapter.
    pub(super) fn tables(&self) -> String {
        let mut page = String::new();
        for duty in Duty::ALL {
            let adapters: Vec<Adapter> = Adapter::ALL
                .into_iter()
                .filter(|adapter| adapter.duty == duty && self.normal(*adapter).is_some())
                .collect();
            if adapters.is_empty() {
                continue;
            }
            let mut line = |cells: Vec<String>| {
                writeln!(page, "| {} |", cells.join(" | ")).expect("a string takes all");
            };
            let row = |first: &str, cell: &dyn Fn(&Adapter) -> String| {
                std::iter::once(first.to_owned()).chain(adapters.iter().map(cell)).collect()
            };
            line(row(duty.heading(), &|adapter| adapter.name.to_owned()));
            line(row("---", &|_| "---".to_owned()));
            let normal =
                |adapter: &Adapter| self.normal(*adapter).map_or_else(String::new, seconds);
            line(row("no fault: reply after", &normal));
            for fault in duty.rows() {
                let cells = row(fault.name, &|adapter| {
                    self.cell(*adapter, &fault).map_or_else(|| "–".to_owned(), ToString::to_string)
                });
                line(cells);
            }
            page.push('\n');
        }
        page
    }
}
