import { afterAll, expect, test } from 'vitest';
import { createTestServer } from 'weapp-login/testing';
import { notes } from '../src/notes/module.ts';

const server = await createTestServer({ modules: [notes] });
afterAll(() => server.close());

const ADD = 'mutation ($text: String!) { addNote(text: $text) { note { text createdAt } } }';
const NOTES = '{ notes(first: 20) { edges { node { text } } } me { notes { text } } }';

test('a note belongs to the user who added it', async () => {
  server.clock.now = Date.UTC(2026, 0, 31);
  const [alice, bob] = [await server.as('alice'), await server.as('bob')];
  expect((await alice.request(ADD, { text: 'Buy milk' })).data).toEqual({
    addNote: { note: { text: 'Buy milk', createdAt: '2026-01-31T00:00:00.000Z' } },
  });
  expect((await alice.request(NOTES)).data).toEqual({
    notes: { edges: [{ node: { text: 'Buy milk' } }] },
    me: { notes: [{ text: 'Buy milk' }] },
  });
  expect((await bob.request(NOTES)).data).toEqual({ notes: { edges: [] }, me: { notes: [] } });
});

test('notes need a login', async () => {
  const { errors } = await server.anonymous.request(ADD, { text: 'Buy milk' });
  expect(errors[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED', action: 'RELOGIN' });
});

test('a user has at most 100 notes', async () => {
  const carol = await server.as('carol');
  for (let i = 0; i < 100; i++) await carol.request(ADD, { text: `note ${i}` });
  const { errors } = await carol.request(ADD, { text: 'one more' });
  expect(errors[0]?.extensions).toEqual({ code: 'NOTES_TOO_MANY', action: 'STOP' });
});
