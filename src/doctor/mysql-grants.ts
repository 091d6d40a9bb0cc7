const GRANT = /^(GRANT|REVOKE) (.+?) ON (\*|`(?:[^`]|``)+`)\.\* (?:TO|FROM) /;
const EVERYWHERE = '*';

export type Grants = {
  rights: ReadonlySet<string>;
  /** The database as its grant names it, quoted. MySQL applies one such grant only, so a new one must have its name. */
  target: string;
};

/**
 * Reads the rights on all tables of a database.
 * @param lines of SHOW GRANTS, which has those of active roles too; grants on single tables are ignored
 */
export function readGrants(lines: readonly string[], database: string): Grants {
  const grants = lines.flatMap((line) => {
    const [, verb, list = '', target = ''] = GRANT.exec(line) ?? [];
    return verb === undefined ? [] : [{ verb, rights: splitRights(list), target }];
  });
  const [target = quoteLiterally(database)] = grants
    .map((grant) => grant.target)
    .filter((name) => name !== EVERYWHERE && matchesPattern(name, database))
    .sort((a, b) => countWildcards(a) - countWildcards(b));
  const effective = grants.filter((grant) => [EVERYWHERE, target].includes(grant.target));
  const rightsOf = (verb: string) =>
    effective.filter((grant) => grant.verb === verb).flatMap(({ rights }) => rights);
  // A partial revoke of MySQL takes away what a grant on *.* gives.
  const revoked = rightsOf('REVOKE');
  return { rights: new Set(rightsOf('GRANT').filter((right) => !revoked.includes(right))), target };
}

const ALL = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'ALTER', 'INDEX'];

function splitRights(list: string): string[] {
  return /^ALL\b/.test(list) ? ALL : list.split(',').map((right) => right.trim());
}

function quoteLiterally(database: string): string {
  return `\`${database.replaceAll('`', '``').replace(/[_%\\]/g, '\\$&')}\``;
}

const PART = /\\?[\s\S]/g;

/** The name of a database in a grant is a LIKE pattern. */
function matchesPattern(target: string, database: string): boolean {
  const pattern = target.slice(1, -1).replaceAll('``', '`');
  const source = pattern.replaceAll(
    PART,
    (part) => ({ '%': '.*', _: '.' })[part] ?? escapeRegExp(part.slice(-1)),
  );
  return new RegExp(`^${source}$`, 's').test(database);
}

function countWildcards(target: string): number {
  return (target.match(PART) ?? []).filter((part) => part === '%' || part === '_').length;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
