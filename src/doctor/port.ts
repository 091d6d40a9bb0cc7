import { createServer } from 'node:net';
import { parseObject } from '../common/json.ts';
import { formatAddress } from './addresses.ts';
import type { Subject } from './check.ts';
import { type Finding, failed, ok, warning } from './findings.ts';

const CHECK = 'port';
const PROBE_TIMEOUT_MS = 2000;

/** Listens on the port for a moment. If it is used, the server may be running. */
export async function checkPort({ config, explain }: Subject): Promise<Finding[]> {
  const { host, port } = config.http;
  if (port === 0) return [ok(CHECK, 'PORT=0: the server selects a free port')];
  const address = formatAddress(host, port);
  const error = await tryToListen(host, port);
  if (!error) return [ok(CHECK, `${address} is free`)];
  if (error.code !== 'EADDRINUSE')
    return [failed(CHECK, `cannot listen on ${address} (${error.code})`, explain(error))];
  return [(await checkRunning(host, port)) ?? failed(CHECK, `${address} is in use`, explain(error))];
}

function tryToListen(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

/** Null if something else than this server responds. */
async function checkRunning(host: string, port: number): Promise<Finding | null> {
  const url = `http://${formatAddress(reachableHost(host), port)}`;
  if ((await statusAt(`${url}/health`)) !== 'ok') return null;
  if ((await statusAt(`${url}/ready`)) === 'ready') return ok(CHECK, `the server is running on port ${port}`);
  return warning(
    CHECK,
    `the server is running on port ${port}, but it is not ready`,
    'it is shutting down, or its database fails: see the other lines and its log',
  );
}

/** Where a server that listens on all addresses can be reached. */
function reachableHost(host: string): string {
  return { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
}

async function statusAt(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS), redirect: 'error' });
    return parseObject(await response.text())?.status;
  } catch {
    return undefined;
  }
}
