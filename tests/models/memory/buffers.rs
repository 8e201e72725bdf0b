//! One buffer that several threads fill.

use loom::sync::Arc;
use loom::thread;

use super::flat::Flat;
use super::ledger::{Buffer, Ledger};
use crate::vocab::Id;

pub const MODELS: [(&str, fn()); 2] = [
    ("places are filled while the buffer grows", places_are_filled_while_the_buffer_grows),
    ("tasks are entered in any order", tasks_are_entered_in_any_order),
];

fn places_are_filled_while_the_buffer_grows() {
    let flat = Arc::new(Flat::<u32>::new(1));
    let threads = [1, 2].map(|length| {
        let flat = Arc::clone(&flat);
        thread::spawn(move || {
            let place = flat.claim(length);
            let start = place.start() as u32;
            let values: Vec<u32> = (start..start + length as u32).collect();
            place.fill(&values, 0);
        })
    });
    flat.claim(0).fill(&[], 0);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(owned(flat).into_values(), [0, 1, 2]);
}

fn tasks_are_entered_in_any_order() {
    // Task 0 gives ids 0 and 1, task 1 none, task 2 id 2; each is a text of as many bytes.
    let ids: [&[u32]; 3] = [&[0, 1], &[], &[2]];
    let ledger = Arc::new(Ledger::new(3, 3));
    let enter = move |ledger: &Ledger, tasks: &[usize]| {
        let mut buffer = Buffer::default();
        for &task in tasks {
            buffer.ids.extend(ids[task].iter().copied().map(Id));
            buffer.ends.push(ids[task].len() as i64);
            buffer.bytes = ids[task].len();
            ledger.enter(task, &mut buffer);
            assert!(buffer.ids.is_empty() && buffer.ends.is_empty());
        }
    };
    let other = {
        let ledger = Arc::clone(&ledger);
        thread::spawn(move || enter(&ledger, &[1]))
    };
    enter(&ledger, &[2, 0]);
    other.join().unwrap();
    let batch = owned(ledger).into_batch();
    assert_eq!(batch.values, [0, 1, 2].map(Id));
    assert_eq!(batch.offsets, [0, 2, 2, 3]);
}

fn owned<T>(shared: Arc<T>) -> T {
    Arc::try_unwrap(shared).ok().expect("the threads have ended")
}
