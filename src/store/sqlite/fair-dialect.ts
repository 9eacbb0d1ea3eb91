import { setImmediate } from 'node:timers/promises';
import { SqliteAdapter, SqliteDialect, type SqliteDialectConfig, SqliteDriver } from 'kysely';

/** How long queries may follow one another before requests are heard: a write waits for the disk, and everything with it. */
const LONGEST_MS = 2;

/**
 * SQLite works on the one thread that also hears requests, and queries that follow one another leave no gap by themselves. Here
 * they do, so that a thousand commands that are being answered hold up the acknowledgement of the next one by a few writes only.
 */
export class FairDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;

  constructor(config: SqliteDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): SqliteDriver {
    return new FairDriver(this.#config);
  }

  override createAdapter(): SqliteAdapter {
    return new WholeAdapter();
  }
}

/** A bot that dies while its books are brought up to date finds them as they were: SQLite takes back tables, too. */
class WholeAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class FairDriver extends SqliteDriver {
  #heardAtMs = 0;

  override async acquireConnection(): ReturnType<SqliteDriver['acquireConnection']> {
    if (performance.now() - this.#heardAtMs > LONGEST_MS) {
      await setImmediate();
      this.#heardAtMs = performance.now();
    }
    return super.acquireConnection();
  }
}
