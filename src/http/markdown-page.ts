import { Marked } from 'marked';

const STYLE = `
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 15px/1.6 system-ui, sans-serif; color: #222; }
  table { display: block; overflow-x: auto; border-collapse: collapse; }
  th, td { padding: .4rem .6rem; border: 1px solid #ddd; text-align: left; vertical-align: top; }
  th { background: #f5f5f5; }
  code { font-size: .9em; background: #f5f5f5; padding: .1em .3em; border-radius: 3px; }
  pre { padding: .8rem; background: #f5f5f5; overflow-x: auto; }
`;

/**
 * Renders a page of docs/ as HTML.
 * @param linkOf the target of a link between pages; undefined leaves its text only
 */
export function renderMarkdownPage(
  markdown: string,
  language: 'en' | 'zh-CN',
  linkOf: (href: string) => string | undefined,
): string {
  const marked = new Marked({
    renderer: {
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        const target = /^(https:|#)/.test(href) ? href : linkOf(href);
        return target === undefined ? text : `<a href="${target}">${text}</a>`;
      },
    },
  });
  const [, title = ''] = /^# (.+)/m.exec(markdown) ?? [];
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · weapp-login</title>
<style>${STYLE}</style>
${marked.parse(markdown, { async: false })}
</html>
`;
}
