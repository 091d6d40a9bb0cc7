import { Agent, request } from 'node:http';
import { startProduction } from './production.ts';

/**
 * Measures how long expensive requests block the event loop: while each runs, another connection requests /health
 * repeatedly, and its slowest response counts. Each request is sent 1 + 20 times, to the built server in production mode.
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
  '`{ __typename }`, for comparison': { query: '{ __typename }' },
  'overlapping fields, 60 KB': { query: `{ ${fill(() => 'me { id } ')} }` },
  'overlapping fields, up to the limit': { query: `{ ${`me { id openId city role } `.repeat(30)} }` },
  'four repeated fields, up to the limit': { query: `{ me { ${'id openId city role '.repeat(30)} } }` },
  'unknown fields, up to the limit': { query: `{ ${many(150, (i) => `x${i}`)} }` },
  'a fragment cycle, 60 KB': { query: fill((i) => `fragment F${i} on User { ...F${i + 1} } `) },
  'fragment cycles, up to the limit': {
    query: `{ me { ...F0 } } ${many(70, (i) => `fragment F${i} on User { ...F${(i + 1) % 70} ...F${(i * 7) % 70} }`)}`,
  },
  'nested fragments, each spread twice': {
    query: `{ ...F0 } ${many(60, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)} fragment F60 on Query { __typename }`,
  },
  '120 unused fragments': {
    query: `{ __typename } ${many(120, (i) => `fragment F${i} on User { id }`)}`,
  },
  'nested lists, 60 KB': { query: `{ me(a: ${'['.repeat(KB_60)}` },
  'nested objects, 60 KB': { query: `{ me(a: ${'{a:'.repeat(KB_60 / 3)}` },
  'nested fields, 60 KB': { query: '{a'.repeat(KB_60 / 2) },
  'aliases, 60 KB': { query: `{ ${fill((i) => `a${i}: __typename `)} }` },
  'directives, 60 KB': { query: `{ __typename ${fill(() => '@skip(if: false) ')} }` },
  'declared variables, up to the limit': {
    query: `query (${many(199, (i) => `$a${i}: ID`)}) { __typename }`,
  },
  'arguments, up to the limit': { query: `{ user(id: "1" ${many(300, (i) => `a${i}: 1`)}) { id } }` },
  'a field name of 60 KB': { query: `{ ${'a'.repeat(KB_60)} }` },
  'a comment of 60 KB': { query: `# ${'x'.repeat(KB_60)}\n{ __typename }` },
  'commas, 60 KB': { query: `{ ${','.repeat(KB_60)} __typename }` },
  'a block string of 60 KB': { query: `{ user(id: """${'\n '.repeat(KB_60 / 3)}""") { id } }` },
  'a variable with a string of 60 KB': login({ nickName: 'x'.repeat(KB_60) }),
  'a variable with 5,000 unknown members': login(
    Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`a${i}`, 1])),
  ),
  'a variable with nested lists, 60 KB': `{"query":"mutation ($u: UserInfoInput) { login(code: \\"\\", userInfo: $u) { token } }","variables":{"u":${'['.repeat(29_000)}${']'.repeat(29_000)}}}`,
  'a variable with a list of 29,000 numbers': login(Array(29_000).fill(1)),
  'a nickName of 2,000 combined emoji': login({ nickName: '👨‍👩‍👧‍👦'.repeat(2000) }),
  'a variable that repeats "Did you mean"': {
    query: 'query ($a: Int) { users(first: $a) { edges { cursor } } }',
    variables: { a: ' Did you mean '.repeat(4285) },
  },
  'a literal that repeats "Did you mean"': {
    query: `{ users(first: "${' Did you mean '.repeat(4285)}?") { edges { cursor } } }`,
  },
  'a syntax error that repeats "more that 1000 tokens"': {
    query: `{ me { id } } "${'more that 1000 tokens '.repeat(2700)}"`,
  },
  'an unknown argument with a name of 60 KB': { query: `{ user(${'a'.repeat(KB_60)}: 1) { id } }` },
  'lists that multiply': {
    query: `{ ${many(15, (i) => `a${i}: users(first: 100) { edges { node { linkedAccounts { id } } } }`)} }`,
  },
  '5,000 undeclared variables': {
    query: '{ __typename }',
    variables: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`a${i}`, 1])),
  },
};

const server = await startProduction();
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
  return /"code":"(\w+)"/.exec(answer)?.[1] ?? 'data';
}
/** The slowest ping during one request with this body, and the error code of its response. */
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

// Warm up: the first requests of a process are slow, whatever they contain.
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
  '| request | response | first | median | slowest |\n| --- | --- | ---: | ---: | ---: |\n',
);
for (const [name, { code, first, median, worst }] of figures)
  process.stdout.write(`| ${name} | ${code} | ${ms(first)} | ${ms(median)} | ${ms(worst)} |\n`);
process.stdout.write(`\nMemory: ${Math.round(server.memory())} MB\n`);
for (const agent of agents) agent.destroy();
await server.stop();
