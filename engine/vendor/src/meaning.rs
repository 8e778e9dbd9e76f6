//! What texts mean, as directions.

/// Turns texts into directions of length one: the nearer two are, the more alike they mean.
pub trait Meaning: Send + Sync {
    /// The direction of `text`; `None` if it cannot be had. All have as many numbers. It may take
    /// some milliseconds of a core, so it is not for threads that carry audio.
    fn embed(&self, text: &str) -> Option<Vec<f32>>;
}
