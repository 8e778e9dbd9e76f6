//! House rules: what a compiler does not check and a reviewer should not have to.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// Which of our crates a crate may depend on (the table of the architecture page).
const LAYERS: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("codecs", &["types"]),
    ("call", &["types"]),
    ("media", &["types", "codecs"]),
    ("wire", &["types"]),
    ("vendor", &["types"]),
    ("vendors", &["types", "vendor", "wire", "codecs"]),
    ("fake_vendors", &["types", "codecs", "wire"]),
    ("speech", &["types", "vendor", "codecs"]),
    ("frontdesk", &["types", "vendor"]),
    ("caller", &["types", "codecs", "media", "wire"]),
    ("score", &["types", "codecs", "call", "speech"]),
    ("directory", &["types"]),
    ("store", &["types"]),
    ("billing", &["types"]),
    ("outreach", &["types"]),
    ("platform", &["types", "directory", "store", "billing", "outreach"]),
];

/// Crates that may use all others: they put the parts together.
const ASSEMBLIES: &[&str] = &["server", "sim", "benches"];

/// Crates without I/O of any kind, and what would bring it in.
const PURE: &[&str] =
    &["types", "codecs", "call", "media", "wire", "vendor", "frontdesk", "speech"];
const IMPURE: &[&str] =
    &["tokio", "axum", "hyper", "reqwest", "socket2", "mio", "async-std", "sqlx", "notify"];

/// Longer files hide what they are about.
const FILE_LINES_MAX: usize = 800;

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("a workspace around this package").to_owned()
}

fn packages() -> Vec<Package> {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).no_deps();
    command.other_options(vec!["--offline".to_owned()]);
    command.exec().expect("a workspace").packages
}

/// All text files of ours, with their path from the root.
fn files(endings: &[&str]) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map_while(Result::ok) {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let skipped = ["target", "models", "demo-out", "node_modules"];
            // Links lead out of the tree.
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && !name.starts_with('.') && !skipped.contains(&name.as_str()) {
                folders.push(path);
            } else if kind.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(&path).expect("text");
                let from_root = path.strip_prefix(root()).expect("below the root");
                files.push((from_root.to_string_lossy().into_owned(), text));
            }
        }
    }
    assert!(!files.is_empty(), "nothing was looked at");
    files.sort();
    files
}

/// Fails with every line of `files` that `is_bad`.
fn check_lines(rule: &str, endings: &[&str], is_bad: impl Fn(&str, &str) -> bool) {
    let mut bad = Vec::new();
    for (path, text) in files(endings) {
        // This file has to name what it forbids.
        if path == "tests/tidy.rs" {
            continue;
        }
        for (number, line) in (1..).zip(text.lines()) {
            if is_bad(&path, line) {
                bad.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(bad.is_empty(), "{rule}:\n{}", bad.join("\n"));
}

fn is_rust_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

#[test]
fn crates_depend_only_on_those_below_them() {
    let packages = packages();
    let ours: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut bad = Vec::new();
    for package in &packages {
        let name = package.name.as_str();
        if ASSEMBLIES.contains(&name) {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
            bad.push(format!("{name} has no place in the table"));
            continue;
        };
        let used = package.dependencies.iter();
        let used = used.filter(|dependency| dependency.kind != DependencyKind::Development);
        for dependency in used {
            let below = dependency.name.as_str();
            if ours.contains(&below) && !allowed.contains(&below) {
                bad.push(format!("{name} must not depend on {below}"));
            }
            if PURE.contains(&name) && IMPURE.contains(&below) {
                bad.push(format!("{name} does no I/O: not even with {below}"));
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn every_crate_keeps_the_lints_of_the_house() {
    for package in packages() {
        let manifest = fs::read_to_string(&package.manifest_path).expect("a manifest");
        let keeps = manifest.contains("[lints]\nworkspace = true");
        assert!(keeps, "{}: [lints] workspace = true", package.name);
    }
}

#[test]
fn no_queue_is_without_bound() {
    check_lines("queues have a size", &[".rs"], |_, line| {
        !is_rust_comment(line)
            && ["unbounded_channel", "UnboundedSender", "UnboundedReceiver", "mpsc::channel()"]
                .iter()
                .any(|word| line.contains(word))
    });
}

#[test]
fn no_file_is_too_long_to_read() {
    let long = files(&[".rs"]).into_iter().filter_map(|(path, text)| {
        let lines = text.lines().count();
        (FILE_LINES_MAX < lines).then(|| format!("{path}: {lines} lines"))
    });
    let long: Vec<String> = long.collect();
    assert!(long.is_empty(), "at most {FILE_LINES_MAX} lines:\n{}", long.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    let mute = files(&[".rs"]).into_iter().filter(|(path, text)| {
        // The tests of a file are its own, wherever they lie.
        if path.ends_with("tests.rs") {
            return false;
        }
        let first = text.lines().find(|line| !line.trim().is_empty());
        !first.is_some_and(|line| line.starts_with("//!"))
    });
    let mute: Vec<String> = mute.map(|(path, _)| path).collect();
    assert!(mute.is_empty(), "a module doc first:\n{}", mute.join("\n"));
}

#[test]
fn every_entry_point_is_fuzzed() {
    let mut entries = Vec::new();
    let mut driven = Vec::new();
    for (path, text) in files(&[".rs"]) {
        for line in text.lines() {
            let name_after = |start: &str| {
                let name = line.trim_start().strip_prefix(start)?;
                let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
                Some(name[..end].to_owned())
            };
            if path == "tests/fuzz/src/main.rs" {
                driven.extend(name_after("(\"").filter(|name| name.starts_with("fuzz_")));
            } else {
                entries.extend(name_after("pub fn fuzz_").map(|name| format!("fuzz_{name}")));
            }
        }
    }
    entries.sort();
    driven.sort();
    assert_eq!(entries, driven, "pub fn fuzz_* of the crates, and the list of the fuzzer");
}

#[test]
fn tests_do_not_sleep() {
    let mut bad = Vec::new();
    for (path, text) in files(&[".rs"]) {
        let is_test_file = path.contains("/tests/") || path.ends_with("tests.rs");
        let mut in_tests = is_test_file || path.starts_with("tests/");
        for (number, line) in (1..).zip(text.lines()) {
            in_tests |= line.trim() == "#[cfg(test)]";
            let sleeps = line.contains("thread::sleep") || line.contains("time::sleep");
            if path != "tests/tidy.rs" && in_tests && sleeps && !is_rust_comment(line) {
                bad.push(format!("{path}:{number}"));
            }
        }
    }
    assert!(bad.is_empty(), "time is an argument:\n{}", bad.join("\n"));
}

#[test]
fn nothing_is_tied_to_a_machine() {
    let places = ["/work/", "/root/", "/home/", "/Users/"];
    // In two parts, so that this page passes its own test.
    let hosts = [("crates", "io"), ("pypi", "org"), ("npmjs", "org"), ("npmjs", "com")]
        .map(|(name, end)| format!("{name}.{end}"));
    let endings = [".rs", ".toml", ".md", ".sh", ".py", "Makefile", ".yml"];
    check_lines("no machine's paths, no registry's hosts", &endings, |_, line| {
        let is_place = places.iter().any(|place| line.contains(place));
        is_place || hosts.iter().any(|host| line.contains(host.as_str()))
    });
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() {
    check_lines("#[expect(lint, reason = \"…\")]", &[".rs"], |path, line| {
        let allows = line.contains("#[allow(") || line.contains("#![allow(");
        // What several test binaries share is used in full by none of them.
        let is_shared = path.contains("/tests/") && line.contains("reason =");
        !is_rust_comment(line) && allows && !is_shared
    });
}

#[test]
fn one_word_per_thing() {
    // Only words that mean nothing else anywhere.
    let banned = [
        "recogniser",
        "Recogniser",
        "synthesiser",
        "jitter_ms",
        "silence_ms",
        "now_ms",
        "fn get_",
        "fn do_",
        "fn process_",
        "mod utils",
        "mod util;",
        "mod helpers",
        "Manager",
        "_manager",
        "Helper",
        "is_interrupted",
        "interim_",
    ];
    check_lines("the glossary has a word for it", &[".rs"], |path, line| {
        // The protocols' own names are theirs.
        let is_theirs = |word: &str| word == "interim_" && path.contains("wire/");
        let is_banned = |word: &&str| line.contains(*word) && !is_theirs(word);
        !is_rust_comment(line) && banned.iter().any(is_banned)
    });
}

#[test]
fn qualifiers_come_last() {
    check_lines("delay_max, not max_delay", &[".rs"], |path, line| {
        // The protocols' own names are theirs, as is what a library calls its setters.
        if path.contains("wire/") || path.contains("vendors/") || is_rust_comment(line) {
            return false;
        }
        let declared = line.trim_start();
        let declared = declared.strip_prefix("pub ").unwrap_or(declared);
        let declared = declared.strip_prefix("let ").unwrap_or(declared);
        let is_name = declared.starts_with("max_") || declared.starts_with("min_");
        let name: String =
            declared.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        is_name && declared[name.len()..].starts_with([':', ' ']) && !declared.contains('(')
    });
}

#[test]
fn nothing_is_left_to_be_done_later_in_comments() {
    check_lines("an issue, not a comment", &[".rs", ".toml", ".sh", "Makefile"], |_, line| {
        ["TODO", "FIXME", "HACK"].iter().any(|word| line.contains(word))
    });
}
