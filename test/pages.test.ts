import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { StorageError } from '../src/storage/storage-error.ts';
import { errcodeError } from '../src/wechat/wechat-error.ts';
import { allPages, codeBlocks, headingLevels, linesOutsideCode, tableRows } from './support/pages.ts';
import { linksOf } from './support/snippets.ts';

const PAGES = allPages();
const CHINESE = PAGES.filter((page) => page.endsWith('.zh-CN.md'));
const ENGLISH = PAGES.filter((page) => !page.endsWith('.zh-CN.md'));

/** Chinese that English pages need: the name of the product, and labels in WeChat's tools and in the example. */
const CHINESE_LABELS = [
  '微信小程序',
  '开发管理',
  '开发设置',
  '服务器域名',
  '消息推送',
  '安全模式',
  'IP白名单',
  '不校验合法域名',
  '工具',
  '构建 npm',
  '详情',
  '本地设置',
  '设置',
  '服务内容声明',
  '用户隐私保护指引',
  '测试号',
  '编辑资料',
  '微信用户',
];

/** Pages about apps that call the server: their code names files of those apps, not of this repository. */
const PAGES_ABOUT_APPS = /^(client|examples)\/|^docs\/(codegen|mini-program|taro-uni-app)\./;

test('the operator and the mini-program developer have every page in both languages', () => {
  const names = [
    'README',
    'SECURITY',
    'client/README',
    'docs/capacity',
    'docs/clusters',
    'docs/codegen',
    'docs/configuration',
    'docs/deployment',
  ];
  names.push(
    'docs/errors',
    'docs/mini-program',
    'docs/modules',
    'docs/sandbox',
    'docs/schema',
    'docs/taro-uni-app',
    'docs/wechat',
    'examples/starter/README',
  );
  expect(CHINESE).toEqual(expect.arrayContaining(names.map((name) => `${name}.zh-CN.md`)));
});

describe.each(CHINESE)('%s', (chinese) => {
  const english = chinese.replace('.zh-CN.md', '.md');

  test('has an English page, and the two link to each other at the top', () => {
    expect(ENGLISH).toContain(english);
    expect(topOf(chinese)).toContain(`[English](${baseName(english)})`);
    expect(topOf(english)).toContain(`[中文](${baseName(chinese)})`);
  });

  test('has the headings and tables of the English page', () => {
    expect(headingLevels(chinese)).toEqual(headingLevels(english));
    expect(tableRows(chinese).map((cells) => cells.length)).toEqual(
      tableRows(english).map((cells) => cells.length),
    );
  });

  test('has the code of the English page; only comments and Chinese texts differ', () => {
    const [ours, theirs] = [codeBlocks(chinese), codeBlocks(english)];
    expect(ours.map(({ info }) => info)).toEqual(theirs.map(({ info }) => info));
    for (const [i, { code }] of ours.entries()) {
      const other = theirs[i]?.code ?? '';
      expect(skeletonOf(code)).toBe(skeletonOf(other));
      const translated = textsIn(code).filter((text, at) => text !== textsIn(other)[at]);
      expect(translated.filter((text) => !HAN.test(text))).toEqual([]);
    }
  });

  test('links to what the English page links to, in Chinese if there is such a page', () => {
    const links = linksOf(chinese).filter((path) => path !== english);
    const targets = linksOf(english).filter((path) => path !== chinese);
    const inChinese = (path: string) => path.replace(/\.md$/, '.zh-CN.md');
    expect(new Set(links)).toEqual(
      new Set(targets.map((path) => (CHINESE.includes(inChinese(path)) ? inChinese(path) : path))),
    );
  });

  test('is written in Chinese', () => {
    const lines = proseOf(chinese);
    expect(lines.filter((line) => ENGLISH_SENTENCE.test(line))).toEqual([]);
    expect(count(HAN, lines.join())).toBeGreaterThan(count(/[a-z]/i, lines.join()));
  });
});

test.each(ENGLISH)('%s is written in English', (page) => {
  const labels = new RegExp(CHINESE_LABELS.join('|'), 'g');
  const lines = proseOf(page).map((line) => line.replace(labels, ''));
  expect(lines.filter((line) => HAN.test(line))).toEqual([]);
});

test.each(PAGES)('%s links only to files that exist', (page) => {
  expect(linksOf(page).filter((path) => !existsSync(path))).toEqual([]);
});

test.each(PAGES.filter((page) => !PAGES_ABOUT_APPS.test(page)))('%s names only files that exist', (page) => {
  expect(filesNamedIn(page).filter((path) => !existsSync(path))).toEqual([]);
});

test.each(['README.md', 'README.zh-CN.md'])('%s links to pages and names tests', (page) => {
  expect(linksOf(page).length).toBeGreaterThan(15);
  expect(filesNamedIn(page).filter((path) => path.startsWith('test/')).length).toBeGreaterThan(10);
});

test.each(['docs/deployment.md', 'docs/deployment.zh-CN.md'])(
  '%s quotes the log messages of the code',
  (page) => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const source = [
      ...files.map((file) => readFileSync(`src/${file}`, 'utf8')),
      new StorageError('UNAVAILABLE', 'ECONNREFUSED').message,
      errcodeError('jscode2session', 40125, '').message,
    ].join('\n');
    const messages = tableRows(page)
      .map(([message = '']) => /^`([^`…]+)/.exec(message)?.[1] ?? '')
      .filter((message) => message.includes(' '));
    expect(messages).toHaveLength(20);
    expect(messages.filter((message) => !source.includes(message))).toEqual([]);
  },
);

const HAN = /\p{Script=Han}/u;
/** Six English words in a row are a sentence that was not translated. */
const ENGLISH_SENTENCE = /(?:\b[A-Za-z]+['’]?[a-z]*[ ,]+){5}[A-Za-z]+/;

function count(pattern: RegExp, text: string): number {
  return [...text.matchAll(new RegExp(pattern, `${pattern.flags}g`))].length;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function topOf(page: string): string {
  return readFileSync(page, 'utf8').split('\n').slice(0, 8).join('\n');
}

/** The files of the repository in the code spans of a page. */
function filesNamedIn(page: string): string[] {
  const path = /`((?:bench|client|docs|drizzle|examples|src|test)\/[\w./-]+\.\w+)`/g;
  return [...readFileSync(page, 'utf8').matchAll(path)].map(([, name = '']) => name);
}

/** The lines of a page without code, link targets, and the link to the page in the other language. */
function proseOf(page: string): string[] {
  return linesOutsideCode(readFileSync(page, 'utf8')).map((line) =>
    line
      .replace(/`[^`]*`/g, '')
      .replace(/\[(?:中文|English)\]\([^)]*\)/g, '')
      .replace(/\]\([^)]*\)/g, ']')
      .replace(/https?:\S+/g, ''),
  );
}

const TEXT = /'[^'\n]*'|"[^"\n]*"|`[^`]*`|>[^<>]*</g;

/** The texts that a translation may change: strings, and what an element contains. */
function textsIn(code: string): string[] {
  return code.match(TEXT) ?? [];
}

function skeletonOf(code: string): string {
  return code.replace(TEXT, '…');
}
