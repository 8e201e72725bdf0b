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
