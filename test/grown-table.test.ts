import { expect, test } from 'vitest';
import { MYSQL, runSql } from './support/databases.ts';
import { APP_ID } from './support/product.ts';
import { startServer } from './support/server.ts';

const USERS = 20_000;
const LOGINS = 48;

test.skipIf(!MYSQL)(
  'in a table of 20,000 users, logins of one moment read few rows',
  { timeout: 60_000 },
  async () => {
    const url = (await MYSQL?.create()) ?? '';
    const server = await startServer(url, { DATABASE_POOL_SIZE: '3' });
    // The statistics are those of the empty table, as they are while a table grows quickly.
    await runSql(url, 'ALTER TABLE user STATS_AUTO_RECALC = 0');
    await runSql(url, 'ANALYZE TABLE user');
    await runSql(
      url,
      `INSERT INTO user (id, app_id, open_id, session_key, created_at, updated_at, last_login_at)
       SELECT uuid(), ?, sha1(seq), '', now(3), now(3), now(3) FROM seq_1_to_${USERS}`,
      [APP_ID],
    );
    await runSql(url, 'SET GLOBAL userstat = 1');
    const rowsRead = async (): Promise<number> => {
      const rows = await runSql(
        url,
        "SELECT rows_read FROM information_schema.table_statistics WHERE table_schema = database() AND table_name = 'user'",
      );
      return Array.isArray(rows) ? Number(rows[0]?.rows_read ?? 0) : Number.NaN;
    };
    const logInAll = () =>
      Promise.all(
        Array.from({ length: LOGINS }, async (_, i) => {
          const { errors } = await server.product.login(`dev:grown-${i}`);
          expect(errors).toBeUndefined();
        }),
      );
    await logInAll();
    const before = await rowsRead();
    await logInAll();
    expect((await rowsRead()) - before).toBeLessThan(LOGINS * 10);
    await server.close();
  },
);
