import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './mariadb.ts';

/** nginx or HAProxy with the file of `deploy/`, of which only ports and paths are replaced. */
export type ReverseProxy = { port: number; stop(): Promise<void> };

export type Certificate = { certificate: string; key: string; both: string };

/** The name that the files of `deploy/` are written for. */
export const HOST_NAME = 'login.example.com';
/** The ports of the replicas in these files. */
const WRITTEN_PORTS = [4001, 4002];

const PROGRAMS = ['/usr/sbin/nginx', '/usr/sbin/haproxy', '/usr/bin/openssl'];

export function missingForProxies(): string[] {
  return PROGRAMS.filter((path) => !existsSync(path));
}

export function createCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-tls-'));
  const [certificate, key, both] = ['crt', 'key', 'pem'].map((end) => join(folder, `${HOST_NAME}.${end}`));
  if (!certificate || !key || !both) throw new Error('no paths');
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', `/CN=${HOST_NAME}`, '-addext', `subjectAltName=DNS:${HOST_NAME}`],
      ...['-keyout', key, '-out', certificate],
    ],
    { stdio: 'ignore' },
  );
  writeFileSync(both, readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'));
  return { certificate, key, both };
}

export async function startNginx(
  { certificate, key }: Certificate,
  replicas: readonly number[],
): Promise<ReverseProxy> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-nginx-'));
  const site = replaceAll('deploy/nginx/weapp-login.conf', [
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    [`/etc/nginx/ssl/${HOST_NAME}.crt`, certificate],
    [`/etc/nginx/ssl/${HOST_NAME}.key`, key],
    ...backends(replicas),
  ]);
  writeFileSync(join(folder, 'site.conf'), site);
  mkdirSync(join(folder, 'temporary'));
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/temporary/${name};`,
  );
  const main = join(folder, 'nginx.conf');
  writeFileSync(
    main,
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    events {} http { access_log off; ${paths.join(' ')} include ${folder}/site.conf; }`,
  );
  return run('/usr/sbin/nginx', ['-e', join(folder, 'error.log'), '-c', main], port);
}

export async function startHaproxy(
  { both }: Certificate,
  replicas: readonly number[],
): Promise<ReverseProxy> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  const text = replaceAll('deploy/haproxy/haproxy.cfg', [
    ['bind :443 ', `bind 127.0.0.1:${port} `],
    [`/etc/haproxy/certs/${HOST_NAME}.pem`, both],
    // Only root can become another user.
    ...(process.getuid?.() === 0 ? [] : [['user haproxy', ''] as const, ['group haproxy', ''] as const]),
    ...backends(replicas),
  ]);
  writeFileSync(file, text);
  return run('/usr/sbin/haproxy', ['-db', '-f', file], port);
}

function backends(replicas: readonly number[]): [string, string][] {
  return WRITTEN_PORTS.map((written, i) => [`127.0.0.1:${written}`, `127.0.0.1:${replicas[i]}`]);
}

function replaceAll(file: string, replacements: readonly (readonly [string, string])[]): string {
  let text = readFileSync(file, 'utf8');
  for (const [written, actual] of replacements) {
    if (!text.includes(written)) throw new Error(`${file} has no ${written}`);
    text = text.replaceAll(written, actual);
  }
  return text;
}

async function run(program: string, args: string[], port: number): Promise<ReverseProxy> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const kill = () => child.kill('SIGTERM');
  process.once('exit', kill);
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  for (const end = performance.now() + 10_000; !(await accepts(port)); await sleep(50))
    if (child.exitCode !== null || performance.now() > end) throw new Error(`${program}: ${errors}`);
  return {
    port,
    async stop() {
      process.off('exit', kill);
      kill();
      await exited;
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });
}
