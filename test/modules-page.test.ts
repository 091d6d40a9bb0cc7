import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { APP_SECRET, JWT_SECRET, SESSION_KEY_SECRET } from './support/canaries.ts';
import { MYSQL } from './support/databases.ts';
import { packServer } from './support/package.ts';
import { tableRows } from './support/pages.ts';
import { post, type Running, start } from './support/process.ts';
import { APP_ID } from './support/product.ts';
import { type Ended, run } from './support/project.ts';
import { type Snippet, snippetsOf, writeSnippets } from './support/snippets.ts';

const PAGES = ['docs/modules.md', 'docs/modules.zh-CN.md'] as const;
const STARTER = 'examples/starter';
const [PAGE] = PAGES;
/** What a command of the page, or this test, generates. */
const GENERATED = /^(client\/(gql\/|schema\.graphql)|migrations\/)/;
/** What only the page has. */
const NOT_IN_STARTER = ['src/editors/module.ts'];

const codegen = resolve('examples/typed-client/node_modules');
const hasCodegen = existsSync(`${codegen}/.bin/graphql-codegen`);
if (!hasCodegen && process.env.CI)
  throw new Error('codegen is not installed: cd examples/typed-client && npm ci');
if (!hasCodegen)
  process.stderr.write(
    'codegen is not installed, so one command of docs/modules.md is skipped. To run it: cd examples/typed-client && npm ci\n',
  );

const parent = mkdtempSync(join(tmpdir(), 'weapp-login-modules-'));
const project = join(parent, 'my-mini-program-server');

describe.each(PAGES)('%s', (page) => {
  const files = new Map<string, string>();
  for (const { name, text } of snippetsOf(page)) if (name && !files.has(name)) files.set(name, text);

  test('has the files of examples/starter, and no others', () => {
    for (const [name, text] of files)
      if (!NOT_IN_STARTER.includes(name)) expect(text, name).toBe(readFileSync(`${STARTER}/${name}`, 'utf8'));
    const ofStarter = execFileSync('git', ['ls-files'], {
      cwd: STARTER,
      encoding: 'utf8',
    });
    const written = ofStarter
      .trim()
      .split('\n')
      .filter((name) => !GENERATED.test(name) && !name.startsWith('README'));
    expect([...files.keys()].sort()).toEqual([...written, ...NOT_IN_STARTER].sort());
  });

  test('quotes the messages of the code', () => {
    const source = ['src/modules', 'src/storage']
      .flatMap((folder) => readdirSync(folder).map((file) => readFileSync(`${folder}/${file}`, 'utf8')))
      .join('\n');
    const messages = tableRows(page)
      .slice(-MESSAGES)
      .flatMap(([message = '']) => [...message.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text));
    expect(messages).toContain('has no authScopes');
    expect(messages.length).toBeGreaterThanOrEqual(MESSAGES);
    expect(messages.filter((message) => !source.includes(message))).toEqual([]);
  });
});

const MESSAGES = 27;

test.each(['README.md', 'README.zh-CN.md'])('CI installs the starter by the commands of its %s', (readme) => {
  const ci = readFileSync('.ci/run', 'utf8');
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(
    readFileSync(`${STARTER}/package.json`, 'utf8'),
  );
  const [pack = '', install = '', ...others] = snippetsOf(`${STARTER}/${readme}`).map(({ text }) =>
    text.trim(),
  );
  for (const command of [pack, install]) expect(ci).toContain(command);
  for (const command of others)
    expect(['start', ...Object.keys(scripts).map((name) => `run ${name}`)]).toContain(
      command.replace('cd examples/starter && npm ', ''),
    );
});

/** Instead of `npm ci && npm pack` in the clone. */
async function copyPackedServer(): Promise<void> {
  const packed = await packServer();
  mkdirSync(join(parent, 'weapp-login'));
  cpSync(packed, join(parent, 'weapp-login', basename(packed)));
}

/** Instead of `npm install`: the packed file, and the packages of this repository. */
function installPackages(): void {
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  link(resolve('node_modules'), modules);
  link(resolve('node_modules/.bin'), join(modules, '.bin'));
  if (hasCodegen) {
    symlinkSync(`${codegen}/@graphql-codegen`, join(modules, '@graphql-codegen'));
    symlinkSync(`${codegen}/.bin/graphql-codegen`, join(modules, '.bin/graphql-codegen'));
  } else {
    mkdirSync(join(modules, '@graphql-codegen/cli'), { recursive: true });
    writeFileSync(join(modules, '@graphql-codegen/cli/index.d.ts'), 'export type CodegenConfig = object;\n');
  }
  mkdirSync(join(modules, 'weapp-login'));
  const packed = join(project, 'weapp-login-0.1.0.tgz');
  execFileSync('tar', ['-xzf', packed, '-C', join(modules, 'weapp-login'), '--strip', '1']);
}

function link(from: string, to: string): void {
  for (const name of readdirSync(from))
    if (!name.startsWith('.') && name !== '@graphql-codegen') symlinkSync(join(from, name), join(to, name));
}

/** Of a shell that knows nothing of this test. */
function environmentOf(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { PATH = '', HOME = '', TMPDIR = '' } = process.env;
  return { PATH, HOME, TMPDIR, ...more };
}

describe('the commands of the page', { timeout: 120_000 }, () => {
  let server: Running | undefined;
  let origin = '';
  /** The output of the last command. */
  let output = '';
  const variables: Record<string, string> = {};
  let production: Record<string, string> = {};
  afterAll(() => stopServer());

  async function stopServer(): Promise<void> {
    const pid = server?.child.pid;
    if (pid !== undefined && server?.child.exitCode === null) process.kill(-pid, 'SIGTERM');
    await server?.exited;
    server = undefined;
  }

  async function startServer(command: string): Promise<void> {
    await stopServer();
    server = start(['bash', '-c', command], { folder: project, env: production, detached: true });
    origin = await server.origin;
  }

  async function shell(command: string, cwd = project): Promise<Ended> {
    const onThisServer = command.replaceAll('localhost:4000', origin.replace('http://', ''));
    const env = environmentOf({ ...variables, ...production, GRAPHQL_URL: `${origin}/graphql` });
    return run(
      'env',
      ['-i', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), 'bash', '-c', onThisServer],
      { cwd },
    );
  }

  async function runCommand(command: string): Promise<void> {
    if (command === 'npm install') return installPackages();
    if (command === 'npm start' || command === 'NODE_ENV=production node dist/main.js')
      return startServer(command);
    if (command === 'npm ci && npm pack') return copyPackedServer();
    const ended = await shell(command, command.startsWith('mkdir ') ? parent : project);
    expect(ended.code, ended.output).toBe(0);
    output = ended.output;
    const [, token] = /"token":"([^"]+)","user"/.exec(output) ?? [];
    if (token) Object.assign(variables, { TOKEN: token, ID: /"id":"([^"]+)"/.exec(output)?.[1] ?? '' });
  }

  async function follows(step: Snippet): Promise<void> {
    if (step.name === '.env.example') production = await productionEnvironment();
    if (step.name) writeSnippets([step], project);
    else if (step.language === 'json') expect(JSON.parse(output)).toEqual(JSON.parse(step.text));
    else if (step.language === 'text') expect(output).toContain(step.text);
    else await runCommand(step.text.trim());
  }

  /** The blocks after a command are what it prints. */
  async function checkOutput(): Promise<void> {
    for (const step of steps.slice(next)) {
      if (step.name || step.language === 'sh') return;
      next++;
      await follows(step);
    }
  }

  const steps = snippetsOf(PAGE);
  const commands = steps.flatMap(({ name, language }, i) => (name || language !== 'sh' ? [] : [i]));
  let next = 0;

  test.each(commands.map((i) => [steps[i]?.text.split('\n').join(' ').trim() ?? '', i] as const))(
    '%s',
    async (command, i) => {
      if (command === 'npm run generate:client' && !hasCodegen) {
        for (const name of ['gql', 'schema.graphql'])
          cpSync(`${STARTER}/client/${name}`, `${project}/client/${name}`, { recursive: true });
        next = i + 1;
        return;
      }
      for (; next <= i; next++) await follows(steps[next] ?? { name: '', language: '', text: '' });
      await checkOutput();
    },
  );

  test('generate what is committed in examples/starter', () => {
    const generated = readdirSync(STARTER, { recursive: true, encoding: 'utf8' }).filter(
      (name) => GENERATED.test(name) && /\.(ts|sql|graphql)$/.test(name),
    );
    expect(generated).toHaveLength(6);
    for (const name of generated)
      expect(readFileSync(`${project}/${name}`, 'utf8'), name).toBe(
        readFileSync(`${STARTER}/${name}`, 'utf8'),
      );
  });

  test('end with a server in production that has the module and its tables', async () => {
    expect(await post(origin, '{ noteTotal }')).toEqual({ data: { noteTotal: 0 } });
    expect((await post(origin, '{ notes { edges { cursor } } }')).errors[0].extensions.code).toBe(
      'UNAUTHENTICATED',
    );
    expect((await fetch(`${origin}/ready`)).status).toBe(200);
    production = {};
  });

  test.each(['README.md', 'README.zh-CN.md'])('the module of %s compiles and runs', async (readme) => {
    const [file] = snippetsOf(readme).filter(({ name }) => name === 'hello.ts');
    writeSnippets(file ? [file] : [], `${project}/src`);
    expect(await run('npx', ['tsc'], { cwd: project })).toEqual({ code: 0, output: '' });
    await startServer('npx tsx src/hello.ts');
    expect(await post(origin, '{ hello }', variables.TOKEN)).toEqual({
      data: { hello: `Hello, ${variables.ID}` },
    });
    expect((await post(origin, '{ hello }')).errors[0].extensions.code).toBe('UNAUTHENTICATED');
  });
});

async function productionEnvironment(): Promise<Record<string, string>> {
  const url = (await MYSQL?.create()) ?? `file:${join(parent, 'production.db')}`;
  return {
    DATABASE_URL: url,
    HOST: '127.0.0.1',
    JWT_SECRET,
    SESSION_KEY_SECRET,
    WECHAT_APP_ID: APP_ID,
    WECHAT_APP_SECRET: APP_SECRET,
    SHUTDOWN_DELAY_MS: '0',
    // One file serves one process.
    ...(MYSQL ? { WORKERS: '2' } : {}),
  };
}
