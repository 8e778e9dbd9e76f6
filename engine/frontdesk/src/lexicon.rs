//! Everyday words: which of them say nothing about a subject, and which mean the same.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::numbers::is_number;
use crate::pattern;

/// How much a word says about a subject: nothing, a little, or as much as a word can.
pub(crate) fn weight(text: &str, lemma: &str) -> f32 {
    let known = WEIGHTS.get(text).or_else(|| WEIGHTS.get(lemma).filter(|weight| **weight > 0.0));
    match known {
        Some(weight) => *weight,
        None if is_number(text) => LITTLE,
        None => 1.0,
    }
}

/// Whether `text` is a word of everyday talk.
pub(crate) fn is_common(text: &str) -> bool {
    KNOWN.contains(text)
}

/// Whether `text` may stand right behind a subject without changing it: "a crown appointment".
pub(crate) fn is_neutral(text: &str) -> bool {
    NEUTRAL.split_whitespace().any(|known| known == text)
}

/// The word that stands for all words of the meaning of `word`.
pub(crate) fn synonym(word: &str) -> Option<&'static str> {
    MEANINGS.get(word).copied()
}

/// What a word says that every trade uses.
const LITTLE: f32 = 0.25;

static WEIGHTS: LazyLock<HashMap<&'static str, f32>> = LazyLock::new(|| {
    let little = GENERIC.split_whitespace().map(|word| (word, LITTLE));
    let nothing = FUNCTION.split_whitespace().map(|word| (word, 0.0));
    little.chain(nothing).collect()
});

static MEANINGS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let groups = SYNONYMS.iter().filter_map(|group| Some((group.split(' ').next()?, group)));
    groups.flat_map(|(first, group)| group.split(' ').map(move |word| (word, first))).collect()
});

/// Words that no fuzzy match may touch.
static KNOWN: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let lists = [FUNCTION, GENERIC, NEUTRAL, DAYS, "wait part parts"];
    let mut known: HashSet<_> = lists.iter().flat_map(|list| list.split_whitespace()).collect();
    known.extend(pattern::all_words());
    known
});

/// They hold a sentence together and say nothing about its subject.
const FUNCTION: &str = "\
    a an the and or but so if then than to of in on at for from by with about into onto over under up down out off \
    my your our his her their its mine yours me you we i he she it they him them us myself yourself \
    this that these those there here is are was were be been being am do does did doing done can could will would \
    shall should may might must have has had having not no nope nah yes yeah yep ya yup ok okay please just also too \
    very really quite some any much many more most what when where who whom whose which why how hi hello hey \
    howdy greetings well um umm uh uhm er ah oh hmm mm mhm huh like know tell say said saying says ask asking \
    question questions quick wondering wonder guess think thought thinking maybe perhaps actually sorry excuse \
    pardon thanks thank thankyou welcome great perfect awesome cool nice fine good alright right all only still even again ever \
    already yet now exactly usually normally basically probably bit little lot lots kind sort something anything \
    everything someone somebody anyone anybody everyone else other others another same such own each every both \
    either neither as because while until till during before after between through without within per hear heard \
    folks guys guy sir madam maam hold second moment minute sec curious let lets going go gonna \
    got get getting gets bye im ill dear hope mean means meant while though although since o whether \
    supposed typically generally approximately roughly possible possibly able allowed sure course correct";

/// They say little: every trade uses them.
const GENERIC: &str = "\
    need needs needed want wants wanted take takes taking took make makes making give gives come comes coming use uses \
    using work works working see look looking find call calling called help bring buy sell offer offers provide \
    accept keep leave check checking start stop new best first last one ones thing things way type types time times day days \
    people person place shop store office business company service services visit job procedure treatment session \
    appointments option options policy policies information info deal issue problem put set run running try trying \
    long big small old young happen happens charge charges costs handle perform do carry treat fix repair repairing \
    today tomorrow tonight soon later currently back around near two three regular normal basic standard full simple \
    care free available rule rules required require necessary wear change changing days hour hours minutes \
    interested love speak talk feel feeling live move send stay bad far yesterday ago recently spot expect \
    somewhere anywhere sit sitting wish idea matter matters remind stuff nearby close closest \
    morning afternoon evening night noon lunch lunchtime exactly \
    rather real actual cover covers covered";

/// Behind a subject they change nothing.
const NEUTRAL: &str = "\
    appointment appointments visit procedure treatment service services session job done price prices cost costs \
    costing charge charges pricing fee fees rate rates take takes taking run runs cheap expensive usually normally \
    today tomorrow tonight here there now replaced replacement installed changed fixed repaired checked put work works \
    again then exactly first next wise only yourself guys kind open opened close closed";

const DAYS: &str = "\
    monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays \
    sundays weekend weekends weekday weekdays week weeks month months year years morning afternoon evening night noon midnight january \
    february march april june july august september october november december christmas thanksgiving easter eve \
    holiday holidays zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen \
    sixteen seventeen eighteen nineteen twenty thirty forty fifty am pm oclock";

/// Words of one meaning in the trades that keep a front desk; the first stands for all.
const SYNONYMS: &[&str] = &[
    "child children kid kids son daughter toddler baby babies boy girl sons daughters childrens",
    "woman women lady ladies female womens womans",
    "man men male gentleman gentlemen mens mans",
    "warranty warranties guarantee guaranteed guarantees",
    "car cars vehicle vehicles automobile truck suv",
    "dog dogs puppy pet pets",
    "cancel cancels cancelling canceling cancelled canceled cancellation cancellations",
    "reschedule rescheduling rescheduled postpone",
    "pay pays paying payment payments paid",
    "card cards visa mastercard amex debit",
    "wifi internet wireless",
    "tip tips tipping gratuity",
    "tow towing towed tows",
    "insurance insurances insured insurer coverage",
    "severe terrible awful horrible extreme unbearable intense",
    "pain hurts hurting painful ache aching aches",
    "bleed bleeding bleeds blood",
    "swell swelling swollen swells",
    "allergy allergic allergies",
    "doctor dr dentist doctors",
    "gift voucher vouchers certificate certificates",
    "age aged",
    "loaner loaners courtesy rental rentals borrow lend",
    "owner owners owns",
    "ride rides drive",
    "brand brands make makes",
    "gray grey",
    "color colour coloring colouring",
    "tire tires tyre tyres",
    "wedding bridal bride brides",
    "checkup checkups",
    "estimate estimates",
    "quote quotes",
    "electric electrical ev evs tesla teslas",
    "hybrid hybrids",
    "european german",
    "vegan vegans",
    "haircut haircuts",
];
