import type { Subject } from './check.ts';
import type { Finding } from './findings.ts';
import { checkMysql } from './mysql-server.ts';
import { checkSqliteFile } from './sqlite-file.ts';

export async function checkDatabase(subject: Subject): Promise<Finding[]> {
  const { database } = subject.config;
  return database.dialect === 'mysql' ? checkMysql(subject, database) : checkSqliteFile(subject, database);
}
