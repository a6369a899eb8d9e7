//! Mounts a disk that is small enough to be filled.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Scratch;

/// A separate disk in memory, which is unmounted on drop.
#[derive(Debug)]
pub struct SmallDisk {
    mount_point: PathBuf,
    _folder: Scratch,
}

impl SmallDisk {
    /// Mounts a disk of `mib` MiB. Returns `None` without root, since only root may mount.
    #[must_use]
    pub fn mount(mib: u32) -> Option<Self> {
        let owner = std::fs::metadata("/proc/self").expect("this process").uid();
        if owner != 0 {
            return None;
        }
        let folder = Scratch::default();
        let mount_point = folder.join("disk");
        std::fs::create_dir_all(&mount_point).expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o"])
            .arg(format!("size={mib}m,mode=0700"))
            .arg("tmpfs")
            .arg(&mount_point)
            .status();
        assert!(mounted.expect("mount").success());
        let _folder = folder;
        Some(Self {
            mount_point,
            _folder,
        })
    }

    /// Returns the path at which the disk is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.mount_point
    }

    /// Fills all the space that is left.
    pub fn fill(&self) {
        let mut file = File::create(self.filler()).expect("a file");
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    /// Frees that space.
    pub fn make_room(&self) {
        std::fs::remove_file(self.filler()).expect("the filler");
    }

    fn filler(&self) -> PathBuf {
        self.mount_point.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Unmount lazily, since a failed test may have left a service on the disk.
        let unmount = Command::new("umount")
            .arg("--lazy")
            .arg(&self.mount_point)
            .status();
        drop(unmount);
    }
}
