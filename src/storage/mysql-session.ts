import type { PoolConnection } from 'mysql2/promise';
import { toStorageError } from './storage-error.ts';

/**
 * The SQL mode is ours, whatever the server's is: without strict mode MySQL truncates values silently, and with
 * NO_BACKSLASH_ESCAPES the escaping of parameters would be wrong.
 */
const SET_SESSION_MODE = "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'";

/**
 * On a node of a Galera cluster each statement waits until the node has applied all earlier commits: reads (1), UPDATE and
 * DELETE (2), INSERT (4). Otherwise a token may be valid on another node after logout: docs/clusters.md.
 */
const SET_SYNC_WAIT = `${SET_SESSION_MODE}, SESSION wsrep_sync_wait = 7`;

/** What is known about a server. `hasSyncWait` is false once it has rejected SET_SYNC_WAIT, as MySQL does. */
export type SessionSupport = { hasSyncWait: boolean };

/** Sets the mode of a new session. */
export async function setSession(node: SessionSupport, connection: PoolConnection): Promise<void> {
  if (!node.hasSyncWait) return void (await connection.query(SET_SESSION_MODE));
  try {
    await connection.query(SET_SYNC_WAIT);
  } catch (error) {
    // Not only error 1193: proxies in front of a server have codes of their own.
    if (toStorageError(error).failure !== 'FAULT') throw error;
    node.hasSyncWait = false;
    await connection.query(SET_SESSION_MODE);
  }
}
