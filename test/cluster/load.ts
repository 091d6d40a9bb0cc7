import { setTimeout as sleep } from 'node:timers/promises';
import type { Replica } from '../support/replica.ts';

type Login = { token: string; isNewUser: boolean; user: { id: string } };
type Failure = { code: string; action: string };

const RETRY_MS = 100;
/** The client package waits so long. */
const REQUEST_TIMEOUT_MS = 15_000;

async function post(
  replica: Replica,
  query: string,
  token?: string,
): Promise<{ data?: Record<string, unknown>; failure?: Failure }> {
  try {
    const response = await fetch(`${replica.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify({ query }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const { data, errors } = await response.json();
    return errors ? { failure: errors[0].extensions } : { data };
  } catch {
    return { failure: { code: 'NETWORK', action: 'NONE' } };
  }
}

/** Logs in a person of the sandbox, and tries again after failures that a retry may fix. */
export async function logIn(
  replica: Replica,
  name: string,
  attempts: number,
): Promise<{ login?: Login; failures: Failure[] }> {
  const failures: Failure[] = [];
  const mutation = `mutation { login(code: "dev:${name}") { token isNewUser user { id } } }`;
  while (failures.length < attempts) {
    const { data, failure } = await post(replica, mutation);
    if (!failure) return { login: JSON.parse(JSON.stringify(data?.login)), failures };
    failures.push(failure);
    if (failure.action !== 'RETRY_LATER') break;
    await sleep(RETRY_MS * failures.length);
  }
  return { failures };
}

export async function me(
  replica: Replica,
  token: string,
  attempts = 1,
): Promise<{ id?: string; code?: string }> {
  const { data, failure } = await post(replica, '{ me { id } }', token);
  if (!failure) return JSON.parse(JSON.stringify(data?.me));
  if (attempts === 1 || failure.action !== 'RETRY_LATER') return { code: failure.code };
  await sleep(RETRY_MS);
  return me(replica, token, attempts - 1);
}

export async function logOut(replica: Replica, token: string): Promise<void> {
  const { failure } = await post(replica, 'mutation { logout { user { id } } }', token);
  if (failure) throw new Error(`logout: ${failure.code}`);
}

/** Clients that log in new people on one replica, and read them there or on the other, all the time. */
export type Load = {
  /** The logins that were acknowledged. */
  logins: readonly { token: string; id: string }[];
  /** How many requests failed with each code. */
  failures(): Record<string, number>;
  /** The longest time without a success, in milliseconds; of one replica, or of all together. */
  longestGap(replica?: Replica): number;
  stop(): Promise<void>;
};

let people = 0;

export function createLoad(replicas: readonly Replica[], clients: number): Load {
  const logins: { token: string; id: string }[] = [];
  const failures: Record<string, number> = {};
  const start = performance.now();
  const successes: { at: number; replica: Replica }[] = [];
  let isStopping = false;

  function count(replica: Replica, code: string | undefined): void {
    if (code === undefined) successes.push({ at: performance.now(), replica });
    else failures[code] = (failures[code] ?? 0) + 1;
  }

  /** Half of the clients use one replica only, so that one that waits does not stop all. */
  async function runClient(number: number): Promise<void> {
    const here = replicas[number % replicas.length];
    const isCrossing = number % (2 * replicas.length) >= replicas.length;
    const there = replicas[(number + Number(isCrossing)) % replicas.length];
    while (!isStopping) {
      if (!here || !there) return;
      const { login, failures } = await logIn(here, `load${people++}`, 1);
      count(here, failures[0]?.code);
      if (login) {
        logins.push({ token: login.token, id: login.user.id });
        count(there, (await me(there, login.token)).code);
      }
      await sleep(failures.length > 0 ? RETRY_MS : 5);
    }
  }

  const running = Array.from({ length: clients }, (_, i) => runClient(i));
  return {
    logins,
    failures: () => failures,
    longestGap(replica) {
      const times = successes.filter((each) => !replica || each.replica === replica).map(({ at }) => at);
      const all = [start, ...times.sort((a, b) => a - b)];
      return Math.max(0, ...all.slice(1).map((at, i) => at - (all[i] ?? at)));
    },
    async stop() {
      isStopping = true;
      await Promise.all(running);
      successes.push(...replicas.map((replica) => ({ at: performance.now(), replica })));
    },
  };
}
