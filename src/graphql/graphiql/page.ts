import type { GraphiQLOptions } from 'graphql-yoga';
import { GRAPHIQL_PACKAGE, INSTALL_GRAPHIQL, isInstalled } from '../../common/installed.ts';
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
 * Renders GraphiQL as one HTML page of 9 MB that loads nothing from other hosts; undefined if its package is not installed.
 * @param required a missing package is an error
 * @throws {ConfigError}
 */
export async function renderGraphiqlPage(required: boolean): Promise<string | undefined> {
  if (!isInstalled(GRAPHIQL_PACKAGE)) {
    if (!required) return undefined;
    throw new ConfigError([`GRAPHIQL=1 needs a package that is not installed: ${INSTALL_GRAPHIQL}`]);
  }
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  return addToPage(renderGraphiQL({ endpoint: '/graphql', ...OPTIONS }).trimStart());
}
