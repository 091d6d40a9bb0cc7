/** Simulated time and what is due. All times are milliseconds. */
export type Events = {
  now(): number;
  /** What is due at the same time runs in the order of these calls. */
  after(ms: number, run: () => void): void;
  /** Runs what is due until then, or until nothing is. */
  runUntil(end: number): void;
};

type Event = { at: number; serial: number; run: () => void };

/** A binary heap: the earliest event is the first. */
export function createEvents(): Events {
  const heap: Event[] = [];
  let now = 0;
  let serials = 0;

  function push(event: Event): void {
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const above = (i - 1) >> 1;
      const other = heap[above];
      if (!other || !isBefore(event, other)) break;
      heap[i] = other;
      i = above;
    }
    heap[i] = event;
  }

  function pop(): Event | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      const [left, right] = [heap[2 * i + 1], heap[2 * i + 2]];
      if (!left) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[i] = child;
      i = 2 * i + (isRight ? 2 : 1);
    }
    heap[i] = last;
    return first;
  }

  return {
    now: () => now,
    after(ms, run) {
      push({ at: now + ms, serial: serials++, run });
    },
    runUntil(end) {
      for (let next = heap[0]; next && next.at <= end; next = heap[0]) {
        pop();
        now = next.at;
        next.run();
      }
      now = Math.max(now, end);
    },
  };
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.serial < b.serial);
}
