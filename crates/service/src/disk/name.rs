//! Names that replace nothing.

use std::fs;
use std::io;
use std::path::Path;

use super::{create_new, parent, sync_folder};

/// Renames a synced file within its file system without replacing anything. If the name exists, also with another
/// case where the file system folds case, it returns [`io::ErrorKind::AlreadyExists`] and the file keeps its old
/// name. The caller syncs the folder.
pub fn name_new(staged: &Path, target: &Path) -> io::Result<()> {
    match fs::hard_link(staged, target) {
        Ok(()) => {
            // A second name in a swept folder does no harm.
            let _ = fs::remove_file(staged);
            return Ok(());
        }
        Err(error) if is_final(&error) => return Err(error),
        // exFAT and many FUSE and SMB mounts have no hard links.
        Err(_) => {}
    }
    if let Some(renamed) = rename_new(staged, target) {
        return renamed;
    }
    // An empty file reserves the name, so that the rename replaces nothing else. After a crash in between it stays there.
    drop(create_new(target)?);
    fs::rename(staged, target).inspect_err(|_| drop(fs::remove_file(target)))
}

/// Renames in one step unless the name exists; `None` where system or file system has no such call.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_new(from: &Path, to: &Path) -> Option<io::Result<()>> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE).map_err(io::Error::from) {
        Err(error) if super::is_unsupported(&error) => None,
        renamed => Some(renamed),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn rename_new(_: &Path, _: &Path) -> Option<io::Result<()>> {
    None
}

/// Like [`name_new`], for the only copy of a file: its new name is durable before the old one goes. Syncs both folders.
pub fn move_new(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => {
            sync_folder(parent(to))?;
            fs::remove_file(from)?;
        }
        Err(_) => {
            name_new(from, to)?;
            sync_folder(parent(to))?;
        }
    }
    sync_folder(parent(from))
}

/// Errors that a rename would meet too.
fn is_final(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AlreadyExists
            | io::ErrorKind::NotFound
            | io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// Whether this folder treats names that differ only in case as one. `name` must be unused.
pub fn folds_case(folder: &Path, name: &str) -> io::Result<bool> {
    let (lower, upper) = (
        folder.join(format!("{name}-case")),
        folder.join(format!("{name}-CASE")),
    );
    create_new(&lower)?;
    let folds = fs::symlink_metadata(&upper).is_ok();
    fs::remove_file(&lower)?;
    Ok(folds)
}

/// Whether a folder has an entry with exactly this name: a lookup may also find a name with another case or Unicode
/// composition.
pub fn has_exact_name(path: &Path) -> io::Result<bool> {
    let name = path.file_name();
    for entry in fs::read_dir(parent(path))? {
        if Some(entry?.file_name().as_os_str()) == name {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_never_given_again() {
        let folder = tempfile::tempdir().unwrap();
        let (staged, target) = (folder.path().join("staged"), folder.path().join("target"));
        fs::write(&staged, "new").unwrap();
        fs::write(&target, "another's").unwrap();
        let refused = name_new(&staged, &target).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&target).unwrap(), "another's");
        fs::remove_file(&target).unwrap();
        name_new(&staged, &target).unwrap();
        assert!(!staged.exists());
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        assert!(has_exact_name(&target).unwrap());
        assert_eq!(
            move_new(&target, &target).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        move_new(&target, &staged).unwrap();
        assert!(!target.exists());
        move_new(&staged, &target).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        assert!(!has_exact_name(&folder.path().join("TARGET")).unwrap());
    }

    /// Where hard links fail: in one step, so that no crash leaves an empty file of the final name.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_is_given_in_one_step_without_hard_links() {
        let folder = tempfile::tempdir().unwrap();
        let (staged, target) = (folder.path().join("staged"), folder.path().join("target"));
        fs::write(&staged, "new").unwrap();
        fs::write(&target, "another's").unwrap();
        let refused = rename_new(&staged, &target).unwrap().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&staged).unwrap(), "new");
        assert_eq!(fs::read_to_string(&target).unwrap(), "another's");
        fs::remove_file(&target).unwrap();
        rename_new(&staged, &target).unwrap().unwrap();
        assert!(!staged.exists());
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        let missing = rename_new(&staged, &target).unwrap().unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
