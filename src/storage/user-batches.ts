import DataLoader from 'dataloader';
import { withRetry } from './retry.ts';
import { type StorageError, toStorageError } from './storage-error.ts';
import type { Profile, User, UserRow } from './user-types.ts';

/** The first or a repeated login of a user. */
export type Enrolment = {
  /** The row to insert. */
  row: Omit<UserRow, 'disabledAt'>;
  /** What a repeated login changes beside session_key, unionid and times. */
  changes: readonly (keyof Profile)[];
  /** The user is inserted as disabled if one of these tombstones exists. */
  tombstoneIds: readonly string[];
};

/** Statements of constant text about several users. */
export type BatchStatements = {
  /** @param ids a power of two of them */
  findByIds(ids: readonly string[]): Promise<User[]>;
  /** @param openIds a power of two of them */
  findByOpenIds(appId: string, openIds: readonly string[]): Promise<User[]>;
  /**
   * Inserts the rows, or changes those that exist and are not disabled.
   * @param enrolments of different users, with the same changes and number of tombstone ids
   */
  enrol(enrolments: readonly Enrolment[]): Promise<unknown>;
  /** The error for a caller for whom the statements would wait for ever: it must not join a batch of others. */
  refusal?(): Error | undefined;
};

/** What concurrent requests ask for in one turn of the event loop shares a statement. Nothing is cached. */
export type UserBatches = {
  /** Null if there is no such user. */
  find(id: string): Promise<User | null>;
  /** The row after the login; null if it was deleted meanwhile. */
  enrol(enrolment: Enrolment): Promise<User | null>;
};

const MAX_READS = 64;
/** More rows in one statement lock more rows at once. */
const MAX_ENROLMENTS = 16;

const EACH_TURN = {
  cache: false,
  batchScheduleFn: (callback: () => void) => {
    setImmediate(callback);
  },
};

export function createUserBatches(statements: BatchStatements): UserBatches {
  const reads = new DataLoader(findMany, { ...EACH_TURN, maxBatchSize: MAX_READS });
  const enrolments = new DataLoader(enrolMany, EACH_TURN);

  async function findMany(ids: readonly string[]): Promise<(User | null)[]> {
    const rows = await withRetry(() => statements.findByIds(padded(ids)));
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id) ?? null);
  }

  async function enrolMany(all: readonly Enrolment[]): Promise<(User | Error | null)[]> {
    const results = new Map<Enrolment, User | Error | null>();
    for (const groups of roundsOf(all))
      await Promise.all(
        groups.map(async (group) => {
          for (const [enrolment, result] of await enrolGroup(group)) results.set(enrolment, result);
        }),
      );
    return all.map((enrolment) => results.get(enrolment) ?? null);
  }

  /** A failure rejects these enrolments only. */
  async function enrolGroup(group: readonly Enrolment[]): Promise<[Enrolment, User | Error | null][]> {
    try {
      const failures = await enrolRows(group);
      const rows = await readBack(group);
      return group.map((enrolment) => [
        enrolment,
        failures.get(enrolment) ?? rows.get(enrolment.row.openId) ?? null,
      ]);
    } catch (error) {
      const failure = toStorageError(error);
      return group.map((enrolment) => [enrolment, failure]);
    }
  }

  /**
   * Returns the failures of single rows: what all together fail with, a deadlock or a row that the database rejects, the
   * others may not.
   */
  async function enrolRows(group: readonly Enrolment[]): Promise<ReadonlyMap<Enrolment, StorageError>> {
    const failures = new Map<Enrolment, StorageError>();
    if (group.length === 1) {
      await withRetry(() => statements.enrol(group));
      return failures;
    }
    try {
      await statements.enrol(group);
    } catch (error) {
      rejectOutage(toStorageError(error));
      for (const enrolment of group) {
        try {
          await enrolRows([enrolment]);
        } catch (single) {
          failures.set(enrolment, rejectOutage(toStorageError(single)));
        }
      }
    }
    return failures;
  }

  async function readBack(group: readonly Enrolment[]): Promise<Map<string, User>> {
    const openIds = padded(group.map(({ row }) => row.openId));
    const appId = group[0]?.row.appId ?? '';
    const rows = await withRetry(() => statements.findByOpenIds(appId, openIds));
    return new Map(rows.map((row) => [row.openId, row]));
  }

  function refused(): Promise<never> | undefined {
    const error = statements.refusal?.();
    return error && Promise.reject(error);
  }

  return {
    find: (id) => refused() ?? reads.load(id),
    enrol: (enrolment) => refused() ?? enrolments.load(enrolment),
  };
}

/**
 * The groups of each round: a group is one statement, and the groups of a round run side by side. A user who logs in
 * twice is in two rounds. Sorted, so that two statements lock rows in the same order.
 */
function roundsOf(enrolments: readonly Enrolment[]): Enrolment[][][] {
  const logins = new Map<string, number>();
  const rounds: Map<string, Enrolment[]>[] = [];
  for (const enrolment of enrolments) {
    const { appId, openId } = enrolment.row;
    const user = `${appId}/${openId}`;
    const round = logins.get(user) ?? 0;
    logins.set(user, round + 1);
    const groups = rounds[round] ?? new Map<string, Enrolment[]>();
    rounds[round] = groups;
    const key = `${appId}/${enrolment.changes.join()}`;
    const group = groups.get(key);
    if (group) group.push(enrolment);
    else groups.set(key, [enrolment]);
  }
  return rounds.map((groups) => [...groups.values()].flatMap(chunksOf));
}

function chunksOf(group: readonly Enrolment[]): Enrolment[][] {
  const sorted = group.toSorted((a, b) => (a.row.openId < b.row.openId ? -1 : 1));
  const chunks: Enrolment[][] = [];
  for (let start = 0; start < sorted.length; start += MAX_ENROLMENTS)
    chunks.push(sorted.slice(start, start + MAX_ENROLMENTS));
  return chunks;
}

/** @throws {StorageError} a failure that every other statement would have too, each after its deadline */
function rejectOutage(error: StorageError): StorageError {
  if (error.failure === 'UNAVAILABLE' && !error.retryable) throw error;
  return error;
}

/** Without duplicates, with the last one repeated up to a power of two: so there are few texts of statements. */
function padded(values: readonly string[]): string[] {
  const unique = [...new Set(values)];
  const size = 2 ** Math.ceil(Math.log2(unique.length));
  const last = unique.at(-1) ?? '';
  return [...unique, ...Array.from({ length: size - unique.length }, () => last)];
}
