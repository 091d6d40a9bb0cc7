import Database from 'libsql';

type Value = string | number | null;
type Statement = string | { sql: string; args: readonly Value[] };

/** A libSQL file, used behind the product's back as another process would. Nothing waits for a lock. */
export type SqliteFile = {
  execute(statement: Statement): Promise<{ rows: Record<string, unknown>[] }>;
  /** Takes the lock that only one writer has. */
  beginWrite(): Promise<{
    execute: SqliteFile['execute'];
    commit(): Promise<void>;
    rollback(): Promise<void>;
  }>;
  close(): void;
};

/** @param url such as `file:/tmp/x.db` */
export function openSqliteFile(url: string): SqliteFile {
  const database = new Database(url.replace(/^file:/, ''));

  async function execute(statement: Statement) {
    const { sql, args } = typeof statement === 'string' ? { sql: statement, args: [] } : statement;
    const prepared = database.prepare<Value[][]>(sql);
    if (prepared.reader) return { rows: prepared.all([...args]).filter(isRow) };
    prepared.run([...args]);
    return { rows: [] };
  }

  return {
    execute,
    async beginWrite() {
      database.exec('BEGIN IMMEDIATE');
      return {
        execute,
        commit: async () => {
          database.exec('COMMIT');
        },
        rollback: async () => {
          database.exec('ROLLBACK');
        },
      };
    },
    close: () => {
      database.close();
    },
  };
}

function isRow(row: unknown): row is Record<string, unknown> {
  return typeof row === 'object' && row !== null;
}
