import { SocketModeReceiver } from '@slack/bolt';
import type { Clock } from '../../clock.ts';
import { clientOptions, SILENT } from './clients.ts';
import type { Answer } from './requests.ts';

export interface SocketParts {
  readonly apiUrl: string;
  /** `xapp-...` */
  readonly appToken: string;
  readonly clock: Clock;
  readonly take: (body: object) => Promise<Answer>;
  readonly warn: (fields: Record<string, unknown>, message: string) => void;
}

export interface Socket {
  start(): void;
  close(): Promise<void>;
}

const AGAIN_MS = 15_000;

/** Socket mode: the bot calls Slack, so nothing has to reach it. What comes is written down before it is acknowledged, as over HTTP. */
export function createSocket({ apiUrl, appToken, clock, take, warn }: SocketParts): Socket {
  const { client } = new SocketModeReceiver({
    appToken,
    logger: SILENT,
    installerOptions: { clientOptions: clientOptions(apiUrl) },
  });
  let closed = false;
  let cancel = () => {};
  const connect = () => {
    client.start().catch((error: unknown) => {
      if (closed) return;
      warn({ why: String(error).slice(0, 300) }, 'Slack does not open a socket; it is tried again');
      cancel = clock.after(AGAIN_MS, connect);
    });
  };
  client.on(
    'slack_event',
    async ({ body, ack }: { body: unknown; ack: (response?: unknown) => Promise<void> }) => {
      if (typeof body !== 'object' || body === null) return;
      const { status, json } = await take(body);
      // What could not be written down is not acknowledged: Slack sends it again.
      if (status === 200) await ack(json === '' ? undefined : json).catch(() => {});
    },
  );
  return {
    start: connect,
    async close() {
      closed = true;
      cancel();
      await client.disconnect().catch(() => {});
    },
  };
}
