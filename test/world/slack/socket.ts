/** Socket mode: the bot connects, and what Slack has to say comes in envelopes that are acknowledged one by one. */
import { randomUUID } from 'node:crypto';
import type { ServerType } from '@hono/node-server';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Told } from './people.ts';

export interface SocketServer {
  url(): string;
  connected(): boolean;
  /** Sends an envelope; resolves with what came back in its acknowledgement. */
  tell(kind: 'event' | 'command' | 'interactive', body: Record<string, unknown>): Promise<Told>;
  /** Cuts the connection, as Slack does every few hours. */
  cut(): void;
  /** Resolves when a bot is connected. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

const TYPES = { event: 'events_api', command: 'slash_commands', interactive: 'interactive' };

export function createSocketServer(server: ServerType, base: string): SocketServer {
  const sockets = new WebSocketServer({ noServer: true });
  const waiting = new Map<string, (told: Told) => void>();
  const open = new Set<WebSocket>();
  let ready: PromiseWithResolvers<void> = Promise.withResolvers();
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (connection) => {
      open.add(connection);
      connection.on('close', () => open.delete(connection));
      connection.on('message', (text) => {
        const { envelope_id: id, payload } = JSON.parse(String(text));
        waiting.get(id)?.({ status: 200, json: payload ?? '' });
        waiting.delete(id);
      });
      connection.send(
        JSON.stringify({ type: 'hello', num_connections: open.size, connection_info: { app_id: 'A1' } }),
      );
      ready.resolve();
    });
  });
  return {
    url: () => `${base.replace('http', 'ws')}/link?ticket=${randomUUID()}`,
    connected: () => open.size > 0,
    tell(kind, body) {
      const [connection] = [...open];
      const id = randomUUID();
      const { promise, resolve } = Promise.withResolvers<Told>();
      waiting.set(id, resolve);
      connection?.send(
        JSON.stringify({
          type: TYPES[kind],
          envelope_id: id,
          payload: body,
          accepts_response_payload: kind !== 'event',
        }),
      );
      return promise;
    },
    cut() {
      ready = Promise.withResolvers();
      for (const connection of open) connection.close();
    },
    ready: () => ready.promise,
    async close() {
      for (const connection of open) connection.close();
      await new Promise<void>((resolve) => sockets.close(() => resolve()));
    },
  };
}
