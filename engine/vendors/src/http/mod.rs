//! Requests and their streamed answers.
