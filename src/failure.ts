/**
 * What went wrong, in a form a person can act on.
 *
 * A `Failure` is something its reader can fix: it has a stable code, one sentence, and advice.
 * Anything else that is thrown is the bot's own fault: it is logged in full and shown as one
 * sentence with a reference id.
 */
export class Failure extends Error {
  readonly code: string;
  readonly advice: string;
  /** What was said, with a caret under what is wrong; '' where nothing was. */
  readonly excerpt: string;
  readonly about: About;

  constructor(
    code: string,
    message: string,
    options: { advice?: string; excerpt?: string; cause?: unknown; about?: About } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.code = code;
    this.advice = options.advice ?? '';
    this.excerpt = options.excerpt ?? '';
    this.about = options.about ?? {};
  }
}

/** What of a group a failure is about, as far as it is known: enough to find the line of the file. */
export interface About {
  readonly container?: string;
  /** As it is written. */
  readonly image?: string;
  /** The registry whose login was used, as it is written. */
  readonly registry?: string;
  readonly port?: number;
  /** Of the host, where the port is taken. */
  readonly address?: string;
  readonly volume?: string;
  readonly probe?: 'liveness' | 'readiness';
}

/** The text of anything thrown, on one line, without a stack trace. */
export function messageOf(thrown: unknown): string {
  const { message } = propertiesOf(thrown);
  const text = typeof message === 'string' ? message : String(thrown);
  return text.replace(/\s+/g, ' ').trim();
}

/** What a system call says of its failure, such as ENOENT; '' for anything else. */
export function systemCodeOf(thrown: unknown): string {
  const { code } = propertiesOf(thrown);
  return typeof code === 'string' ? code : '';
}

/** Looked at by shape: an error of another realm is an error too. */
function propertiesOf(thrown: unknown): { readonly message?: unknown; readonly code?: unknown } {
  return typeof thrown === 'object' && thrown !== null ? thrown : {};
}
