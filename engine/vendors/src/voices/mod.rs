//! Voices, one module per vendor's protocol.
