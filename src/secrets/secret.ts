import { inspect } from 'node:util';

/** A value that is never printed: not by a log, an error, JSON, a template string or the debugger. */
export class Secret {
  readonly #value: string;
  /**
   * What stands in a file instead of the value, such as `katabot:DATABASE` or a sealed text; undefined where the file holds
   * the value itself. No secret: it is shown and exported.
   */
  readonly source: string | undefined;

  constructor(value: string, source?: string) {
    this.#value = value;
    this.source = source;
  }

  /** The value itself. Only an engine, a registry login and the vault have a reason to ask. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
