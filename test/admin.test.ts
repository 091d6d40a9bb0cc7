import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openIdOf } from '../src/sandbox/index.ts';
import { DATABASES } from './support/databases.ts';
import { APP_ID, codeOf, environment, SECOND_APP_ID } from './support/product.ts';
import { type Server, startServer } from './support/server.ts';

const USERS = `query Users($first: Int, $last: Int, $after: String, $before: String, $filter: UserFilter) {
  users(first: $first, last: $last, after: $after, before: $before, filter: $filter) {
    totalCount
    edges { cursor node { id appId openId nickName role disabledAt } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;
const DISABLE = `mutation ($id: ID!, $disabled: Boolean!) {
  setUserDisabled(id: $id, disabled: $disabled) { user { id disabledAt } }
}`;
const SET_ROLE = `mutation ($id: ID!, $role: UserRole!) { setUserRole(id: $id, role: $role) { user { id role } } }`;
const ME = '{ me { id lastLoginAt } }';

type Person = {
  id: string;
  appId: string;
  openId: string;
  nickName: string | null;
  role: string;
  disabledAt: string | null;
};
type Users = {
  users: {
    totalCount: number;
    edges: { cursor: string; node: Person }[];
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
  };
};

describe.each(DATABASES)('administration on $name', (database) => {
  let server: Server;
  let url: string;
  let admin: { token: string; id: string };
  beforeAll(async () => {
    url = await database.create();
    server = await startServer(url);
    admin = await server.logIn('admin');
    expect((await cli('grant', openIdOf(APP_ID, 'admin'))).code).toBe(0);
  });
  afterAll(() => server.close());

  const cli = (...args: string[]) =>
    new Promise<{ code: number; out: string }>((resolve) => {
      execFile(
        process.execPath,
        ['--import', 'tsx', 'src/main.ts', 'admin', ...args],
        { env: { PATH: process.env.PATH, ...environment({ DATABASE_URL: url, LOG_LEVEL: 'warn' }) } },
        (error, stdout, stderr) => {
          resolve({ code: typeof error?.code === 'number' ? error.code : 0, out: stdout + stderr });
        },
      );
    });
  const list = (variables: object, token = admin.token) => server.post<Users>(USERS, { variables, token });
  const listed = async (variables: object) => {
    const { data, errors } = await list(variables);
    expect(errors).toBeUndefined();
    if (!data) throw new Error('no data');
    return data.users;
  };
  const setDisabled = (id: string, disabled: boolean, token = admin.token) =>
    server.post<{ setUserDisabled: { user: Person } }>(DISABLE, { variables: { id, disabled }, token });
  const setRole = (id: string, role: string, token = admin.token) =>
    server.post<{ setUserRole: { user: Person } }>(SET_ROLE, { variables: { id, role }, token });
  const me = (token: string) => server.post<{ me: { id: string; lastLoginAt: string } }>(ME, { token });

  test('the command line grants ADMIN by openid or id, effective at once and until revoked', async () => {
    const { id, token } = await server.logIn('second-admin');
    expect(codeOf(await list({}, token))).toBe('FORBIDDEN');
    const granted = await cli('grant', id);
    expect(granted.code).toBe(0);
    expect(granted.out).toContain(`${id}  ${APP_ID}`);
    expect(
      JSON.parse(granted.out.split('\n').find((text) => text.startsWith('{')) ?? '').audit,
    ).toMatchObject({
      action: 'grant',
      outcome: 'allowed',
      target: id,
      change: { role: 'ADMIN' },
    });
    expect((await list({}, token)).errors).toBeUndefined();
    expect((await cli('revoke', openIdOf(APP_ID, 'second-admin'))).code).toBe(0);
    expect(codeOf(await list({}, token))).toBe('FORBIDDEN');
  });

  test('the command line prints its usage, and rejects an unknown user', async () => {
    expect(await cli('grant', 'oNobodyNobodyNobodyNobody')).toMatchObject({
      code: 1,
      out: expect.stringContaining('must have logged in once'),
    });
    for (const args of [
      ['toString', 'oNobodyNobodyNobody'],
      ['grant', "x' OR 1=1 -- "],
    ])
      expect(await cli(...args)).toMatchObject({ code: 2, out: expect.stringContaining('Usage') });
  });

  test('disabling revokes the tokens of a user at once; logins get USER_DISABLED and leave the row unchanged', async () => {
    const { id, token } = await server.logIn('rascal');
    const tablet = await server.logIn('rascal');
    const sessionKey = await server.product.app.storage.users.sessionKey(id);
    const { data } = await setDisabled(id, true);
    expect(data?.setUserDisabled.user).toEqual({
      id,
      disabledAt: new Date(server.product.clock.now).toISOString(),
    });
    for (const each of [token, tablet.token]) {
      expect((await me(each)).errors?.[0]?.extensions).toEqual({ code: 'USER_DISABLED', action: 'STOP' });
      expect(codeOf(await server.post('mutation { renewToken { token } }', { token: each }))).toBe(
        'USER_DISABLED',
      );
    }
    const before = await server.product.app.storage.users.byId(id);
    server.product.clock.now += 60_000;
    const again = await server.product.login('dev:rascal', { userInfo: { nickName: 'Sneaky' } });
    expect([again.data, codeOf(again)]).toEqual([null, 'USER_DISABLED']);
    expect(await server.product.app.storage.users.byId(id)).toEqual(before);
    expect(await server.product.app.storage.users.sessionKey(id)).toBe(sessionKey);

    await setDisabled(id, true);
    expect((await server.product.app.storage.users.byId(id))?.disabledAt).toEqual(before?.disabledAt);
    expect((await setDisabled(id, false)).data?.setUserDisabled.user.disabledAt).toBeNull();
    expect(codeOf(await me(token))).toBe('UNAUTHENTICATED');
    expect((await me((await server.logIn('rascal')).token)).data?.me.id).toBe(id);
  });

  test('the login of an enabled user updates their row', async () => {
    const first = await server.logIn('returning');
    server.product.clock.now += 5000;
    const { data } = await server.product.login('dev:returning', { userInfo: { nickName: 'Back' } });
    expect(data?.login.user).toMatchObject({
      id: first.id,
      nickName: 'Back',
      lastLoginAt: new Date(server.product.clock.now).toISOString(),
    });
  });

  test('a role is effective at the next request, without a new token', async () => {
    const { id, token } = await server.logIn('deputy');
    expect((await setRole(id, 'ADMIN')).data?.setUserRole.user).toEqual({ id, role: 'ADMIN' });
    expect((await list({}, token)).errors).toBeUndefined();
    expect((await setRole(id, 'USER')).data?.setUserRole.user.role).toBe('USER');
    expect(codeOf(await list({}, token))).toBe('FORBIDDEN');
  });

  test('an admin can neither demote nor disable itself', async () => {
    expect(codeOf(await setRole(admin.id, 'USER'))).toBe('BAD_USER_INPUT');
    expect(codeOf(await setDisabled(admin.id, true))).toBe('BAD_USER_INPUT');
    expect((await list({ first: 1 })).errors).toBeUndefined();
  });

  test('a disabled admin has no permissions', async () => {
    const { id, token } = await server.logIn('fallen');
    await setRole(id, 'ADMIN');
    await setDisabled(id, true);
    expect(codeOf(await list({}, token))).toBe('USER_DISABLED');
    expect(codeOf(await setDisabled(id, false, token))).toBe('USER_DISABLED');
  });

  test('unknown and invalid ids are BAD_USER_INPUT or null, not failures', async () => {
    const nobody = '00000000-0000-7000-8000-000000000000';
    for (const id of [nobody, '', 'x', `${admin.id} `, "' OR 1=1 -- ", 'é', '😀'.repeat(100)]) {
      expect(codeOf(await setRole(id, 'ADMIN')), id).toBe('BAD_USER_INPUT');
      expect(codeOf(await setDisabled(id, true)), id).toBe('BAD_USER_INPUT');
    }
    const user = (id: string) =>
      server.post('query ($id: ID!) { user(id: $id) { id } }', {
        variables: { id },
        token: admin.token,
      });
    expect(await user(nobody)).toMatchObject({ data: { user: null } });
    expect((await user(nobody)).errors).toBeUndefined();
    expect(codeOf(await user('x'))).toBe('BAD_USER_INPUT');
    expect(await user(admin.id)).toMatchObject({ data: { user: { id: admin.id } } });
  });

  test('paging forward and backward returns the same order', async () => {
    for (let i = 0; i < 7; i++) await server.logIn(`page-${i}`);
    const all = (await listed({ first: 100 })).edges.map(({ node }) => node.id);
    expect(all).toEqual([...all].sort());
    const forward: string[] = [];
    let after: string | undefined;
    for (let more = true; more; ) {
      const page = await listed({ first: 3, after });
      forward.push(...page.edges.map(({ node }) => node.id));
      after = page.pageInfo.endCursor;
      more = page.pageInfo.hasNextPage;
    }
    expect(forward).toEqual(all);
    const backward: string[] = [];
    let before: string | undefined;
    for (let more = true; more; ) {
      const page = await listed({ last: 3, before });
      backward.unshift(...page.edges.map(({ node }) => node.id));
      before = page.pageInfo.startCursor;
      more = page.pageInfo.hasPreviousPage;
    }
    expect(backward).toEqual(all);
    expect((await listed({})).edges.length).toBe(Math.min(20, all.length));
  });

  test('a page has 1 to 100 users, in one direction; invalid sizes, cursors and filters are BAD_USER_INPUT', async () => {
    for (const variables of [
      { first: 101 },
      { first: 0 },
      { first: -1 },
      { last: 101 },
      { last: 2_147_483_647 },
      { first: 1, last: 1 },
      { first: 1, after: 'x' },
      { first: 1, after: "' OR 1=1 -- " },
      { last: 1, before: '😀' },
      { first: 'x' },
      { filter: { search: 'x'.repeat(65) } },
      { filter: { search: '\u0000' } },
      { filter: { search: '\ud800' } },
      { filter: { phoneNumber: '13800000000' } },
      { filter: { phoneNumber: '+86 138' } },
      { filter: { appId: '' } },
      { filter: { appId: '小程序' } },
      { filter: { appId: "wx' OR 1=1" } },
      { filter: { role: 'KING' } },
      { filter: { name: 'x' } },
    ])
      expect(codeOf(await list(variables)), JSON.stringify(variables)).toBe('BAD_USER_INPUT');
  });

  test('filters by mini program, role, state and phone number combine, and totalCount counts the filtered users', async () => {
    await server.product.control('users', { user: 'filtered', phone: '13900001111' });
    const here = await server.logIn('filtered');
    const there = await server.product.login('dev:filtered', { appId: SECOND_APP_ID });
    const idThere = there.data?.login.user.id ?? '';
    const bound = await server.post(
      'mutation ($code: String!) { bindPhone(code: $code) { user { phoneNumber } } }',
      {
        variables: {
          code: (await server.product.control<{ code: string }>('phone-codes', { user: 'filtered' })).code,
        },
        token: here.token,
      },
    );
    expect(bound.errors).toBeUndefined();
    await setDisabled(idThere, true);

    const idsOf = async (filter: object | null) => {
      const { edges, totalCount } = await listed({ first: 100, filter });
      expect(totalCount).toBe(edges.length);
      return edges.map(({ node }) => node.id);
    };
    const all = (await listed({ first: 100 })).edges.map(({ node }) => node);
    const expected = (condition: (user: Person) => boolean) => all.filter(condition).map(({ id }) => id);
    for (const appId of [APP_ID, SECOND_APP_ID])
      expect(await idsOf({ appId })).toEqual(expected((user) => user.appId === appId));
    expect(await idsOf({ role: 'ADMIN' })).toEqual(expected(({ role }) => role === 'ADMIN'));
    expect(await idsOf({ disabled: true })).toEqual(expected(({ disabledAt }) => disabledAt !== null));
    expect(await idsOf({ disabled: true })).toContain(idThere);
    expect(await idsOf({ disabled: false })).toEqual(expected(({ disabledAt }) => disabledAt === null));
    expect(await idsOf({ phoneNumber: '+8613900001111' })).toEqual([here.id]);
    expect(await idsOf({ phoneNumber: '+8613900001111', appId: SECOND_APP_ID })).toEqual([]);
    expect(await idsOf({ disabled: true, appId: SECOND_APP_ID, search: idThere })).toEqual([idThere]);
    expect(await idsOf({ appId: 'wxunknown' })).toEqual([]);
    expect(await idsOf({ appId: null, role: null, disabled: null, phoneNumber: null, search: null })).toEqual(
      await idsOf(null),
    );
    expect((await listed({ first: 1, filter: { appId: APP_ID } })).totalCount).toBeGreaterThan(1);
  });

  test('search finds an id, openid, unionid or the beginning of a nickname, without wildcards', async () => {
    const named = async (name: string, nickName: string) =>
      (await server.product.login(`dev:${name}`, { userInfo: { nickName } })).data?.login.user.id ?? '';
    const percent = await named('search-a', '100% 王_小明!');
    await named('search-b', '100 percent');
    const search = async (text: string) =>
      (await listed({ first: 100, filter: { search: text } })).edges.map(({ node }) => node.id);
    expect(await search('100% 王_')).toEqual([percent]);
    expect(await search('100% 王_小明!')).toEqual([percent]);
    expect(await search('100%')).toEqual([percent]);
    expect(await search('100__p')).toEqual([]);
    expect(await search('%')).toEqual([]);
    expect(await search(percent)).toEqual([percent]);
    expect(await search(openIdOf(APP_ID, 'search-a'))).toEqual([percent]);
    expect(await search("' OR '1'='1")).toEqual([]);
    expect(await search('😀 \\')).toEqual([]);
    await fetch(`${server.product.sandbox.url}/sandbox/users`, {
      method: 'POST',
      body: JSON.stringify({ user: 'search-union', unionid: true }),
    });
    const here = await server.product.login('dev:search-union');
    const there = await server.product.login('dev:search-union', { appId: SECOND_APP_ID });
    expect(await search(here.data?.login.user.unionId ?? 'none')).toEqual(
      [here, there].map(({ data }) => data?.login.user.id).sort(),
    );
  });

  test('the linked accounts of a page are read with one statement, each with its own', async () => {
    const { users } = server.product.app.storage;
    const ids = [];
    for (const user of ['linked-a', 'linked-b']) {
      await server.product.control('users', { user, unionid: true });
      const here = await server.product.login(`dev:${user}`);
      const there = await server.product.login(`dev:${user}`, { appId: SECOND_APP_ID });
      ids.push([here, there].map(({ data }) => data?.login.user.id ?? ''));
    }
    const statements: string[][] = [];
    const { byUnionIds } = users;
    users.byUnionIds = (unionIds) => {
      statements.push([...unionIds]);
      return byUnionIds(unionIds);
    };
    type Linked = { users: { edges: { node: { id: string; linkedAccounts: { id: string }[] } }[] } };
    const { data, errors } = await server.post<Linked>(
      '{ users(first: 100) { edges { node { id linkedAccounts { id } } } } }',
      { token: admin.token },
    );
    users.byUnionIds = byUnionIds;
    expect(errors).toBeUndefined();
    expect(statements).toHaveLength(1);
    const linked = new Map(
      data?.users.edges.map(({ node }) => [node.id, node.linkedAccounts.map(({ id }) => id)]),
    );
    for (const [here = '', there = ''] of ids) {
      expect(linked.get(here)).toEqual([there]);
      expect(linked.get(there)).toEqual([here]);
    }
  });

  test('a field for admins in the payload of a login is FORBIDDEN: another login would not help', async () => {
    const { data, errors } = await server.post<{ login: { token: string } }>(
      'mutation { login(code: "dev:curious") { token user { disabledAt } } }',
    );
    expect(data?.login.token).toEqual(expect.any(String));
    expect(errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'FORBIDDEN', action: 'STOP' }]);
  });

  test('admins can read the openId and unionId of others', async () => {
    const { edges } = await listed({ first: 100 });
    expect(edges.every(({ node }) => /^o[\w-]{27}$/.test(node.openId))).toBe(true);
  });

  test('actions of admins, and refused ones of others, are logged as audit lines', async () => {
    const requestId = randomUUID();
    const headers = { 'x-request-id': requestId };
    const { id, token } = await server.logIn('audited');
    const variables = { id, disabled: true };
    await server.post(DISABLE, { variables, headers });
    await server.post(DISABLE, { variables, headers, token });
    await server.post(USERS, { headers, token: admin.token });
    await server.post(DISABLE, { variables, headers, token: admin.token });
    await server.post(ME, { headers });
    const lines = readFileSync(`.test-output/log-${process.pid}.ndjson`, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"audit":{') && line.includes(requestId))
      .map((line) => JSON.parse(line).audit);
    const action = 'setUserDisabled';
    expect(lines).toEqual([
      { action, outcome: 'refused', actor: null, requestId },
      { action, outcome: 'refused', actor: id, requestId },
      { action: 'users', outcome: 'allowed', actor: admin.id, requestId },
      { action, outcome: 'allowed', actor: admin.id, requestId, target: id, change: { disabled: true } },
    ]);
  });
});
