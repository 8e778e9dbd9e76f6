//! What a business does not sell has no price there, however much it sounds like something it does.

use std::path::Path;

use types::AgentConfig;

use crate::support::{Talk, cites, fixtures, read_business, spoken};

/// Things asked for in many trades, beside the services of all sample businesses.
const OTHERS: &str = "tattoo, eyebrow waxing, pedicure, manicure, facial, perm, hair extensions, keratin treatment, \
    braces, dentures, dental implant, root canal, veneers, night guard, wisdom teeth removal, window tint, \
    muffler, windshield, new tires, radiator flush, car wash, detailing, paint job, timing belt, spark plugs, \
    x-ray, blood test, ear cleaning, flea treatment, grooming, declawing, passport photo, covid test, \
    strep test, hearing aid, wedding cake, karaoke, sushi, pizza, happy hour, bankruptcy, immigration visa, \
    patent, adoption, garbage disposal, septic tank, roof repair, furnace, boxing class, pilates, tanning, \
    conference room, bike rental, ski rental, laundry, mortgage, estate planning, bookbinding, life insurance, \
    stamp, key copy, tailoring, dry cleaning, piano tuning, chimney sweep, carpet cleaning, pest control";

#[test]
fn what_is_not_sold_has_no_price() {
    let businesses = businesses();
    let mut things: Vec<String> = OTHERS.split(", ").map(|thing| thing.trim().to_owned()).collect();
    for agent in &businesses {
        things.extend(agent.facts.services.iter().map(|service| service.name.clone()));
    }
    let mut wrong = Vec::new();
    let mut asked = 0;
    for agent in &businesses {
        let words = own_words(agent);
        let foreign = |thing: &&String| {
            !thing
                .to_lowercase()
                .split([' ', '-'])
                .any(|word| words.iter().any(|own| is_form(own, word)))
        };
        for thing in things.iter().filter(foreign) {
            for frame in [
                "How much is a {}?",
                "Do you do {}?",
                "How long does {} take?",
                "What do you charge for {}?",
            ] {
                let said = frame.replace("{}", thing);
                let reply = Talk::new(agent.clone(), "2026-11-24T10:15:00-05:00").say(&said);
                asked += 1;
                let cited = cites(&reply);
                if cited
                    .iter()
                    .any(|cite| cite.starts_with("service.") || cite.starts_with("escalation.em"))
                {
                    wrong.push(format!(
                        "{}: {said} {:?} {cited:?}",
                        agent.facts.name,
                        spoken(&reply)
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn businesses() -> Vec<AgentConfig> {
    let folders = [
        fixtures().join("businesses"),
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/table/businesses/tuned"),
    ];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .map(|path| read_business(path).0)
        .collect()
}

/// All words of the business's services, lower case.
fn own_words(agent: &AgentConfig) -> Vec<String> {
    let services = agent.facts.services.iter();
    let names = services.flat_map(|service| std::iter::once(&service.name).chain(&service.aliases));
    names
        .flat_map(|name| {
            name.to_lowercase().split([' ', '-']).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

fn is_form(own: &str, word: &str) -> bool {
    let shared = own.bytes().zip(word.bytes()).take_while(|(left, right)| left == right).count();
    shared >= 4 && shared + 3 >= own.len().max(word.len()) || own == word
}
