import { readConfig } from '../config/config.ts';
import { openStorage } from '../storage/open.ts';
import { readEnv } from './environment-source.ts';
import { runOrExplain } from './start.ts';

await runOrExplain(async () => {
  const { database, sessionKeySecrets } = readConfig(readEnv());
  const storage = await openStorage(database, sessionKeySecrets);
  try {
    await storage.migrate();
    await storage.check();
    process.stdout.write(`The tables in ${storage.place} are up to date.\n`);
  } finally {
    await storage.close();
  }
});
