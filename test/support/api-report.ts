import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { emitDeclarations } from './declarations.ts';

/** A top-level statement of a declaration file, without comments. */
type Statement = { text: string; name: string };

/** Where a name comes from: a declaration of the package, or another package. */
type Origin = { file: string; name: string };

type DeclarationFile = {
  declared: Map<string, string[]>;
  /** By local name. */
  imported: Map<string, Origin>;
  /** By exported name. */
  exported: Map<string, Origin>;
};

/** The entries of the package, with the declarations that they export and those that these refer to. */
export function createReport(): string {
  const folder = emitDeclarations();
  const { exports }: { exports: Record<string, { types?: string }> } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  );
  const read = createReader();
  const reported = new Set<string>();
  const sections = Object.entries(exports).flatMap(([path, { types }]) =>
    types === undefined
      ? []
      : `// ${path.replace('.', 'weapp-login')}\n${reportEntry(types.replace('./dist', folder), read, reported)}`,
  );
  return `// The public API. \`npm run generate:api\` writes this file.\n\n${sections.join('\n')}`;
}

/** @param reported what earlier entries have: it is not repeated */
function reportEntry(entry: string, read: (file: string) => DeclarationFile, reported: Set<string>): string {
  const exported = new Map<string, string>();
  for (const [alias, origin] of read(entry).exported) exported.set(keyOf(resolveOrigin(origin, read)), alias);
  const earlier = new Set(reported);
  const lines = new Set<string>();
  const statements = new Map<string, string>();

  function add(origin: Origin): void {
    const { file, name } = origin;
    const isOurs = file.startsWith('/');
    if (!isOurs) lines.add(`import { ${name} } from '${file}';`);
    if (!isOurs || reported.has(keyOf(origin))) return;
    reported.add(keyOf(origin));
    const { declared, imported } = read(file);
    for (const text of declared.get(name) ?? []) {
      statements.set(`${name} ${text}`, exported.get(keyOf(origin)) === name ? `export ${text}` : text);
      for (const [word] of text.matchAll(/[A-Za-z_$][\w$]*/g)) {
        const reference = declared.has(word) ? { file, name: word } : imported.get(word);
        if (reference && word !== name) add(resolveOrigin(reference, read));
      }
      for (const [, path = '', word = ''] of text.matchAll(/import\("(\.[^"]+)"\)\.(\w+)/g))
        add(resolveOrigin({ file: resolvePath(file, path), name: word }, read));
    }
  }

  for (const [alias, origin] of read(entry).exported) {
    const resolved = resolveOrigin(origin, read);
    const { name } = resolved;
    if (earlier.has(keyOf(resolved))) lines.add(`export { ${name} };`);
    if (alias !== name) lines.add(`export { ${name} as ${alias} };`);
    add(resolved);
  }
  const sorted = [...statements].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, text]) => text);
  return `${[...[...lines].sort(), ...sorted].join('\n')}\n`;
}

function keyOf({ file, name }: Origin): string {
  return `${file}#${name}`;
}

/** Follows re-exports. */
function resolveOrigin(origin: Origin, read: (file: string) => DeclarationFile): Origin {
  if (!origin.file.startsWith('/')) return origin;
  const { declared, exported } = read(origin.file);
  const next = declared.has(origin.name) ? undefined : exported.get(origin.name);
  return next ? resolveOrigin(next, read) : origin;
}

function createReader(): (file: string) => DeclarationFile {
  const files = new Map<string, DeclarationFile>();
  return (file) => {
    const known = files.get(file) ?? readDeclarations(file);
    files.set(file, known);
    return known;
  };
}

function readDeclarations(file: string): DeclarationFile {
  const declared: DeclarationFile['declared'] = new Map();
  const imported: DeclarationFile['imported'] = new Map();
  const exported: DeclarationFile['exported'] = new Map();
  for (const { text, name } of statementsOf(readFileSync(file, 'utf8'))) {
    const [, verb, list = '', path] =
      /^(import|export)(?: type)? \{([^}]*)\}(?: from '([^']+)')?;$/.exec(text) ?? [];
    if (!verb && name) {
      declared.set(name, [...(declared.get(name) ?? []), text.replace(/^export /, '')]);
      if (text.startsWith('export ')) exported.set(name, { file, name });
    }
    for (const [original = '', alias = original] of verb ? namesIn(list) : []) {
      const origin = { file: path === undefined ? file : resolvePath(file, path), name: original };
      (verb === 'import' ? imported : exported).set(alias, origin);
    }
  }
  return { declared, imported, exported };
}

function namesIn(list: string): string[][] {
  const names = list.split(',').map((part) => part.trim().replace(/^type /, ''));
  return names.filter(Boolean).map((part) => part.split(' as '));
}

function resolvePath(from: string, path: string): string {
  return path.startsWith('.') ? join(dirname(from), path.replace(/\.ts$/, '.d.ts')) : path;
}

/** Names of destructured parameters are no part of the API. */
const DESTRUCTURED = /(?<=[(\s])\{[\w\s,]*\}(?=\??:)/g;
/** What a code means may be said better. */
const SENTENCE = /(?<=: )'[^'\n]*[a-z] [^'\n]*'(?=;)/g;
const NAME =
  /^(?:export )?(?:declare )?(?:abstract )?(?:const|function|class|interface|type|enum|let) ([\w$]+)/;

/** tsc begins each statement in the first column, and nothing else but closing brackets. */
function statementsOf(source: string): Statement[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '').replaceAll(/\n\s*\n/g, '\n');
  const texts = code.split(/\n(?=[A-Za-z])/).map((text) => text.trim().replaceAll(/[ \t]+$/gm, ''));
  return texts.filter(Boolean).map((text) => ({
    text: text.replaceAll(DESTRUCTURED, 'options').replaceAll(SENTENCE, 'string'),
    name: NAME.exec(text)?.[1] ?? '',
  }));
}

/** What code that uses the one report may miss in the other: lines that were removed or changed, of each declaration. */
export function breakingApiChanges(before: string, after: string): string[] {
  const present = linesByDeclaration(after);
  return [...linesByDeclaration(before)].flatMap(([declaration, lines]) =>
    [...lines]
      .filter((line) => !present.get(declaration)?.has(line))
      .map((line) => `${declaration}: \`${line.trim()}\` was removed or changed.`),
  );
}

function linesByDeclaration(report: string): Map<string, Set<string>> {
  const result = new Map<string, Set<string>>();
  const sections = report.split(/^\/\/ (weapp-login\S*)$/m).slice(1);
  for (let i = 0; i < sections.length; i += 2)
    for (const { text, name } of statementsOf(sections[i + 1] ?? '')) {
      const key = `${sections[i]}${name ? `, ${name}` : ''}`;
      result.set(key, new Set([...(result.get(key) ?? []), ...text.split('\n')]));
    }
  return result;
}
