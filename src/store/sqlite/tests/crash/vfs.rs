//! The shim between SQLite and its own Unix VFS: everything passes through to real files, and the [`Disk`] hears of it.
//!
//! Only syncs stop here, as no power fails for the real files. Memory maps are not offered, so that every write is seen;
//! the shared memory of the log's index passes through untouched.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};

use super::disk::{Call, Change, Disk, FileNumber};

/// What SQLite allocates for an open file; the real VFS' own part follows.
#[repr(C)]
struct Handle {
    base: sqlite3_file,
    disk: &'static Disk,
    /// `None`: a temporary file, which no crash leaves.
    file: Option<FileNumber>,
    /// The first sync makes the file's name durable, too.
    directory_due: bool,
}

/// Registers a VFS of its own over a new disk. It stays registered, as connections may outlive their test.
pub fn register() -> (String, &'static Disk) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let disk: &'static Disk = Box::leak(Box::default());
    let name = format!("crash{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let real = real();
    // SAFETY: `real` is SQLite's own VFS, which lives for ever. The copy keeps its functions, which take what they need
    // from the arguments, and gets a name, data and an opening and deleting of its own.
    unsafe {
        let shim = Box::leak(Box::new(*real));
        shim.zName = CString::new(name.clone()).expect("no zero in a number").into_raw();
        shim.pNext = std::ptr::null_mut();
        shim.pAppData = std::ptr::from_ref(disk).cast_mut().cast();
        shim.szOsFile += c_int::try_from(size_of::<Handle>()).expect("a small struct");
        shim.xOpen = Some(open);
        shim.xDelete = Some(delete);
        assert_eq!(ffi::sqlite3_vfs_register(shim, 0), ffi::SQLITE_OK);
    }
    (name, disk)
}

fn real() -> *mut sqlite3_vfs {
    // SAFETY: the argument is a constant text; initialising first is what the call asks for.
    let found = unsafe {
        ffi::sqlite3_initialize();
        ffi::sqlite3_vfs_find(c"unix".as_ptr())
    };
    assert!(!found.is_null(), "SQLite has its Unix VFS");
    found
}

/// # Safety
/// `file` is one that [`open`] opened.
unsafe fn handle<'a>(file: *mut sqlite3_file) -> &'a mut Handle {
    unsafe { &mut *file.cast::<Handle>() }
}

/// The part of the real VFS.
///
/// # Safety
/// `file` has the size that the shim asked for.
unsafe fn inner(file: *mut sqlite3_file) -> *mut sqlite3_file {
    unsafe { file.cast::<Handle>().add(1).cast() }
}

/// Calls the real method of a file.
macro_rules! pass {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        let file = inner($file);
        ((*(*file).pMethods).$method.expect("the Unix VFS has all methods"))(file $(, $argument)*)
    }};
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    unsafe {
        (*file).pMethods = std::ptr::null();
        let path = (!name.is_null()).then(|| CStr::from_ptr(name).to_str().expect("a test's path is UTF-8"));
        let existed = path.is_some_and(|path| std::fs::metadata(path).is_ok());
        let real = real();
        let code = (*real).xOpen.expect("it opens files")(real, name, inner(file), flags, out_flags);
        if code != ffi::SQLITE_OK {
            return code;
        }
        let disk = &*(*vfs).pAppData.cast::<Disk>();
        let number = path.map(|path| {
            let inode = std::fs::metadata(path).map_or(0, |facts| facts.ino());
            disk.opened(base_name(path), inode, !existed, || std::fs::read(path).unwrap_or_default())
        });
        let journals = ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL;
        file.cast::<Handle>().write(Handle {
            base: sqlite3_file { pMethods: &raw const METHODS },
            disk,
            file: number,
            directory_due: !existed && flags & journals != 0,
        });
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync_directory: c_int) -> c_int {
    unsafe {
        let real = real();
        let code = (*real).xDelete.expect("it deletes files")(real, name, sync_directory);
        if code == ffi::SQLITE_OK {
            let disk = &*(*vfs).pAppData.cast::<Disk>();
            disk.deleted(base_name(CStr::from_ptr(name).to_str().expect("a test's path is UTF-8")));
            if sync_directory != 0 {
                disk.directory_synced();
            }
        }
        code
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    unsafe { pass!(file, xClose) }
}

unsafe extern "C" fn read(file: *mut sqlite3_file, into: *mut c_void, amount: c_int, offset: sqlite3_int64) -> c_int {
    unsafe {
        match handle(file).disk.trip(Call::Read) {
            Some(code) => code,
            None => pass!(file, xRead, into, amount, offset),
        }
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    amount: c_int,
    offset: sqlite3_int64,
) -> c_int {
    unsafe {
        let handle = handle(file);
        let fault = handle.disk.trip(Call::Write);
        // Half of a write that fails is done.
        let done = if fault.is_some() { amount / 2 } else { amount };
        let code = if done > 0 { pass!(file, xWrite, from, done, offset) } else { ffi::SQLITE_OK };
        if let Some(number) = handle.file
            && code == ffi::SQLITE_OK
        {
            let bytes = std::slice::from_raw_parts(from.cast::<u8>(), done.unsigned_abs() as usize).to_vec();
            handle.disk.changed(number, Change::Write { offset: offset.cast_unsigned(), bytes });
        }
        fault.unwrap_or(code)
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    unsafe {
        let handle = handle(file);
        if let Some(code) = handle.disk.trip(Call::Truncate) {
            return code;
        }
        let code = pass!(file, xTruncate, size);
        if let Some(number) = handle.file
            && code == ffi::SQLITE_OK
        {
            handle.disk.changed(number, Change::Truncate { size: size.cast_unsigned() });
        }
        code
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    unsafe {
        let handle = handle(file);
        let Some(number) = handle.file else { return ffi::SQLITE_OK };
        if let Some(code) = handle.disk.trip(Call::Sync) {
            handle.disk.sync_failed(number);
            return code;
        }
        handle.disk.synced(number);
        if std::mem::take(&mut handle.directory_due) {
            handle.disk.directory_synced();
        }
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, size: *mut sqlite3_int64) -> c_int {
    unsafe { pass!(file, xFileSize, size) }
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    unsafe { pass!(file, xLock, level) }
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    unsafe { pass!(file, xUnlock, level) }
}

unsafe extern "C" fn check_reserved(file: *mut sqlite3_file, out: *mut c_int) -> c_int {
    unsafe { pass!(file, xCheckReservedLock, out) }
}

unsafe extern "C" fn control(file: *mut sqlite3_file, operation: c_int, argument: *mut c_void) -> c_int {
    unsafe { pass!(file, xFileControl, operation, argument) }
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    unsafe { pass!(file, xSectorSize) }
}

unsafe extern "C" fn characteristics(file: *mut sqlite3_file) -> c_int {
    unsafe { pass!(file, xDeviceCharacteristics) }
}

unsafe extern "C" fn map(
    file: *mut sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    unsafe { pass!(file, xShmMap, region, size, extend, out) }
}

unsafe extern "C" fn map_lock(file: *mut sqlite3_file, offset: c_int, count: c_int, flags: c_int) -> c_int {
    unsafe { pass!(file, xShmLock, offset, count, flags) }
}

unsafe extern "C" fn barrier(file: *mut sqlite3_file) {
    unsafe { pass!(file, xShmBarrier) }
}

unsafe extern "C" fn unmap(file: *mut sqlite3_file, delete: c_int) -> c_int {
    unsafe { pass!(file, xShmUnmap, delete) }
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // Version 2: shared memory, but no memory maps.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(map),
    xShmLock: Some(map_lock),
    xShmBarrier: Some(barrier),
    xShmUnmap: Some(unmap),
    xFetch: None,
    xUnfetch: None,
};
