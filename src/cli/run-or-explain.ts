import cluster from 'node:cluster';
import { explainFailure } from './explain.ts';

/**
 * Runs a command. A failure is printed with what to do about it, and sets exit code 1.
 * @param prefix of the variables of the host and port that the command listens on, such as `SANDBOX`
 */
export async function runOrExplain(command: () => Promise<void>, prefix = ''): Promise<void> {
  try {
    await command();
  } catch (error) {
    process.stderr.write(`${explainFailure(error, prefix)}\n`);
    process.exitCode = 1;
    // The channel to the supervisor would keep it running.
    if (cluster.isWorker) process.exit();
  }
}
