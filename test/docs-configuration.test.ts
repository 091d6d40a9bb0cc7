import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { environmentSchema } from '../src/config/environment.ts';
import { tableRows } from './support/pages.ts';

const PAGES = ['docs/configuration.md', 'docs/configuration.zh-CN.md'];
const VARIABLES = Object.keys(environmentSchema(false).shape);

/** What the schema says about an invalid value of each variable, such as `must be a whole number from 0 to 9; …`. */
const MESSAGES = new Map(
  environmentSchema(false)
    .safeParse(Object.fromEntries(VARIABLES.map((name) => [name, '?'])))
    .error?.issues.map(({ path, message }) => [path.join(), message]),
);

/** The rows of a page that describe a variable: name, default, unit and limits, meaning. */
function variablesOf(page: string) {
  return tableRows(page)
    .filter(([name = '']) => /^`[A-Z][A-Z_]+`$/.test(name))
    .map(([name = '', fallback = '', limits = '', meaning = '']) => ({
      name: name.replaceAll('`', ''),
      fallback,
      limits,
      meaning,
    }));
}

describe.each(PAGES)('%s', (page) => {
  test('describes every variable once, and no other', () => {
    const rows = variablesOf(page);
    expect(rows.map(({ name }) => name).sort()).toEqual(VARIABLES.toSorted());
    for (const { name, meaning } of rows) expect(meaning.length, name).toBeGreaterThan(4);
  });

  const integers = variablesOf(page).flatMap(({ name, fallback, limits }) => {
    const [, min, max, standard] =
      /^must be a whole number from (\d+) to (\d+); omit it for (\d+)$/.exec(MESSAGES.get(name) ?? '') ?? [];
    return standard === undefined ? [] : [{ name, fallback, limits, min, max, standard }];
  });

  test('has the numbers', () => {
    expect(integers.length).toBeGreaterThan(10);
  });

  test.each(integers)(
    'has the default and the limits of $name',
    ({ fallback, limits, min, max, standard }) => {
      expect(fallback.split(/[ ;；（]/)[0]).toBe(`\`${standard}\``);
      expect(limits.match(/\d+/g)).toEqual([min, max]);
    },
  );

  const choices = variablesOf(page).flatMap(({ name, limits }) => {
    const values = /^must be one of (.+)$/.exec(MESSAGES.get(name) ?? '')?.[1]?.split(', ');
    return values ? [{ name, limits, values }] : [];
  });

  test('has the choices', () => {
    expect(choices.map(({ name }) => name)).toContain('LOG_LEVEL');
  });

  test.each(choices)('has the values of $name', ({ limits, values }) => {
    expect([...limits.matchAll(/`([^`]+)`/g)].map(([, value]) => value)).toEqual(values);
  });
});

test('both pages have the same defaults and limits, but for words', () => {
  const [english = [], chinese = []] = PAGES.map((page) =>
    variablesOf(page).map(({ name, fallback, limits }) => [name, ...spansOf(fallback), ...spansOf(limits)]),
  );
  expect(chinese).toEqual(english);
});

/** The code spans and the numbers. */
function spansOf(text: string): string[] {
  return text.match(/`[^`]+`|\d+/g) ?? [];
}

test('.env.example has every variable once, and no other', () => {
  const named = [...readFileSync('.env.example', 'utf8').matchAll(/^#? ?([A-Z][A-Z_]+)=/gm)];
  expect(named.map(([, name]) => name).sort()).toEqual(VARIABLES.toSorted());
});
