//! Writing a file so that it appears under its name only when it is complete.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::error::{Error, Result};

/// Writes `path` through a temporary file in the same folder, which takes its name once all is on the disk. On any
/// error before that the old file is as it was and the temporary one is gone. When this returns, the new file is there
/// even after a power cut.
///
/// A link is followed; a device or pipe is written to as it is, since it cannot be replaced.
///
/// # Errors
/// [`Error::Io`] with the path.
pub fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    try_write(path, fill).map_err(Error::io(path))
}

fn try_write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let target = end_of_links(path)?;
    match fs::metadata(&target) {
        Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => {
            let mut device = BufWriter::new(OpenOptions::new().write(true).open(&target)?);
            fill(&mut device)?;
            return device.flush();
        }
        _ => {}
    }
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        // An existing file keeps its permissions; a new one gets those of any new file.
        options.mode(fs::metadata(&target).map_or(0o666, |found| found.permissions().mode() & 0o777));
    }
    // The file is opened and written to as it is, not through the library, which would put the temporary name into
    // every error.
    let create = |name: &Path| options.open(name);
    let temporary = Builder::new().prefix(".pairwright-").suffix(".tmp").make_in(&folder, create)?;
    let mut file = BufWriter::new(temporary.as_file());
    fill(&mut file)?;
    file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
    // Not by `persist`, which asks the kernel without the C library: there the tests have calls fail.
    let mut name = temporary.into_temp_path();
    fs::rename(&name, &target)?;
    name.disable_cleanup(true);
    sync_folder(&folder)
}

/// What a path names once links are followed, whether it exists or not.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::read_link(path) {
            // A circle of links is another error, so this ends.
            Ok(next) => end_of_links(&path.parent().unwrap_or(Path::new("")).join(next)),
            Err(_) => Ok(path.to_owned()),
        },
        found => found,
    }
}

/// Brings the names of the files in a folder to the disk: until then a power cut may give the old file back.
fn sync_folder(folder: &Path) -> io::Result<()> {
    // Other systems open no folders, and one that may be written to need not be readable.
    #[cfg(unix)]
    if let Ok(folder) = fs::File::open(folder) {
        return match folder.sync_all() {
            // Said by file systems that have no way to do so.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
            synced => synced,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, |file| file.write_all(b"old")).unwrap();
        let error = write(&path, |file| {
            file.write_all(b"half of the n")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(matches!(error, Err(Error::Io { path: named, .. }) if named == path));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_refused_and_a_missing_one_named() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("missing/file")] {
            let error = write(&path, |_| Ok(())).unwrap_err();
            assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
            assert!(!error.to_string().contains(".pairwright-"), "{error}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_devices_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, b"old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let (new, dangling) = (folder.path().join("new"), folder.path().join("dangling"));
        std::os::unix::fs::symlink("new", &dangling).unwrap();
        std::os::unix::fs::symlink("dangling", folder.path().join("first")).unwrap();
        write(&folder.path().join("first"), |out| out.write_all(b"made")).unwrap();
        assert_eq!(fs::read(&new).unwrap(), b"made");
        assert!(fs::symlink_metadata(&dangling).unwrap().is_symlink());
        let circle = folder.path().join("circle");
        std::os::unix::fs::symlink("circle", &circle).unwrap();
        assert!(write(&circle, |_| Ok(())).is_err());
        assert!(fs::symlink_metadata(&circle).unwrap().is_symlink());
        write(Path::new("/dev/null"), |out| out.write_all(b"gone")).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
