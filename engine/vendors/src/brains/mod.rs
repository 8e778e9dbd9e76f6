//! Models that think of replies, one module per vendor's protocol.
