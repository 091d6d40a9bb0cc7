import { randomBytes } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../src/sandbox/index.ts';
import { APP_SECRET, canaryBytes } from './support/canaries.ts';
import { DATABASES, MYSQL, runSql } from './support/databases.ts';
import { APP_ID, SECOND_APP_ID } from './support/product.ts';
import { type Replica, startReplica } from './support/replica.ts';
import { startServer } from './support/server.ts';
import { openSqliteFile } from './support/sqlite-file.ts';

describe.skipIf(!MYSQL)('two processes on one MariaDB', () => {
  let sandbox: Sandbox;
  let replicas: [Replica, Replica];
  let url: string;
  beforeAll(async () => {
    const apps = [APP_ID, SECOND_APP_ID].map((appId) => ({ appId, secret: APP_SECRET }));
    sandbox = await createSandbox({ apps, random: canaryBytes });
    url = (await MYSQL?.create()) ?? '';
    const environment = { DATABASE_URL: url, WECHAT_API_URL: sandbox.url };
    replicas = await Promise.all([startReplica(environment), startReplica(environment)]);
  });
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await sandbox.close();
  });

  const ask = async (replica: Replica, query: string, token?: string) => {
    const response = await fetch(`${replica.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body: JSON.stringify({ query }),
    });
    const { data, errors } = await response.json();
    return { data, code: errors?.[0].extensions.code };
  };
  const logIn = async (replica: Replica, name: string): Promise<{ token: string; user: { id: string } }> =>
    (await ask(replica, `mutation { login(code: "dev:${name}") { token user { id } } }`)).data.login;
  const me = async (replica: Replica, token: string) => {
    const { data, code } = await ask(replica, '{ me { id } }', token);
    return code ?? data.me.id;
  };

  test('a token of one is valid at the other, until the first request after logout', async () => {
    const [a, b] = replicas;
    for (let round = 0; round < 50; round++) {
      const [here, there] = round % 2 ? [a, b] : [b, a];
      const { token, user } = await logIn(here, 'traveller');
      expect([await me(there, token), await me(here, token)]).toEqual([user.id, user.id]);
      await ask(here, 'mutation { logout { user { id } } }', token);
      expect([await me(there, token), await me(here, token)]).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
    }
  });

  test('a role and a disabling are effective at the other with the next request', async () => {
    const [a, b] = replicas;
    const admin = await logIn(a, 'chief');
    const user = await logIn(b, 'member');
    expect((await ask(b, '{ users { edges { cursor } } }', admin.token)).code).toBe('FORBIDDEN');
    await runSql(url, "UPDATE user SET role = 'ADMIN' WHERE id = ?", [admin.user.id]);
    const disable = `mutation { setUserDisabled(id: "${user.user.id}", disabled: true) { user { id } } }`;
    expect((await ask(a, disable, admin.token)).code).toBeUndefined();
    expect(await me(b, user.token)).toBe('USER_DISABLED');
  });
});

const PEOPLE = 50_000;
const PAGE = 50;

describe.each(DATABASES)(`${PEOPLE} users on $name`, (database) => {
  test('pages of 50 return every user exactly once while others log in', async () => {
    const url = await database.create();
    const server = await startServer(url, { RATE_LIMIT_LOGINS_PER_ADDRESS: '0', LOG_LEVEL: 'silent' });
    const admin = await server.logIn('admin');
    await server.product.app.storage.users.setRole(admin.id, 'ADMIN');
    const ids = await fill(url, PEOPLE);

    const query = `query ($after: String) {
      users(first: ${PAGE}, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } }
    }`;
    type Data = {
      users: {
        edges: { node: { id: string } }[];
        pageInfo: { hasNextPage: boolean; endCursor: string };
      };
    };
    const seen = new Map<string, number>();
    const arrivals: Promise<{ id: string }>[] = [];
    let after: string | undefined;
    for (let more = true; more; ) {
      if (seen.size % 500 === 0) arrivals.push(server.logIn(`arrival-${seen.size}`));
      const { data } = await server.post<Data>(query, { token: admin.token, variables: { after } });
      if (!data) throw new Error('no data');
      for (const { node } of data.users.edges) seen.set(node.id, (seen.get(node.id) ?? 0) + 1);
      after = data.users.pageInfo.endCursor;
      more = data.users.pageInfo.hasNextPage;
    }
    expect((await Promise.all(arrivals)).length).toBeGreaterThan(50);
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
    expect(ids.filter((id) => !seen.has(id))).toEqual([]);
    await server.close();
  }, 120_000);
});

/** Rows by the thousand, behind the product's back. */
async function fill(url: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => uuidv7());
  const columns =
    'id, app_id, open_id, session_key, role, token_version, created_at, updated_at, last_login_at';
  const time = url.startsWith('mysql') ? "'2026-01-01 00:00:00.000'" : '1767225600000';
  const client = url.startsWith('mysql') ? undefined : openSqliteFile(url);
  for (let from = 0; from < count; from += 1000) {
    const rows = ids
      .slice(from, from + 1000)
      .map(
        (id) =>
          `('${id}', '${APP_ID}', 'o${randomBytes(20).toString('base64url')}', 'x', 'USER', 0, ${time}, ${time}, ${time})`,
      );
    const statement = `INSERT INTO user (${columns}) VALUES ${rows.join(',')}`;
    if (client) await client.execute(statement);
    else await runSql(url, statement);
  }
  client?.close();
  return ids;
}
