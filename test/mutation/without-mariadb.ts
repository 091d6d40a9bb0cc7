import type { TestProject } from 'vitest/node';

export default ({ provide }: TestProject) => provide('mysqlUrl', null);
