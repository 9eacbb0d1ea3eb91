/** Webhooks: signed, queued, and sent as GitHub sends them, once; or lost, doubled, late and forged, as the test says. */
import { createHmac, randomUUID } from 'node:crypto';
import type { State } from './state.ts';

export interface Delivery {
  readonly id: number;
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly body: string;
  readonly deliveredAtMs: number;
  /** 0 while it waits. */
  status: number;
}

export interface Deliveries {
  readonly all: readonly Delivery[];
  add(event: string, payload: object): Delivery;
  /** Sends what waits, in order. `lose`: GitHub notes a failure and never tries again. */
  deliver(how?: {
    readonly lose?: boolean;
    readonly reversed?: boolean;
    readonly twice?: boolean;
  }): Promise<number[]>;
  /** Sends one again under its own id. */
  again(delivery: Delivery): Promise<number>;
  /** Sends anything, signed with any secret, under any id. */
  send(
    event: string,
    body: string,
    more?: { readonly secret?: string; readonly guid?: string },
  ): Promise<number>;
}

export function createDeliveries(state: State, secret: () => string, url: () => string): Deliveries {
  const all: Delivery[] = [];
  const repeats = new Set<Promise<unknown>>();
  const post = async (event: string, body: string, guid: string, key: string) => {
    const response = await fetch(`${url()}/github/webhooks`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'GitHub-Hookshot/1',
        'x-github-delivery': guid,
        'x-github-event': event,
        'x-hub-signature-256': `sha256=${createHmac('sha256', key).update(body).digest('hex')}`,
      },
      body,
    }).catch(() => undefined);
    await response?.arrayBuffer();
    return response?.status ?? 502; // nobody answered
  };
  return {
    all,
    add(event, payload) {
      const { action = null }: { action?: string | null } = payload;
      const body = JSON.stringify(payload);
      const delivery = {
        id: state.nextId(),
        guid: randomUUID(),
        event,
        action,
        body,
        deliveredAtMs: state.clock.now(),
        status: 0,
      };
      all.push(delivery);
      return delivery;
    },
    async deliver({ lose = false, reversed = false, twice = false } = {}) {
      await Promise.all(repeats);
      const waiting = all.filter(({ status }) => status === 0);
      const statuses: number[] = [];
      for (const delivery of reversed ? waiting.toReversed() : waiting) {
        const send = () => post(delivery.event, delivery.body, delivery.guid, secret());
        delivery.status = lose ? 502 : await send();
        if (twice && !lose) await send();
        statuses.push(delivery.status);
      }
      return statuses;
    },
    again(delivery) {
      const repeat = post(delivery.event, delivery.body, delivery.guid, secret()).then((status) => {
        all.push({ ...delivery, id: state.nextId(), status, deliveredAtMs: state.clock.now() });
        return status;
      });
      repeats.add(repeat);
      return repeat.finally(() => repeats.delete(repeat));
    },
    send: (event, body, { secret: key = secret(), guid = randomUUID() } = {}) => post(event, body, guid, key),
  };
}
