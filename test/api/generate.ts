import { writeFileSync } from 'node:fs';
import { createReport } from '../support/api-report.ts';

writeFileSync('test/api/weapp-login.api.d.ts', createReport());
