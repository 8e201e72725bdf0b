//! What the machine has.

use sysinfo::{MemoryRefreshKind, System};

/// The memory of this machine in bytes; in a container, what the container may have. `None` where the system does not tell.
pub fn memory() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    let all = Some(system.total_memory());
    let container = system.cgroup_limits().map(|limits| limits.total_memory);
    all.into_iter().chain(container).filter(|&bytes| bytes > 0).min()
}

/// Asks the system for large pages where some memory is not touched yet. What is looked up in many megabytes at random waits
/// for the tables of small pages as long as for the memory itself; and each page that is touched for the first time costs
/// up to 3 µs, of whatever size: for the ids of 13 MB of English, 10 of 40 ms.
pub(crate) fn prefer_large_pages<T>(memory: *const T, length: usize) {
    #[cfg(target_os = "linux")]
    {
        const LARGE: usize = 2 << 20;
        let (start, end) = (memory.addr().next_multiple_of(LARGE), memory.addr() + length * size_of::<T>());
        if start + LARGE <= end {
            // SAFETY: this is advice about whole pages; what they hold does not change. Whether it is followed does not matter.
            unsafe {
                libc::madvise(
                    memory.with_addr(start).cast_mut().cast(),
                    (end - start) / LARGE * LARGE,
                    libc::MADV_HUGEPAGE,
                )
            };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (memory, length);
}

/// Makes room for so many more values, in large pages where there are any: they are asked for before anything is touched.
/// Very many values are left to the allocator instead, which moves their pages without touching them, so that they are never in
/// memory twice.
pub(crate) fn reserve<T>(values: &mut Vec<T>, more: usize) {
    /// glibc's allocator moves nothing smaller (its largest `M_MMAP_THRESHOLD`).
    const MOVED: usize = 32 << 20;
    if size_of_val(values.as_slice()) > MOVED {
        values.reserve_exact(more);
        prefer_large_pages(values.as_ptr(), values.capacity());
    } else {
        let mut larger = Vec::with_capacity(values.len() + more);
        prefer_large_pages(larger.as_ptr(), larger.capacity());
        larger.append(values);
        *values = larger;
    }
}

/// Asks for memory that will be read soon.
#[inline(always)]
pub(crate) fn prefetch<T>(memory: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch touches nothing, whatever the address; SSE is part of the architecture.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(memory.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = memory;
}
