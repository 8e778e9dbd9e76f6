//! The directory as its callers see it.

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod publishing;
#[cfg(test)]
mod scale;
