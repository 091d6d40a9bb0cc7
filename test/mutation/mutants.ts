import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { parseAst } from 'vitest/node';

/** One change of the source. */
export type Mutant = {
  /** Such as `src/auth/viewer.ts#5d41402a`: the file and a hash of the change and of its lines. */
  id: string;
  line: number;
  /** The changed expression or statement, and what takes its place. */
  from: string;
  to: string;
};

type Change = { start: number; end: number; to: string; form: 'expression' | 'statement' | 'block' };
type Node = { type: string; start: number; end: number; [member: string]: unknown };

export const ROOMS = ['errors', 'auth', 'http', 'wechat', 'storage', 'graphql'] as const;
/** Code of browsers, which only Chromium runs, and the tables, which `npm run check` compares with the migrations. */
const NOT_MUTATED = /^src\/graphql\/graphiql\/|\.schema\.ts$/;

export function sourceFiles(rooms: readonly string[] = ROOMS): string[] {
  return rooms
    .flatMap((room) =>
      readdirSync(`src/${room}`, { recursive: true, encoding: 'utf8' }).map((name) => `src/${room}/${name}`),
    )
    .filter((file) => file.endsWith('.ts') && !NOT_MUTATED.test(file))
    .sort();
}

export function mutantsOf(file: string): Mutant[] {
  const source = readFileSync(file, 'utf8');
  return identifiedChangesIn(file, source).map(({ id, start, end, to }) => ({
    id,
    line: source.slice(0, start).split('\n').length,
    from: source.slice(start, end),
    to,
  }));
}

/** The source with all of its mutants, each behind a switch: `__mutant(id)` is true for the active one. */
export function withSwitches(file: string, source: string): string {
  const changes = identifiedChangesIn(file, source);
  changes.sort((a, b) => a.start - b.start || b.end - a.end);

  function render(start: number, end: number, inside: typeof changes): string {
    let text = '';
    let at = start;
    for (let i = 0; i < inside.length; ) {
      const outer = inside[i];
      if (!outer) break;
      let next = i;
      while ((inside[next]?.start ?? end) < outer.end) next += 1;
      const within = inside.slice(i, next);
      const same = within.filter((change) => change.start === outer.start && change.end === outer.end);
      const below = within.filter((change) => !same.includes(change));
      text += source.slice(at, outer.start) + withSwitch(same, render(outer.start, outer.end, below));
      at = outer.end;
      i = next;
    }
    return text + source.slice(at, end);
  }

  return render(0, source.length, changes);
}

function withSwitch(changes: readonly (Change & { id: string })[], original: string): string {
  const [first] = changes;
  if (!first) return original;
  const is = ({ id }: { id: string }) => `__mutant(${JSON.stringify(id)})`;
  switch (first.form) {
    case 'expression':
      return `(${changes.map((change) => `${is(change)} ? (${change.to}) : `).join('')}(${original}))`;
    case 'statement':
      return `{ if (!${is(first)}) { ${original} } }`;
    case 'block':
      return `{ if (!${is(first)}) ${original} }`;
  }
}

/** A mutant keeps its id while its lines are the same, so that the results of other lines stay valid. */
function identifiedChangesIn(file: string, source: string): (Change & { id: string })[] {
  const times = new Map<string, number>();
  return changesIn(source).map((change) => {
    const { start, end, to } = change;
    const from = source.lastIndexOf('\n', start) + 1;
    const lines = source.slice(from, source.indexOf('\n', end)).trim();
    const text = [lines, source.slice(start, end), to].join('\n');
    const time = times.get(text) ?? 0;
    times.set(text, time + 1);
    const hash = createHash('sha256').update(`${text}\n${time}`).digest('hex').slice(0, 8);
    return { ...change, id: `${file}#${hash}` };
  });
}

const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  '===': ['!=='],
  '!==': ['==='],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '+=': ['-='],
  '-=': ['+='],
};

/** Methods without which, or with another of which, the value differs. */
const METHODS: Readonly<Record<string, string | null>> = {
  endsWith: 'startsWith',
  startsWith: 'endsWith',
  every: 'some',
  some: 'every',
  min: 'max',
  max: 'min',
  toLowerCase: 'toUpperCase',
  toUpperCase: 'toLowerCase',
  trim: null,
  trimStart: null,
  slice: null,
  subarray: null,
  filter: null,
  sort: null,
  reverse: null,
};

/** In the order of the syntax tree. */
function changesIn(source: string): Change[] {
  const changes: Change[] = [];
  const textOf = ({ start, end }: Node) => source.slice(start, end);
  const replace = (node: Node, to: string, form: Change['form'] = 'expression') => {
    if (
      !changes.some(({ start, end, to: known }) => start === node.start && end === node.end && to === known)
    )
      changes.push({ start: node.start, end: node.end, to, form });
  };

  function visit(node: Node, parent: Node | undefined): void {
    if (node.type.startsWith('TS') && !/^TS(As|Satisfies|NonNull)Expression$/.test(node.type)) return;
    if (/^(Import|ExportAll)Declaration$/.test(node.type)) return;
    change(node, parent);
    for (const [name, value] of Object.entries(node)) {
      if (name === 'key' && node.computed !== true) continue;
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, node);
    }
  }

  function change(node: Node, parent: Node | undefined): void {
    const { test, operator, left, right, argument, body } = node;
    switch (node.type) {
      case 'IfStatement':
      case 'ConditionalExpression':
        if (!isNode(test)) return;
        replace(test, 'true');
        replace(test, 'false');
        return;
      case 'WhileStatement':
      case 'ForStatement':
        if (isNode(test)) replace(test, 'false');
        return;
      case 'LogicalExpression':
      case 'BinaryExpression': {
        if (!isNode(left) || !isNode(right)) return;
        if (operator === '&&') for (const operand of [left, right]) replace(operand, 'true');
        if (operator === '||') for (const operand of [left, right]) replace(operand, 'false');
        if (operator === '+' && [left, right].some(isText)) return;
        for (const other of OPERATORS[String(operator)] ?? [])
          replace(node, `(${textOf(left)}) ${other} (${textOf(right)})`);
        return;
      }
      case 'AssignmentExpression':
        if (isNode(left) && isNode(right))
          for (const other of OPERATORS[String(operator)] ?? [])
            replace(node, `${textOf(left)} ${other} ${textOf(right)}`);
        return;
      case 'UpdateExpression':
        if (isNode(argument)) {
          const other = operator === '++' ? '--' : '++';
          replace(node, node.prefix ? `${other}${textOf(argument)}` : `${textOf(argument)}${other}`);
        }
        return;
      case 'UnaryExpression':
        if (isNode(argument) && (operator === '!' || operator === '-')) replace(node, textOf(argument));
        return;
      case 'Literal':
        if (typeof node.value === 'boolean') replace(node, String(!node.value));
        if (isRecord(node.regex)) changePattern(node);
        return;
      case 'ArrayExpression':
        if (Array.isArray(node.elements) && node.elements.length > 0) replace(node, '[]');
        return;
      case 'ChainExpression':
        if (isNode(node.expression)) changeChain(node, node.expression);
        return;
      case 'CallExpression':
        changeCall(node, parent);
        return;
      case 'ArrowFunctionExpression':
        if (isNode(body) && body.type !== 'BlockStatement' && textOf(body) !== 'undefined')
          replace(body, 'undefined');
        else if (isNode(body)) changeBody(body);
        return;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
        if (isNode(body) && !(parent?.type === 'MethodDefinition' && parent.kind === 'constructor'))
          changeBody(body);
        return;
      case 'ExpressionStatement':
        if (typeof node.directive !== 'string' && !/^super\(/.test(textOf(node)))
          replace(node, ';', 'statement');
        return;
      case 'ThrowStatement':
        replace(node, ';', 'statement');
    }
  }

  function changeBody(body: Node): void {
    const { body: statements } = body;
    if (Array.isArray(statements) && statements.length > 0) replace(body, '{}', 'block');
  }

  function changePattern(node: Node): void {
    const { pattern = '', flags = '' } = isRecord(node.regex) ? node.regex : {};
    const text = String(pattern);
    if (text.startsWith('^')) replace(node, `/${text.slice(1)}/${flags}`);
    if (text.endsWith('$') && !text.endsWith('\\$')) replace(node, `/${text.slice(0, -1)}/${flags}`);
  }

  /** `a?.b` without the question mark. */
  function changeChain(chain: Node, expression: Node): void {
    for (let link: unknown = expression; isNode(link); link = link.object ?? link.callee) {
      const before = link.object ?? link.callee;
      if (link.optional !== true || !isNode(before)) continue;
      const rest = source.slice(before.end, chain.end);
      const plain = /^\s*\?\.(?=[[(])/.test(rest) ? rest.replace('?.', '') : rest.replace('?.', '.');
      replace(chain, source.slice(chain.start, before.end) + plain);
    }
  }

  function changeCall(node: Node, parent: Node | undefined): void {
    const { callee } = node;
    if (!isNode(callee) || callee.type !== 'MemberExpression' || callee.optional === true) return;
    if (parent?.type === 'ChainExpression' || isInChain(node)) return;
    const { object, property } = callee;
    if (!isNode(object) || !isNode(property)) return;
    const method = textOf(property);
    const other = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
    if (other === undefined) return;
    const args = source.slice(callee.end, node.end);
    replace(node, other === null ? textOf(object) : `${textOf(object)}.${other}${args}`);
  }

  /** Parentheses would end the short circuit of a chain that the node is a link of. */
  function isInChain(node: Node): boolean {
    return chains.some((chain) => chain.start === node.start && chain.end >= node.end);
  }

  const chains: Node[] = [];
  const program: unknown = parseAst(source, { lang: 'ts' });
  if (!isNode(program)) throw new TypeError('the parser returned no syntax tree');
  collectChains(program, chains);
  visit(program, undefined);
  return changes;
}

function collectChains(node: Node, chains: Node[]): void {
  if (node.type === 'ChainExpression') chains.push(node);
  for (const value of Object.values(node))
    for (const child of Array.isArray(value) ? value : [value])
      if (isNode(child)) collectChains(child, chains);
}

function isText({ type, value }: Node): boolean {
  return type === 'TemplateLiteral' || typeof value === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isNode(value: unknown): value is Node {
  return isRecord(value) && typeof value.type === 'string' && typeof value.start === 'number';
}
