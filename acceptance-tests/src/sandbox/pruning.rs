//! What was built or fetched for other pins goes from the cache when nobody has used it for long.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::say;

/// The file in an entry of the cache whose time says when the entry was last used.
const MARK: &str = "used";
/// Entries under this prefix are being removed: a removal that broke off is finished by the next.
const GOING: &str = "removed-";
/// Other checkouts, and branches with other pins, come back within this time.
const LONG: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Notes that an entry of the cache is used now.
pub fn mark_used(entry: &Path) {
    // A cache that cannot be written to works all the same; there nothing is removed either.
    let _ = File::create(entry.join(MARK)).and_then(|mark| mark.set_modified(SystemTime::now()));
}

/// Removes the directories in `cache` that are entries by their name and that nobody has used for
/// 30 days, and says so. What cannot be removed stays.
pub fn prune(cache: &Path, is_entry: impl Fn(&str) -> bool) {
    let entries = fs::read_dir(cache).into_iter().flatten().filter_map(Result::ok);
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if let Some(name) = name.strip_prefix(GOING).filter(|name| is_entry(name)) {
            remove(&path, name);
        } else if is_entry(&name) && is_unused(&path) {
            // Renamed first: nobody ever finds half of it.
            let going = cache.join(format!("{GOING}{name}"));
            if fs::rename(&path, &going).is_ok() {
                remove(&going, &name);
            }
        }
    }
}

/// Without a mark, the entry is as old as its directory.
fn is_unused(entry: &Path) -> bool {
    let used = fs::metadata(entry.join(MARK)).or_else(|_| fs::metadata(entry));
    let age = used
        .and_then(|data| data.modified())
        .map(|time| time.elapsed().unwrap_or_default());
    age.is_ok_and(|age| age > LONG)
}

fn remove(going: &Path, name: &str) {
    if fs::remove_dir_all(going).is_ok() {
        say(format!("removed {name} from the cache: not used for 30 days"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_ours_and_old_goes() {
        let cache = tempfile::tempdir().unwrap();
        let days = |count: u64| SystemTime::now() - Duration::from_secs(count * 24 * 60 * 60);
        let marked = [
            ("flink-1.20-old", 31),
            ("flink-1.20-recent", 29),
            ("opentofu", 100),
            ("removed-flink-2.1-half", 1),
            ("removed-photos", 100),
        ];
        for (name, age) in marked {
            let entry = cache.path().join(name);
            fs::create_dir_all(entry.join("lib")).unwrap();
            mark_used(&entry);
            File::open(entry.join(MARK)).unwrap().set_modified(days(age)).unwrap();
        }
        let unmarked = cache.path().join("flink-1.20-unmarked");
        fs::create_dir(&unmarked).unwrap();
        File::open(&unmarked).unwrap().set_modified(days(31)).unwrap();
        let new = cache.path().join("flink-1.20-new");
        fs::create_dir(&new).unwrap();
        fs::write(cache.path().join("flink-1.20.lock"), "").unwrap();

        prune(cache.path(), |name| name.starts_with("flink-"));
        let mut left: Vec<_> = fs::read_dir(cache.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let expected = [
            "flink-1.20-new",
            "flink-1.20-recent",
            "flink-1.20.lock",
            "opentofu",
            "removed-photos",
        ];
        assert_eq!(left, expected);
    }

    #[test]
    fn use_keeps_an_entry() {
        let cache = tempfile::tempdir().unwrap();
        let entry = cache.path().join("flink-1.20-a");
        fs::create_dir(&entry).unwrap();
        mark_used(&entry);
        let old = SystemTime::now() - 2 * LONG;
        File::open(entry.join(MARK)).unwrap().set_modified(old).unwrap();
        mark_used(&entry);
        prune(cache.path(), |_| true);
        assert!(entry.is_dir());
    }
}
