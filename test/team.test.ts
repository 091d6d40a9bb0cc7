import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { DATABASES } from './support/databases.ts';
import { createProject, npmInstall, packVersion, unpack } from './support/package.ts';
import { post, type Running, start } from './support/process.ts';
import { run } from './support/project.ts';

const STARTER = 'examples/starter';
const NEXT_PATCH = '0.1.1';
const NOTES = '{ notes(first: 20) { edges { node { text } } } me { notes { text } } }';

/** All files below a folder, with their text. */
function contentsOf(folder: string): [path: string, text: string][] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort()
    .map((path) => [path, readFileSync(join(folder, path), 'utf8')]);
}

describe('a team that installs the packed server', { timeout: 240_000 }, () => {
  let running: Running | undefined;
  afterEach(async () => {
    running?.child.kill('SIGTERM');
    await running?.exited;
    running = undefined;
  });

  test.each(DATABASES)('adds the notes of the starter on $name, and upgrades', async ({ create }) => {
    const project = await createProject();
    for (const path of ['src/main.ts', 'src/notes', 'migrations'])
      cpSync(join(STARTER, path), join(project, path), { recursive: true });
    const own = () => [contentsOf(join(project, 'src')), contentsOf(join(project, 'migrations'))];
    const before = own();
    const env = { DATABASE_URL: await create(), SHUTDOWN_DELAY_MS: '0' };
    const serve = () => {
      running = start(['node_modules/.bin/tsx', 'src/main.ts'], { folder: project, env });
      return running.origin;
    };

    let origin = await serve();
    const type = await post(origin, '{ __type(name: "Note") { fields { name } } }');
    expect(type.data.__type.fields).toEqual([{ name: 'createdAt' }, { name: 'id' }, { name: 'text' }]);
    const gated = await post(origin, NOTES);
    expect(gated.errors[0].extensions).toMatchObject({ code: 'UNAUTHENTICATED', action: 'RELOGIN' });
    const login = await post(origin, 'mutation { login(code: "dev:alice") { token } }');
    const { token } = login.data.login;
    const added = await post(origin, 'mutation { addNote(text: "Buy milk 牛奶") { note { text } } }', token);
    expect(added).toEqual({ data: { addNote: { note: { text: 'Buy milk 牛奶' } } } });
    const text = 'Buy milk 牛奶';
    const found = { data: { notes: { edges: [{ node: { text } }] }, me: { notes: [{ text }] } } };
    expect(await post(origin, NOTES, token)).toEqual(found);
    running?.child.kill('SIGTERM');
    expect(await running?.exited).toBe(0);

    await npmInstall(project, await packVersion(NEXT_PATCH));
    const installed = readFileSync(join(project, 'node_modules/weapp-login/package.json'), 'utf8');
    expect(JSON.parse(installed).version).toBe(NEXT_PATCH);
    origin = await serve();
    expect(await post(origin, NOTES, token)).toEqual(found);
    expect(own()).toEqual(before);
  });

  test('may use a module that was built with another patch version, but not with another minor version', async () => {
    const project = await createProject();
    const folder = join(project, 'rates');
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    writeFileSync(
      join(folder, 'module.js'),
      `import { defineModule } from 'weapp-login';
export const rates = defineModule({
  name: 'rates',
  public: ['Query.rate'],
  schema: (builder) => builder.queryField('rate', (t) => t.float({ resolve: () => 7.1 })),
});`,
    );
    writeFileSync(
      join(project, 'main.js'),
      "import { run } from 'weapp-login';\nimport { rates } from './rates/module.js';\nawait run({ modules: [rates] });",
    );
    const printSchemaWith = async (version: string) => {
      await unpack(await packVersion(version), folder);
      // The module has a copy of its own.
      cpSync(join(folder, 'package'), join(folder, 'node_modules/weapp-login'), { recursive: true });
      return run(process.execPath, ['main.js', 'schema'], { cwd: project });
    };
    const accepted = await printSchemaWith('0.1.7');
    expect([accepted.code, accepted.output]).toEqual([0, expect.stringContaining('  rate: Float!')]);
    expect(await printSchemaWith('0.2.0')).toEqual({
      code: 1,
      output:
        'Module rates: was built with weapp-login 0.2.0, which is not compatible with 0.1.0: install a version of the module for weapp-login 0.1.0.\n',
    });
  });
});
