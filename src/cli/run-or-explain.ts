import { explainFailure } from './explain.ts';

/**
 * Runs a command. A failure is printed with what to do about it, and ends the process with exit code 1.
 * @param prefix of the variables of the host and port that the command listens on, such as `SANDBOX`
 */
export async function runOrExplain(command: () => Promise<void>, prefix = ''): Promise<void> {
  try {
    await command();
  } catch (error) {
    await new Promise((written) => process.stderr.write(`${explainFailure(error, prefix)}\n`, written));
    // Whatever a module has opened would keep it running, and so would the channel to a supervisor.
    process.exit(1);
  }
}
