import type { GraphiQLOptions } from 'graphql-yoga';
import { ConfigError } from '../../config/config-error.ts';
import { addToPage } from './additions.ts';
import { TABS } from './tabs.ts';

const OPTIONS: GraphiQLOptions = {
  title: 'weapp-login',
  defaultTabs: TABS,
  defaultEditorToolsVisibility: 'variables',
  shouldPersistHeaders: true,
  credentials: 'same-origin',
};

/**
 * Renders GraphiQL as one HTML page of 9 MB that loads nothing from other hosts.
 * @throws {ConfigError} when its package is not installed
 */
export async function renderGraphiqlPage(): Promise<string> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql').catch(() => {
    throw new ConfigError([
      'GRAPHIQL=1 needs a package that is not installed: npm install --no-save --save-prod --omit=dev @graphql-yoga/render-graphiql',
    ]);
  });
  return addToPage(renderGraphiQL({ endpoint: '/graphql', ...OPTIONS }).trimStart());
}
