//! Where and under which load a figure was measured.

use std::fmt;

/// The machine and how busy it is: without it no figure can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// The processor as it calls itself.
    pub processor: String,
    /// How many threads it runs at once.
    pub cores: usize,
    /// Threads that ran or waited to run, averaged over the last minute; the bench's own count.
    pub load: Option<f64>,
}

impl Machine {
    /// This machine now. What the system does not tell stays unknown.
    pub fn now() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let processor = processor(&read("/proc/cpuinfo")).unwrap_or("unknown processor").to_owned();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { processor, cores, load: load(&read("/proc/loadavg")) }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} cores, load ", self.processor, self.cores)?;
        match self.load {
            Some(load) => write!(f, "{load:.1}"),
            None => write!(f, "unknown"),
        }
    }
}

fn processor(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

fn load(loadavg: &str) -> Option<f64> {
    loadavg.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_files_are_understood() {
        let cpuinfo = "processor\t: 0\nmodel name\t: AMD EPYC\nmodel name\t: other\n";
        assert_eq!(processor(cpuinfo), Some("AMD EPYC"));
        assert_eq!(processor("cpu architecture: 8"), None);
        assert_eq!(load("3.33 4.31 3.76 5/123 4567\n"), Some(3.33));
        assert_eq!(load(""), None);
    }
}
