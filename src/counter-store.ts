import type { Config } from './config/config.ts';
import type { Log } from './ops/log.ts';
import type { CounterStore } from './ops/rate-limit.ts';
import type { SharedMemory } from './ops/redis.ts';

export type CounterStoreOptions = {
  memory: SharedMemory | undefined;
  log: Log;
  /** Gets the function that closes the store. */
  closers: (() => Promise<void>)[];
};

/** Where replicas share counters; undefined if each counts in memory. */
export async function openCounterStore(
  { database, rateLimitStore }: Config,
  { memory, log, closers }: CounterStoreOptions,
): Promise<CounterStore | undefined> {
  if (memory) return { kind: 'redis', client: memory.counters };
  if (rateLimitStore === 'memory' || database.dialect !== 'mysql') return undefined;
  const { createCounterPool } = await import('./storage/counters.ts');
  const pool = createCounterPool(database, (err) =>
    log.warn({ err }, 'the shared rate-limit counters failed: this process counts in memory'),
  );
  closers.push(pool.close);
  return { kind: 'mysql', pool, database: database.database };
}
