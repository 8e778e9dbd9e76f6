//! Kinds of words that turn-taking looks for, as data: no language is built in but the default.

use serde::{Deserialize, Serialize};

/// Words and phrases by what they mean for turn-taking. All lower case, words parted by one space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// A turn that ends in one of these goes on: conjunctions, prepositions, articles.
    pub unfinished: Vec<String>,
    /// Sounds of somebody who looks for words.
    pub fillers: Vec<String>,
    /// Complete answers to a closed question.
    pub answers: Vec<String>,
    /// Signs of listening, which must not stop the agent.
    pub backchannels: Vec<String>,
    /// Words that stop the agent at once.
    pub stops: Vec<String>,
    /// What is said when the line opens.
    pub greetings: Vec<String>,
    /// What is said over the agent's goodbye.
    pub farewells: Vec<String>,
    /// Digits as words.
    pub digits: Vec<String>,
}

impl Words {
    /// The English ones.
    pub fn english() -> Self {
        Self {
            unfinished: list(
                "and,but,or,so,because,if,when,while,that,which,who,whether,than,as,like,the,a,an,\
                 my,your,his,her,our,their,this,these,those,to,for,of,in,on,at,with,from,by,about,\
                 into,until,till,between,before,after,is,are,was,were,am,be,do,does,did,can,could,\
                 would,will,should,i,we,they,he,she,i'm,i'd,i'll,it's,there's,let's,and then,\
                 i want,i need,i want to,i'd like,i'd like to,how much,do you have,is there,sorry,\
                 actually,excuse me,hold on,wait,also",
            ),
            fillers: list(
                "um,uh,erm,er,hmm,hm,mm,ah,eh,well,you know,i mean,let me see,let me think",
            ),
            answers: list(
                "yes,yeah,yep,yup,no,nope,nah,sure,okay,ok,correct,right,exactly,that's right,\
                 that's correct,yes please,no thanks,no thank you,of course,definitely,please,\
                 thank you,thanks,goodbye,bye,bye bye,that's all,that's it,nothing else",
            ),
            backchannels: list(
                "mm,mhm,mm hm,mm hmm,hm,hmm,uh huh,uh,um,ah,oh,okay,ok,yeah,yes,yep,right,sure,\
                 i see,got it,alright,all right,good,great,cool,nice,wow,really,thanks,thank you,\
                 exactly,of course,perfect",
            ),
            stops: list(
                "stop,wait,no,hold on,hang on,actually,sorry,excuse me,hello,operator,one second,\
                 one moment,just a second,just a moment,a person,a human,representative,help,\
                 emergency,pardon,what",
            ),
            greetings: list(
                "hello,hi,hey,hello there,hi there,good morning,good afternoon,yes,yeah",
            ),
            farewells: list(
                "bye,goodbye,good bye,bye bye,bye now,thanks,thank you,thank you very much,\
                 thank you so much,you too,same to you,have a good one,have a good day,\
                 have a nice day,take care,see you,cheers,talk to you later",
            ),
            digits: list("zero,oh,one,two,three,four,five,six,seven,eight,nine,double,triple"),
        }
    }
}

fn list(words: &str) -> Vec<String> {
    words.split(',').map(|word| word.trim().to_owned()).collect()
}

/// The words of `text`: lower case, letters, digits and inner apostrophes only.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    text.to_lowercase()
        .replace('\u{2019}', "'")
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// How many words of `tokens` remain when every phrase of `phrases` is struck out.
pub(crate) fn words_beside(tokens: &[String], phrases: &[&[String]]) -> usize {
    let mut at = 0;
    let mut rest = 0;
    while at < tokens.len() {
        let longest = phrases
            .iter()
            .flat_map(|list| list.iter())
            .filter_map(|phrase| length_at_start(&tokens[at..], phrase))
            .max();
        match longest {
            Some(length) if 0 < length => at += length,
            Some(_) | None => {
                at += 1;
                rest += 1;
            }
        }
    }
    rest
}

/// Whether a phrase of `phrases` occurs anywhere.
pub(crate) fn contains(tokens: &[String], phrases: &[String]) -> bool {
    (0..tokens.len())
        .any(|at| phrases.iter().any(|phrase| length_at_start(&tokens[at..], phrase).is_some()))
}

/// Whether the last words are a phrase of `phrases`.
pub(crate) fn ends_in(tokens: &[String], phrases: &[String]) -> bool {
    phrases.iter().any(|phrase| {
        let length = phrase.split(' ').count();
        length <= tokens.len()
            && length_at_start(&tokens[tokens.len() - length..], phrase).is_some()
    })
}

fn length_at_start(tokens: &[String], phrase: &str) -> Option<usize> {
    let mut length = 0;
    for word in phrase.split(' ') {
        if tokens.get(length).is_none_or(|token| token != word) {
            return None;
        }
        length += 1;
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_struck_out_longest_first() {
        let words = Words::english();
        let beside = |text| words_beside(&tokens(text), &[&words.backchannels]);
        assert_eq!(beside("Mm-hm."), 0);
        assert_eq!(beside("Uh-huh, okay. I see."), 0);
        assert_eq!(beside("Yeah but Sunday"), 2);
        assert_eq!(beside(""), 0);
    }

    #[test]
    fn phrases_are_found_at_the_end_and_inside() {
        let words = Words::english();
        assert!(ends_in(&tokens("a cleaning and then"), &words.unfinished));
        assert!(!ends_in(&tokens("and then a cleaning"), &words.unfinished));
        assert!(contains(&tokens("Oh, hold on!"), &words.stops));
        assert!(!contains(&tokens("holding on"), &words.stops));
    }
}
