/** The public API of the package. */
export { type App, type AppOptions, createApp } from './app.ts';
export { type Config, readConfig } from './config/config.ts';
export { ConfigError } from './config/config-error.ts';
export type { Env } from './config/environment.ts';
export { ERROR_ACTIONS, ERROR_CODES, type ErrorAction, type ErrorCode } from './errors/codes.ts';
export { type HttpServer, listen } from './http/server.ts';
export { buildSchema } from './schema/index.ts';
