import { connect } from 'node:net';
import { startProduction } from './production.ts';

/**
 * Sends unique documents to the server in production mode, whose heap is limited to 128 MB, and prints its memory.
 * DOCUMENTS=100000 sends fewer than a million.
 */
const DOCUMENTS = Number(process.env.DOCUMENTS ?? 1_000_000);
const CONNECTIONS = 8;
const BATCH = 50;
const HEAP_MB = 128;

const server = await startProduction({}, [`--max-old-space-size=${HEAP_MB}`]);
let next = 0;

function requestOf(query: string): string {
  const body = JSON.stringify({ query });
  return `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** Sends batches on one connection, one after another, until all documents are sent. */
function sendAll(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1');
    let open = 0;
    const sendBatch = () => {
      const size = Math.min(BATCH, DOCUMENTS - next);
      if (size <= 0) {
        socket.end();
        resolve();
        return;
      }
      let text = '';
      for (let i = 0; i < size; i++) text += requestOf(`{a${(next++).toString(36)}:me{id}}`);
      open = size;
      socket.write(text);
    };
    let tail = '';
    socket.on('data', (chunk) => {
      const text = tail + chunk.toString('latin1');
      open -= text.split('HTTP/1.1 200').length - 1;
      tail = text.slice(text.lastIndexOf('HTTP/1.1 200') + 1).slice(-20);
      if (open === 0) sendBatch();
    });
    socket.once('error', reject);
    sendBatch();
  });
}

async function isAlive(): Promise<boolean> {
  return fetch(`${server.url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

const step = DOCUMENTS / 10;
let printed = 0;
process.stdout.write('| unique documents | memory |\n| ---: | ---: |\n');
const report = setInterval(() => {
  if (next < printed) return;
  process.stdout.write(`| ${next} | ${Math.round(server.memory())} MB |\n`);
  printed = next + step;
}, 200);
try {
  await Promise.all(Array.from({ length: CONNECTIONS }, sendAll));
} catch (error) {
  process.stdout.write(`After ${next} documents: ${error instanceof Error ? error.message : 'failed'}\n`);
}
clearInterval(report);
const alive = await isAlive();
process.stdout.write(
  alive ? `| ${next} | ${Math.round(server.memory())} MB |\n` : `The server ended after ${next} documents.\n`,
);
await server.stop();
process.exitCode = alive ? 0 : 1;
