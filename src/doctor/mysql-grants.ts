const GRANT = /^(GRANT|REVOKE) (.+?) ON (?:(\*)|`((?:[^`]|``)+)`)\.\* (?:TO|FROM) /;

/**
 * The rights on all tables of a database. MySQL and MariaDB include those of active roles.
 * @param lines of SHOW GRANTS; those for single tables are ignored
 */
export function grantedRights(lines: readonly string[], database: string): Set<string> {
  const granted = new Set<string>();
  const revoked = new Set<string>();
  for (const line of lines) {
    const [, verb, list = '', everywhere, pattern = ''] = GRANT.exec(line) ?? [];
    if (verb === undefined || (everywhere === undefined && !matchesPattern(pattern, database))) continue;
    const rights = splitRights(list);
    // A partial revoke of MySQL takes away what a grant on *.* gives.
    for (const right of rights) (verb === 'GRANT' ? granted : revoked).add(right);
  }
  return new Set([...granted].filter((right) => !revoked.has(right)));
}

const ALL = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'ALTER', 'INDEX'];

function splitRights(list: string): string[] {
  return /^ALL\b/.test(list) ? ALL : list.split(',').map((right) => right.trim());
}

/** The name of a database in a grant is a LIKE pattern. */
function matchesPattern(pattern: string, database: string): boolean {
  const source = pattern
    .replaceAll('``', '`')
    .replaceAll(/\\?[\s\S]/g, (part) => ({ '%': '.*', _: '.' })[part] ?? escapeRegExp(part.slice(-1)));
  return new RegExp(`^${source}$`, 's').test(database);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
