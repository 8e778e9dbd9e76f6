//! The facts of a business as ids, and the figures each of them holds.

use jiff::civil::Weekday;
use types::{E164, FactId, Facts, HoursException, OpenSpan, Price, Service};

use super::words::{figures, normalized};

/// A fact id in which `*` stands for one part: `service.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactPattern {
    text: String,
}

impl FactPattern {
    /// The pattern written as `text`.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// Whether `fact` is meant.
    pub fn matches(&self, fact: &FactId) -> bool {
        let fact = fact.to_string();
        let (wanted, found) = (self.text.split('.'), fact.split('.'));
        wanted.clone().count() == found.clone().count()
            && wanted.zip(found).all(|(wanted, found)| wanted == "*" || wanted == found)
    }

    /// The id of the service whose fact, or one of whose facts, is meant; `*` for any.
    pub fn service(&self) -> Option<&str> {
        let mut parts = self.text.split('.');
        (parts.next() == Some("service")).then(|| parts.next()).flatten()
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Every fact the business has told.
pub fn all_facts(facts: &Facts) -> Vec<FactId> {
    let contact = &facts.contact;
    let mut all = vec![FactId::Name];
    let told = [
        (contact.address.is_some(), FactId::Address),
        (contact.directions.is_some(), FactId::Directions),
        (contact.parking.is_some(), FactId::Parking),
        (contact.phone.is_some(), FactId::Phone),
        (contact.email.is_some(), FactId::Email),
        (contact.website.is_some(), FactId::Website),
        (facts.escalation.transfer_to.is_some(), FactId::Transfer),
        (facts.escalation.emergency.is_some(), FactId::Emergency),
    ];
    all.extend(told.into_iter().filter(|(is_told, _)| *is_told).map(|(_, fact)| fact));
    all.extend(WEEK.map(FactId::Hours));
    all.extend(facts.hours.exceptions.iter().map(|day| FactId::HoursException(day.from)));
    for service in &facts.services {
        all.push(FactId::Service(service.id));
        all.push(FactId::ServicePrice(service.id));
        all.push(FactId::ServiceDuration(service.id));
    }
    all.extend(facts.policies.iter().map(|policy| FactId::Policy(policy.id)));
    all.extend(facts.faqs.iter().map(|faq| FactId::Faq(faq.id)));
    all.extend((0..facts.staff.len()).map(|index| FactId::Staff(index as u16)));
    all
}

/// The figures that stand in `fact`, as [`figures`] would hear them.
pub fn figures_of(facts: &Facts, fact: &FactId) -> Vec<String> {
    let contact = &facts.contact;
    let written = |text: &Option<String>| text.as_deref().map(figures).unwrap_or_default();
    let keyed =
        |number: Option<E164>| number.map(|number| vec![number.digits()]).unwrap_or_default();
    let service = |id| facts.services.iter().find(|service: &&Service| service.id == id);
    match fact {
        FactId::Name => figures(&facts.name),
        FactId::Address => written(&contact.address),
        FactId::Directions => written(&contact.directions),
        FactId::Parking => written(&contact.parking),
        FactId::Email => written(&contact.email),
        FactId::Website => written(&contact.website),
        FactId::Phone => keyed(contact.phone),
        FactId::Transfer => keyed(facts.escalation.transfer_to),
        FactId::Emergency => written(&facts.escalation.emergency),
        FactId::Hours(day) => figures_of_spans(facts.hours.on_weekday(*day)),
        FactId::HoursException(date) => exception(facts, *date).map_or(Vec::new(), |exception| {
            let mut all = figures_of_spans(&exception.open);
            all.extend(figures(&exception.name));
            all.extend([exception.from.day().to_string(), exception.to.day().to_string()]);
            all
        }),
        FactId::Service(id) => service(*id).map_or(Vec::new(), |service| {
            let mut all = figures(&service.name);
            all.extend(service.aliases.iter().flat_map(|alias| figures(alias)));
            all.extend(written(&service.note));
            all
        }),
        FactId::ServicePrice(id) => {
            service(*id).map_or(Vec::new(), |service| figures_of_price(service.price))
        }
        FactId::ServiceDuration(id) => {
            service(*id).and_then(|service| service.duration_min).map_or(Vec::new(), |minutes| {
                vec![minutes.to_string(), (minutes / 60).to_string(), (minutes % 60).to_string()]
            })
        }
        FactId::Policy(id) => facts
            .policies
            .iter()
            .find(|policy| policy.id == *id)
            .map_or(Vec::new(), |policy| figures(&policy.text)),
        FactId::Faq(id) => facts
            .faqs
            .iter()
            .find(|faq| faq.id == *id)
            .map_or(Vec::new(), |faq| figures(&faq.answer)),
        FactId::Staff(index) => facts.staff.get(usize::from(*index)).map_or(Vec::new(), |person| {
            let mut all = figures(&person.name);
            all.extend(written(&person.role));
            all.extend(written(&person.note));
            all
        }),
    }
}

/// Figures in what the business's things are called: naming them tells no fact.
pub fn figures_in_names(facts: &Facts) -> Vec<String> {
    let services = facts.services.iter().map(|service| service.name.as_str());
    let staff = facts.staff.iter().map(|person| person.name.as_str());
    let days = facts.hours.exceptions.iter().map(|day| day.name.as_str());
    services.chain(staff).chain(days).flat_map(figures).collect()
}

/// Whether `fact` says that the business is closed.
pub fn says_closed(facts: &Facts, fact: &FactId) -> bool {
    match fact {
        FactId::Hours(day) => facts.hours.on_weekday(*day).is_empty(),
        FactId::HoursException(date) => {
            exception(facts, *date).is_some_and(|exception| exception.open.is_empty())
        }
        FactId::Name
        | FactId::Address
        | FactId::Directions
        | FactId::Parking
        | FactId::Phone
        | FactId::Email
        | FactId::Website
        | FactId::Service(_)
        | FactId::ServicePrice(_)
        | FactId::ServiceDuration(_)
        | FactId::Policy(_)
        | FactId::Faq(_)
        | FactId::Staff(_)
        | FactId::Transfer
        | FactId::Emergency => false,
    }
}

fn exception(facts: &Facts, from: jiff::civil::Date) -> Option<&HoursException> {
    facts.hours.exceptions.iter().find(|exception| exception.from == from)
}

fn figures_of_spans(spans: &[OpenSpan]) -> Vec<String> {
    let mut all = Vec::new();
    for time in spans.iter().flat_map(|span| [span.open, span.close]) {
        let hour = time.hour();
        let half = if hour % 12 == 0 { 12 } else { hour % 12 };
        all.extend([hour.to_string(), half.to_string()]);
        if time.minute() != 0 {
            all.push(format!("{:02}", time.minute()));
        }
    }
    all
}

fn figures_of_price(price: Price) -> Vec<String> {
    let amounts = match price {
        Price::Depends => Vec::new(),
        Price::Exact(amount) | Price::From(amount) => vec![amount],
        Price::Range(low, high) => vec![low, high],
    };
    let written = amounts.iter().flat_map(|amount| {
        let (major, minor) = (amount.minor / 100, amount.minor % 100);
        normalized(&format!("{major}.{minor:02}"))
    });
    written.collect()
}

const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];
