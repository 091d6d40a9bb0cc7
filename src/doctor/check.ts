import type { Clock } from '../common/clock.ts';
import type { Config } from '../config/config.ts';
import type { Env } from '../config/env.ts';
import type { ModuleMigrations } from '../storage/migration-files.ts';
import type { Finding } from './findings.ts';

/** What the checks examine. */
export type Subject = {
  /** The environment as it was given, without generated secrets. */
  env: Env;
  config: Config;
  /** Of the modules. */
  migrations: readonly ModuleMigrations[];
  now: Clock;
  /** Says what to do about an error of the database, or of listening. */
  explain(error: unknown): string;
};

/** Returns findings in the order in which they are printed. It changes nothing, and puts no secret in a finding. */
export type Check = (subject: Subject) => Promise<Finding[]> | Finding[];
