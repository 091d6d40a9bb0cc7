import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openIdOf } from '../src/sandbox/index.ts';
import { createTestServer } from '../src/testing/index.ts';
import { DATABASES, runAnySql } from './support/databases.ts';
import { notesModule } from './support/notes-module.ts';
import { APP_ID, environment } from './support/product.ts';
import { run as runProcess } from './support/project.ts';

const LOADER = resolve('node_modules/tsx/dist/loader.mjs');
const MAIN = resolve('test/fixtures/notes/main.ts');

describe.each(DATABASES)("the commands of a team's process on $name", ({ create }) => {
  let url: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    url = await create();
    env = environment({ NODE_ENV: 'production', HOST: '127.0.0.1', DATABASE_URL: url, LOG_LEVEL: 'info' });
  });

  const command = (args: string[], more: Record<string, string> = {}) =>
    runProcess(process.execPath, ['--import', LOADER, MAIN, ...args], {
      cwd: mkdtempSync(join(tmpdir(), 'weapp-login-team-')),
      env: { ...env, ...more },
    });

  test('start fails and names the module while its tables are missing', async () => {
    const migratedWithout = await createTestServer({ environment: { DATABASE_URL: url } });
    await migratedWithout.close();
    const { code, output } = await command(['start']);
    expect(output).toContain(
      'Module notes: its tables are missing or outdated (0000_note): run the command `migrate`.',
    );
    expect(code).toBe(1);
  });

  test('doctor says that its migrations are pending, migrate applies them, doctor agrees', async () => {
    const before = await command(['doctor', '--json']);
    const findings = (output: string) => JSON.parse(output.slice(output.indexOf('{'))).findings;
    expect(findings(before.output)).toContainEqual(
      expect.objectContaining({ check: 'modules', status: 'ok', message: 'they fit together: notes' }),
    );
    expect(findings(before.output)).toContainEqual(
      expect.objectContaining({
        check: 'database-migrations',
        subject: 'notes',
        status: 'failed',
        message: '1 of 1 are pending: 0000_note',
      }),
    );
    expect(await command(['migrate'])).toEqual({
      code: 0,
      output: expect.stringMatching(/^The tables in .* are up to date/),
    });
    expect(findings((await command(['doctor', '--json'])).output)).toContainEqual(
      expect.objectContaining({ check: 'database-migrations', subject: 'notes', status: 'ok' }),
    );
  });

  test('schema prints its types, and needs no database and no secrets', async () => {
    const { code, output } = await command(['schema'], {
      DATABASE_URL: '',
      JWT_SECRET: '',
      ROLES: 'SUPPORT',
    });
    expect(code).toBe(0);
    for (const text of ['type Note {', 'addNote(', 'NOTES_TOO_MANY', '\n  EDITOR\n', '\n  SUPPORT\n'])
      expect(output).toContain(text);
    const wrong = await command(['schema'], { ROLES: 'support' });
    expect([wrong.code, wrong.output]).toEqual([1, expect.stringContaining('ROLES must list roles')]);
  });

  test('admin grants the roles of modules and of ROLES, and lists them after a wrong one', async () => {
    const server = await createTestServer({
      modules: [notesModule().module],
      environment: environment({ DATABASE_URL: url }),
    });
    await server.as('alice');
    await server.close();
    const openId = openIdOf(APP_ID, 'alice');
    expect(await command(['admin', 'grant', openId, 'EDITOR'])).toEqual({
      code: 0,
      output: expect.stringContaining('is now EDITOR.'),
    });
    expect(await runAnySql(url, "SELECT role FROM user WHERE role = 'EDITOR'")).toHaveLength(1);
    const unknown = await command(['admin', 'grant', openId, 'OWNER'], { ROLES: 'SUPPORT' });
    expect(unknown).toEqual({
      code: 2,
      output: 'The role OWNER is unknown. The roles are: USER, ADMIN, SUPPORT, EDITOR.\n',
    });
    expect((await command(['admin', 'grant', openId])).output).toContain('is now ADMIN.');
    expect((await command(['admin', 'revoke', openId])).output).toContain('is now USER.');
    expect((await command(['admin', 'revoke', openId, 'EDITOR'])).code).toBe(2);
  });
});

test('a failed start ends the process with exit code 1, whatever a module has opened', async () => {
  const { code, output } = await runProcess(
    process.execPath,
    ['--import', LOADER, resolve('test/fixtures/notes/broken-main.ts')],
    {
      cwd: mkdtempSync(join(tmpdir(), 'weapp-login-team-')),
      env: environment({ DATABASE_URL: 'file::memory:' }),
    },
  );
  expect(output).toContain('Module broken: services() failed: Error: no config');
  expect(code).toBe(1);
}, 60_000);
