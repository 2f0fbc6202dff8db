// leaver TRUTH [N]: as leaver.cc, in Rust: functions that panics pass through, that end in several places and in each other.
use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(2);

type Truth = BTreeMap<&'static str, [u128; 4]>;
static TRUTH: Mutex<Truth> = Mutex::new(BTreeMap::new());

fn add(name: &'static str, calls: u128, returned: u128, least: Duration, most: Duration) {
    let mut truth = TRUTH.lock().unwrap();
    let sum = truth.entry(name).or_default();
    for (into, more) in sum.iter_mut().zip([calls, returned, least.as_nanos(), most.as_nanos()]) {
        *into += more;
    }
}

#[no_mangle]
#[inline(never)]
fn rust_naps(x: i64) -> i64 {
    std::thread::sleep(NAP);
    x + 1
}

#[no_mangle]
#[inline(never)]
fn rust_panics_odd(x: i64) -> i64 {
    if black_box(x) % 2 != 0 {
        std::panic::resume_unwind(Box::new(x));
    }
    x
}

// Has something to drop when a panic passes.
#[no_mangle]
#[inline(never)]
fn rust_passes_on(x: i64) -> i64 {
    let held = vec![x; 3];
    let value = rust_naps(black_box(&held)[1]) - 1;
    rust_panics_odd(value) + black_box(&held)[2]
}

#[no_mangle]
#[inline(never)]
fn rust_catches(x: i64) -> i64 {
    std::panic::catch_unwind(|| rust_passes_on(x)).unwrap_or(-1)
}

#[no_mangle]
#[inline(never)]
fn rust_switches(x: i64) -> i64 {
    match x % 8 {
        0 => rust_naps(x) - x,
        1 => black_box(11),
        2 => black_box(x) - x + 12,
        3 => black_box(13) + x - x,
        4 => black_box(x) * 0 + 14,
        5 => black_box(15),
        6 => black_box(x) - x + 16,
        _ => 17,
    }
}

#[no_mangle]
#[inline(never)]
fn rust_recurses(depth: i64, x: i64) -> i64 {
    if depth == 0 {
        return black_box(x);
    }
    rust_recurses(depth - 1, x) + black_box(1)
}

fn leave_once(x: i64) {
    let odd = x % 2 != 0;
    let returned = u128::from(!odd);
    let zero = Duration::ZERO;
    let begin = Instant::now();
    assert_eq!(rust_catches(x), if odd { -1 } else { 2 * x });
    let took = begin.elapsed();
    add("rust_catches", 1, 1, NAP, took);
    add("rust_passes_on", 1, returned, if odd { zero } else { NAP }, if odd { zero } else { took });
    add("rust_panics_odd", 1, returned, zero, if odd { zero } else { took });
    add("rust_naps", 1, 1, NAP, took);
    let begin = Instant::now();
    assert_eq!(rust_switches(x), [1, 11, 12, 13, 14, 15, 16, 17][(x % 8) as usize]);
    let took = begin.elapsed();
    let slept = x % 8 == 0;
    add("rust_switches", 1, 1, if slept { NAP } else { zero }, took);
    if slept {
        add("rust_naps", 1, 1, NAP, took);
    }
    let begin = Instant::now();
    assert_eq!(rust_recurses(9, x), x + 9);
    add("rust_recurses", 10, 10, zero, 10 * begin.elapsed());
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let times: i64 = arguments.get(2).map_or(16, |text| text.parse().unwrap());
    let threads: Vec<_> = (0..4)
        .map(|t| std::thread::spawn(move || (0..times).for_each(|i| leave_once(i + t))))
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let mut out = std::fs::File::create(&arguments[1]).unwrap();
    for (name, sum) in TRUTH.lock().unwrap().iter() {
        writeln!(out, "{} {} {} {} {}", sum[0], sum[1], sum[2], sum[3], name).unwrap();
    }
    println!("right");
}
