import { always, noop } from './platform.mts';

/** Runs work as soon as a slot is free. */
export type Queue = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Limits how much work runs at the same time. Waiting work starts in the order of the calls. */
export function createQueue(freeSlots: number): Queue {
  const waiting: (() => void)[] = [];
  return (work) =>
    always(--freeSlots < 0 ? new Promise<void>((start) => waiting.push(start)).then(work) : work(), () => {
      freeSlots++;
      (waiting.shift() || noop)();
    });
}
