//! Recognizers, one module per vendor's protocol.
