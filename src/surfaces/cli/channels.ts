/**
 * How a session crosses a websocket: Kubernetes' own protocol, so that its tools can speak it too. Every message begins
 * with the number of its channel.
 */
export const SUBPROTOCOL = 'v5.channel.k8s.io';

const INPUT = 0;
const OUTPUT = 1;
const ERROR = 2;
const STATUS = 3;
const RESIZE = 4;
const CLOSE = 255;

/** What a bot says in a session. */
export type Heard =
  | { readonly kind: 'output'; readonly stream: 'out' | 'error'; readonly bytes: Uint8Array }
  | { readonly kind: 'ended'; readonly exitCode: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly advice: string };

/** What is typed or piped, on its way in. */
export function inputMessage(bytes: Uint8Array): Uint8Array {
  return concatenated(INPUT, bytes);
}

/** The input has ended; the output goes on. */
export function endOfInput(): Uint8Array {
  return Uint8Array.of(CLOSE, INPUT);
}

/** The window has another size now. */
export function resizeMessage({
  rows,
  columns,
}: {
  readonly rows: number;
  readonly columns: number;
}): Uint8Array {
  return concatenated(RESIZE, Buffer.from(JSON.stringify({ Width: columns, Height: rows })));
}

/** undefined for a message that says nothing to a reader, such as the end of a channel. */
export function heardIn(message: Uint8Array): Heard | undefined {
  const bytes = message.subarray(1);
  switch (message[0]) {
    case OUTPUT:
      return { kind: 'output', stream: 'out', bytes };
    case ERROR:
      return { kind: 'output', stream: 'error', bytes };
    case STATUS:
      return statusIn(bytes);
    default:
      return undefined;
  }
}

function concatenated(channel: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(channel), bytes]);
}

function statusIn(bytes: Uint8Array): Heard {
  const { status, code, message, advice, details } = factsIn(Buffer.from(bytes).toString('utf8'));
  if (status === 'Success') return { kind: 'ended', exitCode: 0 };
  const causes: unknown = Object(details).causes;
  const exit: unknown = Array.isArray(causes)
    ? causes.find((cause) => Object(cause).reason === 'ExitCode')
    : {};
  const exitCode = Number(Object(exit).message);
  if (Number.isInteger(exitCode)) return { kind: 'ended', exitCode };
  return {
    kind: 'failed',
    code: typeof code === 'string' ? code : 'bot-refused',
    message: typeof message === 'string' ? message : 'The session ended, and the bot does not say why.',
    advice: typeof advice === 'string' ? advice : '',
  };
}

function factsIn(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
