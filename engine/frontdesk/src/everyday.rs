//! Words of everyday talk, by how little they say about a subject.

/// They hold a sentence together and say nothing about its subject.
pub(crate) const FUNCTION: &str = "\
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
    supposed typically generally approximately roughly possible possibly able allowed sure course correct \
    whats hows wheres theres thats ive youve youre theyre weve mam y'all yall aint isnt arent wasnt \
    shes hes therefore hence besides anyhow goodness gosh oops alrighty okey";

/// They say little: every trade uses them.
pub(crate) const GENERIC: &str = "\
    need needs needed want wants wanted take takes taking took make makes making give gives come comes coming use uses \
    using work works working see look looking find call calling called help buy sell offer offers provide \
    accept keep leave check checking start stop new best first last one ones thing things way type types time times day days \
    people person place shop store office service services visit job procedure treatment session \
    appointments option options policy policies information info deal issue problem put set run running \
    long big small old young happen happens charge charges costs handle perform do carry treat fix repair repairing \
    today tomorrow tonight soon later currently back around near two three regular normal basic standard full simple \
    install installs installing installed installation replace replaces replacing replaced replacement care free available rule rules required require necessary change changing days hour hours minutes \
    interested love speak talk feel feeling live move bad far yesterday ago recently spot expect \
    somewhere anywhere wish idea matter matters remind stuff nearby close closest \
    morning afternoon evening night noon lunch lunchtime exactly \
    rather real actual cover covers covered";

/// They say little, unless a business's own table is about them.
pub(crate) const LIGHT: &str = "\
    business company bring wear send try trying tried stay staying sit sitting sits \
    instead anyway anyways anymore total altogether whole entire entirely per month week year weekly monthly yearly \
    kinda sorta plus else part parts actually honestly apparently technically literally specifically especially \
    particular certain specific particularly similar several few couple less least extra additional overall \
    ahead afterwards afterward beforehand meanwhile sometime sometimes often always never once twice usually rarely \
    bringing brought sending sent show shows showing shown told asked heard read reading saw seen using meet meeting \
    plan plans planning planned decide decided consider considering compare compared comparing \
    arrange organize handle handles handled handling serve serves served serving teach teaches \
    recommend recommends recommended suggest suggested suggests advise prefer preferred \
    notice noticed remember forgot forget forgotten realize realized understand understood \
    sign signed signing join joining joined hop pop swing stopping coming \
    live lives near home house place area town city local neighborhood neighbor neighbors \
    friend friends husband wife partner mother father mom dad mum brother sister parents grandmother grandfather \
    boss coworker roommate guest guests family families myself \
    thing stuff item items reason reasons example case situation kind amount number total sum \
    way ways chance luck trouble problems difference different differently alternative choice choices \
    moment while bit hour everyday nowadays lately early earlier late latest earliest \
    include includes included including involve involved involves exclude \
    helpful kind lovely wonderful polite amazing fantastic super appreciated appreciate died dead broke broken \
    willing ready busy quick quickly slow slowly easy easily hard difficult simple nice cheap decent pretty \
    person folks customer customers client clients member members public \
    anytime whenever wherever whatever whoever however \
    add adding added allow allows allowing let lets permit permitted \
    hey listen say says pls ok yo dear excuse \
    website websites online internet phone telephone email mail address \
    hang hanging hold holding turn turned turning fill filled end ended ending \
    place places side front top bottom left right middle inside outside upstairs downstairs entrance door doors";

/// Behind a subject they change nothing.
pub(crate) const NEUTRAL: &str = "\
    appointment appointments visit procedure treatment service services session job done price prices cost costs \
    costing charge charges pricing fee fees rate rates take takes taking run runs cheap expensive usually normally \
    today tomorrow tonight here there now replaced replacement installed changed fixed repaired checked put work works \
    again then exactly first next wise only yourself guys kind open opened close closed";

pub(crate) const DAYS: &str = "\
    monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays \
    sundays weekend weekends weekday weekdays week weeks month months year years morning afternoon evening night noon midnight january \
    february march april june july august september october november december christmas thanksgiving easter eve \
    holiday holidays zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen \
    sixteen seventeen eighteen nineteen twenty thirty forty fifty am pm oclock";
