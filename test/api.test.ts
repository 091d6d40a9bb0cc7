import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { breakingApiChanges, createReport } from './support/api-report.ts';

const REPORT = 'test/api/weapp-login.api.d.ts';

describe('the report of the public API', () => {
  let report: string;
  beforeAll(() => {
    report = createReport();
  });

  test('is committed: npm run generate:api writes it', () => {
    expect(readFileSync(REPORT, 'utf8')).toBe(report);
  });

  test('has every entry, what it exports, and what that refers to', () => {
    const { exports }: { exports: Record<string, object | string> } = JSON.parse(
      readFileSync('package.json', 'utf8'),
    );
    const entries = Object.keys(exports).filter((path) => !/\.\w+$/.test(path));
    for (const path of entries) expect(report).toContain(`\n// ${path.replace('.', 'weapp-login')}\n`);
    const [index = ''] = report.split('// weapp-login/testing');
    for (const text of ['export declare function createApp(', 'export interface Module {', 'type Health = {'])
      expect(index).toContain(text);
  });

  test('has nothing internal, and no any of ours', () => {
    expect(report).not.toMatch(/sessionKey|replaceSecrets|\bstorage\b|\bwechat: \{\n\s+apps/i);
    // Drizzle's own: `customType` declares its options so.
    expect(report.replaceAll('TConfig extends Record<string, any>', '')).not.toMatch(/\bany\b/);
  });
});

test.each([
  ['a member that is gone', '    sandboxUrl: string | null;\n', ''],
  ['a member of another type', 'sandboxUrl: string | null;', 'sandboxUrl: string;'],
  ['a function that is gone', /^export declare function inRange.*\n/m, ''],
  ['a type that is no longer exported', 'export type ErrorDetail', 'type ErrorDetail'],
  ['another name of a parameter type', 'run(options?: RunOptions)', 'run(options: RunOptions)'],
])('%s breaks those who use it', (_name, from, to) => {
  const before = readFileSync(REPORT, 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  expect(breakingApiChanges(before, after)).toHaveLength(1);
});

test('a new member, a new function and another order break nobody', () => {
  const before = readFileSync(REPORT, 'utf8');
  const after = before
    .replace('    sandboxUrl: string | null;\n', '    baseUrl?: string;\n    sandboxUrl: string | null;\n')
    .replace(/(^export declare function inRange.*\n)/m, 'export declare function inSet(): void;\n$1');
  expect(after).not.toBe(before);
  expect(breakingApiChanges(before, after)).toEqual([]);
});

test.each(['docs/upgrading.md', 'docs/upgrading.zh-CN.md'])(
  '%s lists every entry, and our tables',
  (page) => {
    const text = readFileSync(page, 'utf8');
    const { exports }: { exports: Record<string, object | string> } = JSON.parse(
      readFileSync('package.json', 'utf8'),
    );
    const entries = Object.keys(exports).filter((path) => !/\.\w+$/.test(path));
    const tables = readdirSync('drizzle/mysql')
      .filter((file) => file.endsWith('.sql'))
      .flatMap((file) => [...readFileSync(`drizzle/mysql/${file}`, 'utf8').matchAll(/CREATE TABLE `(\w+)`/g)])
      .map(([, name]) => `\`${name}\``);
    expect(tables.length).toBeGreaterThan(2);
    for (const name of [
      ...entries.map((path) => `\`${path.replace('.', 'weapp-login')}\``),
      ...tables,
      REPORT,
    ])
      expect(text).toContain(name);
  },
);
