/** What one statement of a migration does, as far as it can be known from its text. */
export type StatementFacts = {
  sql: string;
  /** Tables that it creates, changes, fills or refers to; and an index that is dropped by its name alone. */
  names: string[];
  /** The table that it creates, with its columns. */
  creates?: { table: string; columns: string[] };
  /** Its first words if it is of another kind than those below. */
  unknown?: string;
};

export type DialectName = 'mysql' | 'sqlite';

const NAME = '[`"]?[\\w$]+[`"]?(?:\\.[`"]?[\\w$]+[`"]?)?';
/** Kinds of statements; the groups are names, or lists of them. */
const KINDS = [
  `create (?:temporary )?table (?:if not exists )?(${NAME})`,
  `alter table (${NAME}) `,
  `drop (?:temporary )?table (?:if exists )?(${NAME}(?: ?, ?${NAME})*)(?: cascade| restrict)?$`,
  `rename table (${NAME} to ${NAME}(?: ?, ?${NAME} to ${NAME})*)$`,
  `create (?:unique |fulltext |spatial )?index (?:if not exists )?${NAME} (?:using \\w+ )?on (${NAME})`,
  `drop index (?:if exists )?${NAME} on (${NAME})`,
  `drop index (?:if exists )?(${NAME})$`,
  `(?:insert|replace) (?:or \\w+ )?(?:ignore )?into (${NAME})`,
  `update (?:or \\w+ )?(?:ignore )?(${NAME}) set `,
  `delete from (${NAME})(?: where |$)`,
  `truncate (?:table )?(${NAME})$`,
].map((kind) => new RegExp(`^${kind}`, 'i'));
const RENAMED = new RegExp(`\\brename (?!column\\b|index\\b|key\\b)(?:(?:to|as)\\b ?)?(${NAME})`, 'gi');
const REFERENCED = new RegExp(`\\breferences ?(${NAME})`, 'gi');
const PRAGMA = /^pragma\b/i;
const NOT_A_COLUMN = /^(constraint|primary|unique|key|index|check|foreign|fulltext|spatial)\b/i;

const BREAKPOINT = '--> statement-breakpoint';
/** What may contain a semicolon. MySQL runs the text of some comments, which are therefore kept. */
const TOKENS: Record<DialectName, RegExp> = {
  mysql:
    /(?<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")|(?<comment>(?:--(?=\s|$)|#)[^\n]*|\/\*(?!M?!)[\s\S]*?\*\/)|`[^`]*`|(?<end>;)/g,
  sqlite: /(?<text>'(?:[^']|'')*')|(?<comment>--[^\n]*|\/\*[\s\S]*?\*\/)|`[^`]*`|"[^"]*"|(?<end>;)/g,
};

/** The statements of a file that drizzle-kit wrote, or a person. */
export function parseMigration(file: string, dialect: DialectName): StatementFacts[] {
  return file
    .split(BREAKPOINT)
    .flatMap((part) => splitStatements(part, dialect))
    .flatMap(({ sql, bare }) => (bare === '' ? [] : [{ sql, ...factsOf(bare, dialect) }]));
}

/** `bare` is without comments and the text of strings, on one line. */
function splitStatements(part: string, dialect: DialectName): { sql: string; bare: string }[] {
  const statements: { sql: string; bare: string }[] = [];
  let sql = '';
  let bare = '';
  let end = 0;
  const finish = () => {
    statements.push({ sql: sql.trim(), bare: bare.replace(/\s+/g, ' ').trim() });
    sql = '';
    bare = '';
  };
  for (const { 0: token, index, groups } of part.matchAll(TOKENS[dialect])) {
    const between = part.slice(end, index);
    end = index + token.length;
    sql += between + (groups?.end ? '' : token);
    bare += between + (groups?.end ? '' : groups?.text ? "''" : groups?.comment ? ' ' : token);
    if (groups?.end) finish();
  }
  sql += part.slice(end);
  bare += part.slice(end);
  finish();
  return statements;
}

function factsOf(bare: string, dialect: DialectName): Omit<StatementFacts, 'sql'> {
  if (dialect === 'sqlite' && PRAGMA.test(bare)) return { names: [] };
  const match = KINDS.map((kind) => kind.exec(bare)).find((found) => found !== null);
  if (!match) return { names: [], unknown: bare.split(' ').slice(0, 3).join(' ') };
  const named = (match[1] ?? '').split(/ ?, ?| to /i);
  const renamed = /^alter /i.test(bare) ? [...bare.matchAll(RENAMED)] : [];
  const others = [...renamed, ...bare.matchAll(REFERENCED)].map(([, name = '']) => name);
  const names = [...named, ...others].map((name) => name.replaceAll(/[`"]/g, ''));
  const [table = ''] = names;
  return /^create (temporary )?table/i.test(bare)
    ? { names, creates: { table, columns: columnsOf(bare) } }
    : { names };
}

/** The column names in the parentheses of CREATE TABLE. */
function columnsOf(bare: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of bare.slice(bare.indexOf('('))) {
    if (character === ')') depth -= 1;
    if (depth === 1 && character === ',') parts.push('');
    else if (depth > 0) parts.push((parts.pop() ?? '') + character);
    if (character === '(') depth += 1;
    if (depth === 0) break;
  }
  return parts
    .map((part) => part.trim())
    .filter((part) => !NOT_A_COLUMN.test(part))
    .flatMap((part) => /^[`"]?([\w$]+)/.exec(part)?.[1] ?? []);
}
