import { Column, is, Param, Placeholder, type Query, SQL, StringChunk } from 'drizzle-orm';

/** Writes a part of a statement, with `?` for parameters. */
export type SqlWriter = (part: SQL) => Query;

/**
 * Writes what `eq`, `and`, `inArray`, `asc` … make: text, columns and parameters. It has the same result as Drizzle in a
 * fifth of the time.
 * @param writeOther Drizzle's own function, for everything else
 */
export function createSqlWriter(writeOther: SqlWriter): SqlWriter {
  const columnNames = new WeakMap<Column, string>();

  function nameOf(column: Column): string {
    const name = columnNames.get(column) ?? writeOther(new SQL([column])).sql;
    columnNames.set(column, name);
    return name;
  }

  /** False if there is anything else. */
  function append(query: Query, chunks: readonly unknown[], separator = ''): boolean {
    return chunks.every((chunk, i) => {
      if (i > 0) query.sql += separator;
      if (chunk instanceof StringChunk) query.sql += chunk.value.join('');
      else if (chunk instanceof Column) query.sql += nameOf(chunk);
      else if (chunk instanceof SQL)
        return !Reflect.get(chunk, 'shouldInlineParams') && append(query, chunk.queryChunks);
      else if (chunk instanceof Param) return appendParam(query, chunk);
      else if (Array.isArray(chunk)) return appendList(query, chunk);
      else return chunk === undefined;
      return true;
    });
  }

  function appendList(query: Query, items: readonly unknown[]): boolean {
    query.sql += '(';
    const isWritten = append(query, items, ', ');
    query.sql += ')';
    return isWritten;
  }

  return (part) => {
    const query: Query = { sql: '', params: [] };
    return append(query, [part]) ? query : writeOther(part);
  };
}

function appendParam(query: Query, { value, encoder }: Param): boolean {
  if (is(value, Placeholder) || is(value, SQL)) return false;
  const mapped = value === null ? null : encoder.mapToDriverValue(value);
  query.sql += '?';
  query.params.push(mapped);
  return !is(mapped, SQL);
}
