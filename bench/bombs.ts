import { Agent, request } from 'node:http';
import { startReplica } from '../test/support/replica.ts';

/**
 * How long requests that are made to be expensive keep the event loop from everybody else: while each is under way,
 * another connection asks for /health as fast as it can, and its slowest answer counts. 1 + 20 times each.
 */
const TIMES = 20;
const KB_60 = 60_000;

function fill(write: (i: number) => string, chars = KB_60) {
  let text = '';
  for (let i = 0; text.length < chars; i++) text += write(i);
  return text;
}
function many(count: number, write: (i: number) => string) {
  return Array.from({ length: count }, (_, i) => write(i)).join(' ');
}
function login(userInfo: unknown) {
  return {
    query: 'mutation ($u: UserInfoInput) { login(code: "", userInfo: $u) { token } }',
    variables: { u: userInfo },
  };
}

const BOMBS: Record<string, unknown> = {
  'nothing but the ping': { query: '{ __typename }' },
  'overlapping fields, 60 KB': { query: `{ ${fill(() => 'me { id } ')} }` },
  'overlapping fields, as many as pass': { query: `{ ${`me { id openId city role } `.repeat(30)} }` },
  'four fields, as often as passes': { query: `{ me { ${'id openId city role '.repeat(30)} } }` },
  'unknown fields, as many as pass': { query: `{ ${many(150, (i) => `x${i}`)} }` },
  'a cycle of fragments, 60 KB': { query: fill((i) => `fragment F${i} on User { ...F${i + 1} } `) },
  'cycles of fragments, as many as pass': {
    query: `{ me { ...F0 } } ${many(70, (i) => `fragment F${i} on User { ...F${(i + 1) % 70} ...F${(i * 7) % 70} }`)}`,
  },
  'fragments that double': {
    query: `{ ...F0 } ${many(60, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)} fragment F60 on Query { __typename }`,
  },
  'unused fragments, as many as pass': {
    query: `{ __typename } ${many(120, (i) => `fragment F${i} on User { id }`)}`,
  },
  'lists in lists, 60 KB': { query: `{ me(a: ${'['.repeat(KB_60)}` },
  'objects in objects, 60 KB': { query: `{ me(a: ${'{a:'.repeat(KB_60 / 3)}` },
  'nested fields, 60 KB': { query: '{a'.repeat(KB_60 / 2) },
  'aliases, 60 KB': { query: `{ ${fill((i) => `a${i}: __typename `)} }` },
  'directives, 60 KB': { query: `{ __typename ${fill(() => '@skip(if: false) ')} }` },
  'variables that are declared, as many as pass': {
    query: `query (${many(199, (i) => `$a${i}: ID`)}) { __typename }`,
  },
  'arguments, as many as pass': { query: `{ user(id: "1" ${many(300, (i) => `a${i}: 1`)}) { id } }` },
  'a name of 60 KB': { query: `{ ${'a'.repeat(KB_60)} }` },
  'a comment of 60 KB': { query: `# ${'x'.repeat(KB_60)}\n{ __typename }` },
  'commas, 60 KB': { query: `{ ${','.repeat(KB_60)} __typename }` },
  'a block string of 60 KB': { query: `{ user(id: """${'\n '.repeat(KB_60 / 3)}""") { id } }` },
  'a text of 60 KB as a variable': login({ nickName: 'x'.repeat(KB_60) }),
  'unknown members in a variable, 60 KB': login(
    Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`a${i}`, 1])),
  ),
  'lists in lists as a variable, 60 KB': `{"query":"mutation ($u: UserInfoInput) { login(code: \\"\\", userInfo: $u) { token } }","variables":{"u":${'['.repeat(29_000)}${']'.repeat(29_000)}}}`,
  'a list of 30,000 as a variable': login(Array(29_000).fill(1)),
  'a combined character, 20,000 times, as a name': login({ nickName: '👨‍👩‍👧‍👦'.repeat(2000) }),
  'variables that are not declared, 60 KB': {
    query: '{ __typename }',
    variables: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`a${i}`, 1])),
  },
};

const server = await startReplica({
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  DATABASE_URL: 'file::memory:',
  MIGRATE_ON_START: '1',
});
const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })] as const;
function send(agent: Agent, path: string, body?: string) {
  return new Promise<string>((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const headers = { 'content-type': 'application/json' };
    const options = { agent, host: '127.0.0.1', port: server.port, path, method, headers };
    const sent = request(options, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function codeIn(answer: string) {
  return /"code":"(\w+)"/.exec(answer)?.[1] ?? 'answered';
}
/** The slowest ping while this body is sent once, and the code of its answer. */
async function stall(body: string) {
  let running = true;
  let slowest = 0;
  const ping = async () => {
    while (running) {
      const began = performance.now();
      await send(agents[1], '/health');
      slowest = Math.max(slowest, performance.now() - began);
    }
  };
  const pinging = ping();
  const code = codeIn(await send(agents[0], '/graphql', body));
  running = false;
  await pinging;
  return { slowest, code };
}

// A process that has just started compiles its own code at the first requests, whatever they ask.
for (let i = 0; i < 20; i++) await stall('{"query":"{ me { id } }"}');

type Figures = { first: number; median: number; worst: number; code: string };
const figures = new Map<string, Figures>();
for (const [name, bomb] of Object.entries(BOMBS)) {
  const body = typeof bomb === 'string' ? bomb : JSON.stringify(bomb);
  const { slowest: first, code } = await stall(body);
  const stalls: number[] = [];
  for (let i = 0; i < TIMES; i++) stalls.push((await stall(body)).slowest);
  const sorted = stalls.toSorted((a, b) => a - b);
  figures.set(name, { first, median: sorted[TIMES / 2] ?? 0, worst: sorted.at(-1) ?? 0, code });
}

function ms(time: number) {
  return `${time.toFixed(1)} ms`;
}
process.stdout.write(
  '| request | answer | first time | median | slowest |\n| --- | --- | ---: | ---: | ---: |\n',
);
for (const [name, { code, first, median, worst }] of figures)
  process.stdout.write(`| ${name} | ${code} | ${ms(first)} | ${ms(median)} | ${ms(worst)} |\n`);
process.stdout.write(`\nMemory: ${Math.round(server.memory().now)} MB\n`);
for (const agent of agents) agent.destroy();
await server.stop();
