import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { freePort, startMariaDb } from '../test/support/mariadb.ts';
import { childrenOf } from '../test/support/processes.ts';
import { startProduction } from './production.ts';

/**
 * Kills one of two workers under load, and prints which requests failed and when another worker responded. ROUNDS=3 repeats
 * it.
 */
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const CLIENTS = 30;
const WORKERS = 2;
const BEFORE_MS = 1000;
/** A worker that is killed sooner after its start is replaced later. */
const BETWEEN_MS = 11_000;
const AFTER_MS = 4000;
const POLL_MS = 20;
/** A connection that was handed to a worker just when it was killed gets no response. */
const TIMEOUT_MS = 3000;

const mariadb = await startMariaDb();
const connection = await createConnection(mariadb.url);
await connection.query('CREATE DATABASE workers');
await connection.end();
const metricsPort = await freePort();
const server = await startProduction({
  WORKERS: String(WORKERS),
  DATABASE_URL: `${mariadb.url}/workers`,
  METRICS_PORT: String(metricsPort),
  SHUTDOWN_DELAY_MS: '0',
});

process.stdout.write(
  '| round | requests | failed | in flight when it was killed | another responds after ms |\n| ---: | ---: | ---: | ---: | ---: |\n',
);
try {
  for (let round = 1; round <= ROUNDS; round++) {
    await sleep(BETWEEN_MS);

    process.stdout.write(`| ${[round, ...(await killOne())].join(' | ')} |\n`);
  }
} finally {
  await server.stop();
  await mariadb.stop();
}

async function killOne(): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  let requests = 0;
  let failed = 0;
  let inFlight = 0;
  let isOver = false;
  const client = async (name: number) => {
    while (!isOver) {
      requests += 1;
      inFlight += 1;
      if (!(await logIn(agent, `dev:person-${name}`))) failed += 1;
      inFlight -= 1;
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(i)));
  await sleep(BEFORE_MS);
  const [victim] = childrenOf(server.pid);
  if (victim === undefined) throw new Error('there is no worker');
  const inFlightThen = inFlight;
  process.kill(victim, 'SIGKILL');
  const killedAt = performance.now();
  let wasMissing = false;
  let respondsAfter = Number.NaN;
  while (performance.now() < killedAt + AFTER_MS && Number.isNaN(respondsAfter)) {
    await sleep(POLL_MS);
    const responding = await respondingWorkers();
    wasMissing ||= responding < WORKERS;
    if (wasMissing && responding === WORKERS) respondsAfter = performance.now() - killedAt;
  }
  isOver = true;
  await clients;
  agent.destroy();
  return [requests, failed, inFlightThen, Math.round(respondsAfter)];
}

function logIn(agent: Agent, code: string): Promise<boolean> {
  const body = JSON.stringify({ query: `mutation { login(code: "${code}") { token } }` });
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  return new Promise((resolve) => {
    const options = { agent, method: 'POST', headers, timeout: TIMEOUT_MS };
    const sent = request(`${server.url}/graphql`, options, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text.includes('"token"')));
      response.on('error', () => resolve(false));
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(false));
    sent.end(body);
  });
}

async function respondingWorkers(): Promise<number> {
  try {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    return Number(/^weapp_login_workers (\d+)$/m.exec(text)?.[1]);
  } catch {
    return 0;
  }
}
