//! Permissions of everything that the program creates: for its owner, or its group too (`storage.group_access`),
//! whatever the umask. Lock files and the key are always private to the owner.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the data folder's group may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Folders 0700, files 0600.
    Owner,
    /// Folders 0750, files 0640.
    Group,
}

/// Per process, like the umask.
static GROUP: AtomicBool = AtomicBool::new(false);

/// Sets the permissions of everything that this process and its SQLite create from now on.
pub fn set_access(access: Access) {
    GROUP.store(access == Access::Group, Ordering::Relaxed);
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(!folder_mode() & 0o777));
}

#[cfg_attr(not(unix), expect(dead_code, reason = "modes are Unix'"))]
fn folder_mode() -> u32 {
    if GROUP.load(Ordering::Relaxed) {
        0o750
    } else {
        0o700
    }
}

#[cfg_attr(not(unix), expect(dead_code, reason = "modes are Unix'"))]
fn file_mode() -> u32 {
    folder_mode() & 0o666
}

pub(super) fn folder_builder() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are Unix'"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, folder_mode());
    builder
}

pub(super) fn file_options() -> OpenOptions {
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, file_mode());
    options
}

/// An administrator's command runs as root, but the service, which runs as the folder's owner, must be able to open
/// what it creates.
pub(super) fn give_to_owner_of(folder: &Path, made: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if !rustix::process::geteuid().is_root() {
            return;
        }
        if let Ok(above) = fs::metadata(folder)
            && above.uid() != 0
        {
            // `doctor` reports files of another owner.
            let _ = std::os::unix::fs::lchown(made, Some(above.uid()), Some(above.gid()));
        }
    }
    #[cfg(not(unix))]
    let _ = (folder, made);
}

/// Every user could lock a lock file of an earlier version.
pub(super) fn restrict_lock(file: &File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let is_wide = |metadata: fs::Metadata| metadata.permissions().mode() & 0o077 != 0;
        if file.metadata().is_ok_and(is_wide) {
            // `doctor` reports another user's file.
            let _ = file.set_permissions(fs::Permissions::from_mode(0o600));
        }
    }
    #[cfg(not(unix))]
    let _ = file;
}

/// The actual and the required mode, when others have more rights than needed. None for links.
pub fn wider_than_needed(path: &Path) -> Option<(u32, u32)> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = fs::symlink_metadata(path).ok()?;
        let allowed = if metadata.is_dir() {
            folder_mode()
        } else if metadata.is_file() {
            file_mode()
        } else {
            return None;
        };
        let mode = metadata.permissions().mode() & 0o7777;
        // Set-group-id on a folder makes files inherit its group, and grants no rights.
        let wanted = mode & (allowed | 0o7000);
        (wanted != mode).then_some((mode, wanted))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Removes rights that others do not need. Another user's files stay unchanged.
pub fn restrict(path: &Path) {
    #[cfg(unix)]
    if let Some((_, wanted)) = wider_than_needed(path) {
        use std::os::unix::fs::PermissionsExt as _;
        // `doctor` reports it.
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(wanted));
    }
    #[cfg(not(unix))]
    let _ = path;
}
