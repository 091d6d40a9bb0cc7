import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { startMariaDb } from '../test/support/mariadb.ts';
import { openSqliteFile } from '../test/support/sqlite-file.ts';
import { APP_ID, NOTES_PER_USER } from './contract.ts';
import { pin } from './cores.ts';
import { person } from './people.ts';

export type DatabaseKind = 'mariadb' | 'libsql';

/** One kind of database, with a database for each server, so that all measure the same table. */
export type DatabaseServer = {
  kind: DatabaseKind;
  /** Undefined for libSQL, which runs in the process of the server. */
  pid: number | undefined;
  /** Creates an empty database and returns its DATABASE_URL. */
  create(name: string): Promise<string>;
  /** Inserts the users, once the tables exist. */
  fill(name: string, users: number): Promise<void>;
  /** The statements that clients sent so far. */
  statements(): Promise<number>;
  stop(): Promise<void>;
};

export function startDatabase(kind: DatabaseKind, users: number): Promise<DatabaseServer> {
  return kind === 'mariadb' ? startMysql(users) : startLibsql();
}

/** The durability of commits is relaxed, the same for all servers: the disk is not what is measured. */
async function startMysql(users: number): Promise<DatabaseServer> {
  const mariadb = await startMariaDb([
    `--innodb-buffer-pool-size=${users > 100_000 ? '2G' : '256M'}`,
    '--innodb-log-file-size=512M',
    '--innodb-flush-log-at-trx-commit=2',
    '--character-set-server=utf8mb4',
  ]);
  pin('load', mariadb.pid);
  const connection = await createConnection(mariadb.url);
  /** A database that has the users already, by their number. */
  const filled = new Map<number, string>();

  return {
    kind: 'mariadb',
    pid: mariadb.pid,
    async create(name) {
      await connection.query(`CREATE DATABASE ${name}`);
      return `${mariadb.url}/${name}`;
    },
    async fill(name, count) {
      await connection.query(`USE ${name}`);
      const source = filled.get(count);
      if (source) await copyUsers(connection, source);
      else await insertUsers(connection, count);
      if (await hasNotes(connection)) await insertNotes(connection);
      await connection.query('ANALYZE TABLE user');
      filled.set(count, name);
    },
    async statements() {
      const [rows] = await connection.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Questions'");
      return Number(rows[0]?.Value);
    },
    async stop() {
      await connection.end();
      await mariadb.stop();
    },
  };
}

async function insertUsers(connection: Connection, count: number): Promise<void> {
  await connection.query('SET unique_checks = 0');
  for (const rows of batches(count, toDatetime))
    await connection.query(`INSERT INTO user (${COLUMNS.join(', ')}) VALUES ?`, [rows]);
  await connection.query('SET unique_checks = 1');
}

async function hasNotes(connection: Connection): Promise<boolean> {
  const [tables] = await connection.query<RowDataPacket[]>("SHOW TABLES LIKE 'notes_note'");
  return tables.length > 0;
}

/** The same for all servers. The ids have the form of UUIDs. */
async function insertNotes(connection: Connection): Promise<void> {
  for (let n = 0; n < NOTES_PER_USER; n++) {
    const digit = n.toString(16).padStart(2, '0');
    await connection.query(
      `INSERT INTO notes_note (id, user_id, text, created_at)
       SELECT CONCAT('${digit}', SUBSTRING(id, 3)), id, 'Buy milk, call mother, water the plants', created_at FROM user`,
    );
  }
}

function copyUsers(connection: Connection, from: string): Promise<unknown> {
  const columns = COLUMNS.join(', ');
  return connection.query(`INSERT INTO user (${columns}) SELECT ${columns} FROM ${from}.user`);
}

async function startLibsql(): Promise<DatabaseServer> {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-bench-'));
  const urlOf = (name: string) => `file:${join(folder, `${name}.db`)}`;
  return {
    kind: 'libsql',
    pid: undefined,
    create: async (name) => urlOf(name),
    async fill(name, count) {
      const client = openSqliteFile(urlOf(name));
      const row = `INSERT INTO user (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`;
      for (const rows of batches(count, (time) => time.getTime())) {
        const transaction = await client.beginWrite();
        for (const args of rows) await transaction.execute({ sql: row, args });
        await transaction.commit();
      }
      client.close();
    },
    statements: async () => Number.NaN,
    stop: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

const COLUMNS = [
  'id',
  'app_id',
  'open_id',
  'session_key',
  'nick_name',
  'avatar_url',
  'gender',
  'country',
  'city',
  'role',
  'token_version',
  'created_at',
  'updated_at',
  'last_login_at',
] as const;

const BATCH = 1000;

type Value = string | number;
/** A time as the database stores it. */
type WriteTime = (time: Date) => Value;

function* batches(count: number, writeTime: WriteTime) {
  for (let from = 0; from < count; from += BATCH)
    yield Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => rowOf(from + i, writeTime));
}

function toDatetime(time: Date): string {
  return time.toISOString().replace('T', ' ').replace('Z', '');
}

function rowOf(n: number, writeTime: WriteTime): Value[] {
  const { id, openId, nickName, avatarUrl, gender, city, createdAt } = person(n);
  const at = writeTime(createdAt);
  const sessionKey = 'x'.repeat(80);
  return [id, APP_ID, openId, sessionKey, nickName, avatarUrl, gender, 'China', city, 'USER', 0, at, at, at];
}
