import { setTimeout as sleep } from 'node:timers/promises';
import { eq } from 'drizzle-orm';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../../src/sandbox/index.ts';
import { openStorage, type Storage } from '../../src/storage/open.ts';
import { APP_SECRET, canaryBytes, DATABASE_PASSWORD, SESSION_KEY_SECRET } from '../support/canaries.ts';
import { runSql } from '../support/databases.ts';
import { type Galera, missingForGalera, startGalera } from '../support/galera.ts';
import { NOTE_TABLES, NOTES, noteOf, openNotesStorage } from '../support/notes.ts';
import { APP_ID, SECOND_APP_ID } from '../support/product.ts';
import { type Replica, startReplica } from '../support/replica.ts';
import { createLoad, type Load, logIn, logOut, me } from './load.ts';

const DATABASE = 'weapp_login';
const LOGINS = 600;
const PEOPLE = 30;
const TRANSACTIONS = 200;
/** Of them, half on each node. */
const AT_ONCE = 4;
const ROUNDS = Number(process.env.CLUSTER_ROUNDS ?? 200);
const FAILOVER_MS = 5000;
/** Its default, unless the environment has another. */
const DEADLINE_MS = Number(process.env.DATABASE_TIMEOUT_MS ?? 5000);

const missing = missingForGalera();
if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}. Run: npm run test:cluster`);

const figures: string[] = [];
const note = (figure: string) => figures.push(figure);
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

describe('two replicas on a Galera cluster of three nodes', () => {
  let galera: Galera;
  let sandbox: Sandbox;
  let replicas: [Replica, Replica];
  beforeAll(async () => {
    const before = performance.now();
    galera = await startGalera();
    note(`the cluster is up after ${seconds(performance.now() - before)}`);
    await runSql(galera.nodes[0]?.url ?? '', `CREATE DATABASE ${DATABASE}`);
    const apps = [APP_ID, SECOND_APP_ID].map((appId) => ({ appId, secret: APP_SECRET }));
    sandbox = await createSandbox({ apps, random: canaryBytes });
    // Both migrate at once, each on a node of its own.
    const [first, second] = await Promise.all([start(0), start(1)]);
    if (!first || !second) throw new Error('no replicas');
    replicas = [first, second];
  });
  afterAll(async () => {
    for (const node of galera.nodes) node.unfreeze();
    await Promise.all(replicas.map((replica) => replica.stop()));
    await sandbox.close();
    galera.stop();
    process.stdout.write(`\n${figures.map((figure) => `  ${figure}`).join('\n')}\n`);
  });

  /** A replica that uses this node first. */
  const start = (first: number, more: Record<string, string> = {}) =>
    startReplica({
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      LOG_LEVEL: 'info',
      MIGRATE_ON_START: '1',
      DATABASE_URL: galera.url(DATABASE, first),
      DATABASE_TIMEOUT_MS: String(DEADLINE_MS),
      WECHAT_API_URL: sandbox.url,
      ...more,
    });

  test(`${LOGINS} concurrent first logins of ${PEOPLE} people make ${PEOPLE} users`, async () => {
    const start = performance.now();
    const results = await Promise.all(
      Array.from({ length: LOGINS }, (_, i) =>
        logIn(replicas[i % 2] ?? replicas[0], `crowd${i % PEOPLE}`, 10),
      ),
    );
    const ms = performance.now() - start;
    const failures = results.flatMap(({ failures }) => failures);
    note(
      `${LOGINS} first logins of ${PEOPLE} people: ${seconds(ms)}, ${failures.length} retries by the client`,
    );
    expect(failures.filter(({ action }) => action !== 'RETRY_LATER')).toEqual([]);
    expect(results.filter(({ login }) => !login)).toEqual([]);
    expect(results.filter(({ login }) => login?.isNewUser)).toHaveLength(PEOPLE);
    expect(new Set(results.map(({ login }) => login?.user.id)).size).toBe(PEOPLE);
    expect(
      await runSql(galera.url(DATABASE, 2).replace(/,[^/]+/, ''), 'SELECT count(*) AS users FROM user'),
    ).toEqual([{ users: PEOPLE }]);
  });

  test(`${TRANSACTIONS} transactions of a module that change one row, on two nodes, are all committed`, async () => {
    const storages = await Promise.all(
      [0, 1].map((first) => openNotesStorage(galera.url(DATABASE, first), { DATABASE_TIMEOUT_MS: '30000' })),
    );
    await Promise.all(storages.map((storage) => storage.migrate([NOTES])));
    const [one] = storages;
    if (!one) throw new Error('no storage');
    await one.database.rows(NOTE_TABLES).insert(noteOf('shared'));
    let attempts = 0;
    const start = performance.now();
    const write = (n: number) =>
      storages[n % 2]?.database.transaction(async (tx) => {
        attempts += 1;
        const notes = tx.rows(NOTE_TABLES);
        await notes.insert(noteOf(`a${n}`));
        await notes.update(eq(notes.columns.id, 'shared'), { text: String(n) });
        await notes.insert(noteOf(`b${n}`));
      });
    for (let n = 0; n < TRANSACTIONS; n += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => write(n + i)));
    note(
      `${TRANSACTIONS} transactions on one row by two nodes: ${seconds(performance.now() - start)}, ${attempts} attempts`,
    );
    for (const { database } of storages)
      expect(await database.rows(NOTE_TABLES).count()).toBe(2 * TRANSACTIONS + 1);
    // Else nothing was in conflict.
    expect(attempts).toBeGreaterThan(TRANSACTIONS);
    await Promise.all(storages.map((storage) => storage.close()));
  });

  test('me works on the other node right after login, and is rejected right after logout, under load', async () => {
    const load = createLoad(replicas, 4);
    let [unknown, stillValid, retries] = [0, 0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      const [here, there] = round % 2 ? replicas : [replicas[1], replicas[0]];
      const { login, failures } = await logIn(here, `traveller${round % 7}`, 5);
      if (!login) throw new Error('no login');
      retries += failures.length;
      if ((await me(there, login.token)).id !== login.user.id) unknown += 1;
      // Where the row is needed for the logout, it may be new as well.
      const [from, other] = round % 4 < 2 ? [here, there] : [there, here];
      await logOut(from, login.token);
      if ((await me(other, login.token)).code !== 'UNAUTHENTICATED') stillValid += 1;
    }
    await load.stop();
    note(
      `${ROUNDS} rounds of login, me, logout, me: ${unknown} unknown after login, ${stillValid} valid after logout, ${retries} retries by the client`,
    );
    expect([unknown, stillValid]).toEqual([0, 0]);
  });

  test('first logins of new people are known, and logged out, on the other node at once', async () => {
    const load = createLoad(replicas, 4);
    let [unknown, stillValid, retries] = [0, 0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      const [here, there] = round % 2 ? replicas : [replicas[1], replicas[0]];
      const { login, failures } = await logIn(here, `newcomer${round}`, 5);
      if (!login) throw new Error('no login');
      retries += failures.length;
      if (round % 3 && (await me(there, login.token)).id !== login.user.id) unknown += 1;
      await logOut(there, login.token);
      if ((await me(here, login.token)).code !== 'UNAUTHENTICATED') stillValid += 1;
    }
    await load.stop();
    note(
      `${ROUNDS} rounds with new people: ${unknown} unknown after login, ${stillValid} valid after logout, ${retries} retries by the client`,
    );
    expect([unknown, stillValid]).toEqual([0, 0]);
  });

  test('with RATE_LIMIT_STORE=database logins succeed, although the counters of two nodes conflict', async () => {
    const counting = await Promise.all(
      [0, 1].map((first) =>
        start(first, {
          RATE_LIMIT_STORE: 'database',
          RATE_LIMIT_LOGINS_PER_ADDRESS: '100000',
          RATE_LIMIT_LOGINS_PER_APP: '100000',
        }),
      ),
    );
    const before = performance.now();
    const results = await Promise.all(
      counting.flatMap((replica, i) =>
        Array.from({ length: 200 }, (_, n) => logIn(replica, `counted${i}x${n}`, 10)),
      ),
    );
    const ms = performance.now() - before;
    await Promise.all(counting.map((replica) => replica.stop()));
    const inMemory = counting.map((replica) => replica.output().split('counters failed').length - 1);
    note(
      `400 logins with RATE_LIMIT_STORE=database: ${seconds(ms)}, ${inMemory.join(' and ')} failures of the counters`,
    );
    expect(results.filter(({ login }) => !login)).toEqual([]);
  });

  describe('the statements of two nodes', () => {
    let storages: [Storage, Storage];
    beforeAll(async () => {
      const open = (first: number) => {
        const { port } = galera.nodes[first] ?? { port: 0 };
        return openStorage(
          {
            ...{ dialect: 'mysql', host: '127.0.0.1', port, fallbacks: [], user: 'weapp', ssl: false },
            ...{ password: DATABASE_PASSWORD, database: DATABASE, poolSize: 5, timeoutMs: DEADLINE_MS },
          },
          [SESSION_KEY_SECRET],
        );
      };
      storages = [await open(0), await open(1)];
    });
    afterAll(async () => {
      for (const storage of storages) await storage.close();
    });

    test('an erased, disabled user who logs in on another node is still disabled', async () => {
      const load = createLoad(replicas, 4);
      let enabled = 0;
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const [{ users: here }, { users: there }] = round % 2 ? storages : [storages[1], storages[0]];
        const identity = {
          appId: APP_ID,
          openId: `oErased${String(round).padStart(21, '0')}`,
          sessionKey: 'x',
        };
        const { user } = await here.enrol(identity, {});
        const disabled = await here.setDisabled(user.id, true);
        if (!disabled) throw new Error('no user');
        await here.erase(disabled);
        const start = performance.now();
        const again = await there.enrol(identity, {});
        times.push(performance.now() - start);
        if (!again.user.disabledAt) enabled += 1;
      }
      await load.stop();
      note(`${ROUNDS} erased users log in on another node: ${enabled} enabled again`);
      expect(enabled).toBe(0);
    });
  });

  test('what a statement costs that waits for earlier commits', async () => {
    const connection = await createConnection(`${galera.nodes[1]?.url}/${DATABASE}`);
    const medians = [];
    for (const wait of [0, 7]) {
      await connection.query(`SET SESSION wsrep_sync_wait = ${wait}`);
      const times = [];
      for (let i = 0; i < 1000; i++) {
        const start = performance.now();
        await connection.execute('SELECT * FROM user WHERE id = ?', ['x']);
        times.push(performance.now() - start);
      }
      medians.push(times.sort((a, b) => a - b)[500] ?? 0);
    }
    await connection.end();
    note(`a read takes ${medians.map((ms) => `${ms.toFixed(2)} ms`).join(', and with wsrep_sync_wait ')}`);
  });

  /** Counts what fails from a fault on, and how long it takes until each replica works again. */
  async function underLoad(name: string, fault: (load: Load) => Promise<void>): Promise<Load> {
    const load = createLoad(replicas, 8);
    await sleep(2000);
    await fault(load);
    await load.stop();
    const codes = Object.entries(load.failures()).map(([code, count]) => `${count} ${code}`);
    note(
      `${name}: longest gap ${seconds(load.longestGap())} (per replica ${replicas.map((replica) => seconds(load.longestGap(replica))).join(', ')}), ${load.logins.length} logins, failed: ${codes.join(', ') || 'none'}`,
    );
    return load;
  }

  async function expectNothingLost(load: Load): Promise<void> {
    for (const { token, id } of load.logins)
      for (const replica of replicas) expect(await me(replica, token, 10)).toEqual({ id });
    expect(load.failures()).not.toHaveProperty('NETWORK');
  }

  const allSynced = () => Promise.all(galera.nodes.map((node) => node.synced(galera.nodes.length)));
  /** A host that failed is tried again after five seconds. */
  const allInUse = () => sleep(6000);

  test(`a node in use is killed: it takes at most ${FAILOVER_MS / 1000} s, and no login is lost`, async () => {
    const load = await underLoad('a node in use is killed', async () => {
      await galera.nodes[0]?.kill();
      await sleep(8000);
    });
    for (const replica of replicas) expect(load.longestGap(replica)).toBeLessThan(FAILOVER_MS);
    await expectNothingLost(load);
    galera.nodes[0]?.start();
    await allSynced();
  });

  test('a node in use freezes: it takes no longer than the deadline of a statement', async () => {
    await allInUse();
    const load = await underLoad('a node in use freezes', async () => {
      galera.nodes[1]?.freeze();
      await sleep(12_000);
    });
    galera.nodes[1]?.unfreeze();
    await allSynced();
    for (const replica of replicas) expect(load.longestGap(replica)).toBeLessThan(DEADLINE_MS + 1500);
    await expectNothingLost(load);
  });

  test('without quorum all get SERVICE_UNAVAILABLE in time; with quorum all works again, without a restart', async () => {
    const { login } = await logIn(replicas[0], 'survivor', 10);
    if (!login) throw new Error('no login');
    let back = 0;
    const load = await underLoad('quorum is lost for 10 s', async () => {
      await Promise.all([galera.nodes[1]?.kill(), galera.nodes[2]?.kill()]);
      await sleep(4000);
      for (const replica of replicas) {
        const start = performance.now();
        expect(await me(replica, login.token)).toEqual({ code: 'SERVICE_UNAVAILABLE' });
        expect(performance.now() - start).toBeLessThan(DEADLINE_MS + 1000);
        const [ready, health] = await Promise.all(
          ['ready', 'health'].map((path) => fetch(`${replica.url}/${path}`)),
        );
        expect([ready?.status, health?.status]).toEqual([503, 200]);
      }
      await sleep(6000);
      galera.nodes[1]?.start();
      galera.nodes[2]?.start();
      await allSynced();
      const synced = performance.now();
      for (const replica of replicas)
        for (let works = false; !works; await sleep(20)) {
          const { status } = await fetch(`${replica.url}/ready`);
          works = status === 200 && (await me(replica, login.token)).id === login.user.id;
        }
      back = performance.now() - synced;
      await sleep(1000);
    });
    note(`after the cluster has quorum again, both replicas work after ${seconds(back)}`);
    expect(back).toBeLessThan(10_000);
    await expectNothingLost(load);
  });
});
