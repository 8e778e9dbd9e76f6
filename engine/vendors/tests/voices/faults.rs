//! Every fault there is.
