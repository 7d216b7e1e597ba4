//! Who may read what the program creates: its owner, or a group too (`storage.group_access`), whatever the umask of who
//! started it. Lock files and the key are the owner's alone in any case.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the group of the data folder may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Folders 0700, files 0600.
    Owner,
    /// Folders 0750, files 0640.
    Group,
}

/// The umask is one of the process, and so is this.
static GROUP: AtomicBool = AtomicBool::new(false);

/// Sets who may read what this process creates from here on, what SQLite creates for it too.
pub fn set_access(access: Access) {
    GROUP.store(access == Access::Group, Ordering::Relaxed);
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(!folder_mode() & 0o777));
}

#[cfg_attr(not(unix), expect(dead_code, reason = "modes are Unix'"))]
fn folder_mode() -> u32 {
    match GROUP.load(Ordering::Relaxed) {
        true => 0o750,
        false => 0o700,
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

/// What an administrator's command creates as root is still to be opened by the service, which runs as the folder's
/// owner.
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
            // The doctor names what belongs to another owner.
            let _ = std::os::unix::fs::lchown(made, Some(above.uid()), Some(above.gid()));
        }
    }
    #[cfg(not(unix))]
    let _ = (folder, made);
}

/// A lock file of an earlier version could be locked by every user.
pub(super) fn restrict_lock(file: &File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let is_wide = |metadata: fs::Metadata| metadata.permissions().mode() & 0o077 != 0;
        if file.metadata().is_ok_and(is_wide) {
            // The doctor names it when it is another's.
            let _ = file.set_permissions(fs::Permissions::from_mode(0o600));
        }
    }
    #[cfg(not(unix))]
    let _ = file;
}

/// The modes of a path as it is and as it should be, when others may do more with it than they need. A link says
/// nothing of what it leads to.
pub fn wider_than_needed(path: &Path) -> Option<(u32, u32)> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = fs::symlink_metadata(path).ok()?;
        let allowed = match metadata.is_dir() {
            true => folder_mode(),
            false if metadata.is_file() => file_mode(),
            false => return None,
        };
        let mode = metadata.permissions().mode() & 0o7777;
        // Set-group-id on a folder lets files inherit its group, and gives nobody a right.
        let wanted = mode & (allowed | 0o7000);
        (wanted != mode).then_some((mode, wanted))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Takes rights on a path from others that they do not need. What belongs to another user stays as it is.
pub fn restrict(path: &Path) {
    #[cfg(unix)]
    if let Some((_, wanted)) = wider_than_needed(path) {
        use std::os::unix::fs::PermissionsExt as _;
        // The doctor names it.
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(wanted));
    }
    #[cfg(not(unix))]
    let _ = path;
}
