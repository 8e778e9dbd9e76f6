//! The built-in brain as its callers meet it: businesses from the fixtures, dialogues, replies.

#[cfg(test)]
mod clock;
#[cfg(test)]
mod dialogues;
#[cfg(test)]
mod dictated;
#[cfg(test)]
mod doubts;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod fresh;
#[cfg(test)]
mod insight;
#[cfg(test)]
mod misheard;
#[cfg(test)]
mod noise;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod readings;
#[cfg(test)]
mod repairs;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tuned;
