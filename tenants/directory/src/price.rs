//! What a service costs.

use types::{Currency, Money, Price};

use crate::mistake::quoted;
use crate::table::{Node, Table};

/// The price in a service's `table`: exact, from, between two, or left out because it depends.
pub(crate) fn read_price(table: &Table<'_>, currency: Currency) -> Price {
    let (exact, from, to) = (table.find("price"), table.find("price_from"), table.find("price_to"));
    let amounts =
        [exact, from, to].map(|node| node.and_then(|node| Some((node, amount(&node, currency)?))));
    if let (Some(exact), true) = (exact, from.is_some() || to.is_some()) {
        let hint = "write either price, or price_from and price_to";
        exact.mistake("stands beside price_from or price_to", hint);
        return Price::Depends;
    }
    if let (Some(to), None) = (to, from) {
        to.unmatched("has no price_from beside it", "write price_from = …, or price = …");
        return Price::Depends;
    }
    match amounts {
        [Some((_, exact)), _, _] => Price::Exact(exact),
        [None, Some((_, from)), Some((node, to))] => {
            if to.minor < from.minor {
                node.mistake(format!("is {to}, below price_from, {from}"), "the lower comes first");
            }
            if from == to { Price::Exact(from) } else { Price::Range(from, to) }
        }
        [None, Some((_, from)), None] => Price::From(from),
        [None, None, _] => Price::Depends,
    }
}

fn amount(node: &Node<'_>, currency: Currency) -> Option<Money> {
    let text = node.text()?;
    match Money::parse(text, currency) {
        Ok(money) => Some(money),
        Err(error) => {
            let hint = match Money::parse(&mended(text), currency) {
                Ok(_) => format!("write \"{}\"", mended(text)),
                Err(_) => String::new(),
            };
            node.mistake(format!("{} {error}", quoted(text)), hint);
            None
        }
    }
}

/// What people write instead: `$4.50`, `4,50 €`, `1,100.00`. For hints only.
fn mended(text: &str) -> String {
    let bare = text.trim().trim_matches(|c: char| !c.is_ascii_digit() && c != '-').to_owned();
    match bare.rsplit_once(',') {
        Some((_, cents)) if bare.contains('.') || cents.len() == 3 => bare.replace(',', ""),
        Some((whole, cents)) if !whole.contains(',') => format!("{whole}.{cents}"),
        Some(_) | None => bare,
    }
}

#[cfg(test)]
mod tests {
    use super::mended;

    #[test]
    fn a_hint_never_changes_the_amount() {
        for (text, amount) in [
            ("$4.50", "4.50"),
            ("4,50 €", "4.50"),
            ("1,100.00", "1100.00"),
            ("1,100", "1100"),
            ("GBP 30", "30"),
            ("-4", "-4"),
            ("1,2,3", "1,2,3"),
            ("free", ""),
        ] {
            assert_eq!(mended(text), amount, "{text}");
        }
    }
}
