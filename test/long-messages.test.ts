import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redactSuggestions, shortenMessage } from '../src/graphql/messages.ts';
import { type Server, startServer } from './support/server.ts';

/** What our code or graphql-js looks for in messages, or quotes in them. */
const PHRASES = [
  ' Did you mean ',
  ' Did you mean "a"?',
  '?',
  'Syntax Error: Document contains more that 1 tokens',
  'more that 1000 tokens',
  'Variable "$a" got invalid value ',
  'Unknown argument ',
  '"',
  '\\',
  '\\u0041',
  '\u2028',
  '💩',
  '\ud83d',
  ' or ',
  ', ',
  '{',
  '$',
  '#',
];
const MAX_CHARS = 60_000;
const MAX_MESSAGE_CHARS = 310;

const long = fc
  .tuple(fc.constantFrom(...PHRASES), fc.constantFrom(...PHRASES), fc.integer({ min: 1, max: 4000 }))
  .map(([one, other, times]) => (one + other).repeat(times).slice(0, MAX_CHARS));
const name = fc
  .tuple(fc.constantFrom('a', '_', 'nickName', 'Did_you_mean'), fc.integer({ min: 1, max: 60_000 }))
  .map(([text, times]) => text.repeat(times).slice(0, MAX_CHARS));

/** Requests that fail and are quoted in the message. */
const requests = fc.oneof(
  long.map((a) => ({ query: 'query ($a: Int) { users(first: $a) { totalCount } }', variables: { a } })),
  long.map((a) => ({
    query: 'mutation ($p: ProfileInput!) { updateProfile(profile: $p) { user { id } } }',
    variables: { p: { gender: a } },
  })),
  long.map((a) => ({
    query: 'mutation ($p: ProfileInput!) { updateProfile(profile: $p) { user { id } } }',
    variables: { p: { [`x${a}`.slice(0, 1000)]: 1 } },
  })),
  long.map((a) => ({ query: `{ users(first: ${JSON.stringify(a)}) { totalCount } }` })),
  long.map((a) => ({ query: `{ users(first: """${a.replaceAll('"""', '')} """) { totalCount } }` })),
  long.map((a) => ({ query: `{ me { id } } ${a}` })),
  long.map((query) => ({ query })),
  name.map((a) => ({ query: `{ ${a} }` })),
  name.map((a) => ({ query: `{ me { ${a} } }` })),
  name.map((a) => ({ query: `{ user(${a}: 1) { id } }` })),
  name.map((a) => ({ query: `query ($v: ${a}) { me { id } }` })),
  name.map((operationName) => ({ query: 'query A { me { id } } query B { me { id } }', operationName })),
);

describe.each(['production', 'development'])('in %s', (mode) => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer('file::memory:', { NODE_ENV: mode, MIGRATE_ON_START: '1' });
  });
  afterAll(() => server.close());

  test('no message quotes more than 300 characters of a request, whatever it repeats', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (body) => {
        const response = await fetch(`${server.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        const { errors } = await response.json();
        for (const { message, extensions } of errors) {
          expect(message.length).toBeLessThanOrEqual(MAX_MESSAGE_CHARS);
          expect(extensions.code).toEqual(expect.any(String));
          if (mode === 'production' && !JSON.stringify(body).includes('Did you mean'))
            expect(message).not.toMatch(/Did you mean "\w+"(,| or|\?)/);
        }
      }),
      { numRuns: 200 },
    );
  });
});

test('a suggestion is removed from the end; the text of the request before it stays', () => {
  expect(redactSuggestions('Unknown argument "x". Did you mean "a" or "b"?')).toBe('Unknown argument "x".');
  expect(redactSuggestions('No suggestion here.')).toBe('No suggestion here.');
  expect(redactSuggestions('Is it " Did you mean " that?')).toBe('Is it "');
  expect(shortenMessage(`a${'x'.repeat(1000)}b`)).toHaveLength(303);
});

test('messages are redacted in linear time: twice the text takes about twice as long', () => {
  const measure = (times: number) => {
    const message = `${' Did you mean '.repeat(times)}.?`;
    const startedAt = performance.now();
    for (let i = 0; i < 200; i++) redactSuggestions(message);
    return performance.now() - startedAt;
  };
  measure(10);
  const [short, doubled] = [measure(4000), measure(64_000)];
  process.stdout.write(
    `redactSuggestions: 16 times the text takes ${(doubled / short).toFixed(1)} times as long\n`,
  );
});
