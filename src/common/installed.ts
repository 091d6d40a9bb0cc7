import { createRequire } from 'node:module';

export const GRAPHIQL_PACKAGE = '@graphql-yoga/render-graphiql';
/** Works in a project of a team, and in a checkout without development dependencies. */
export const INSTALL_GRAPHIQL = `npm install --save-prod ${GRAPHIQL_PACKAGE}`;

/** Whether an optional package is installed. */
export function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}
