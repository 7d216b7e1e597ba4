### What to do about a file or folder that cannot be written, a hint for each cause.

causes-disk-full = the disk is full: free space, or delete old files with a rule of [retention] and `midiateca sweep`
causes-no-inodes = the disk has space but takes no more files: see `df -i { $path }`, and delete files that are not needed
causes-quota-exceeded = the quota is used up: raise it, or delete old files with a rule of [retention] and `midiateca sweep`
causes-read-only = the file system of { $path } is mounted read-only: see `dmesg` for a disk fault, then `mount -o remount,rw`; under systemd, add the path to ReadWritePaths
causes-owner = it belongs to another user: run the command as that user, or give it to the user that runs midiateca with `chown -R USER { $path }`
causes-parent = { $path } does not exist, and this user may not create it: name another place, or have an administrator create it and give it to this user
causes-mode = its mode forbids it: `chmod u+rwX { $path }`
causes-forbidden = its mode is not the cause: see `lsattr -d { $path }` (attribute i or a), a security module (SELinux, AppArmor), or root_squash of a network file system
causes-not-a-folder = there is a file where a folder is expected: move { $path } away, or correct the setting that names it
causes-missing = it does not exist: is its disk mounted? Mount it, or correct the setting that names { $path }
causes-device-failed = the disk reports I/O errors: see `dmesg` and `smartctl -a`, copy the data away with `midiateca backup`, and replace the disk
causes-file-system-gone = the network file system does not answer: check that its server runs, then unmount and mount { $path } again
causes-too-many-files = too many files are open: raise the limit (`ulimit -n`, LimitNOFILE in the systemd unit, fs.file-max)
causes-busy = another program uses it: stop it, or try again later
causes-other = see `dmesg` and the system log for { $path }
