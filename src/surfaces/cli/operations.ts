import { json } from 'node:stream/consumers';
import type { Block, Outcome } from '../../replies/index.ts';
import type { Asking } from './ask.ts';
import { askHttp } from './connection.ts';

/** What the bot does now, and what it did lately: of the caller, or of everybody for an operator. */
export async function listOperations({ bot, signal }: Asking): Promise<Outcome> {
  const response = await askHttp(bot, { method: 'GET', path: '/api/v1/operations' }, signal);
  const data: unknown = await json(response);
  const rows = listIn(data).map(rowOf);
  const blocks: Block[] = rows.length
    ? [{ kind: 'table', columns: ['operation', 'state', 'caller', 'command'], rows }]
    : [{ kind: 'text', text: 'Nothing is under way.' }];
  return { kind: 'done', code: 'operations', blocks, data };
}

function listIn(data: unknown): readonly unknown[] {
  const list: unknown = Array.isArray(data) ? data : Object(data).operations;
  return Array.isArray(list) ? list : [];
}

function rowOf(operation: unknown): string[] {
  const { id, state, caller, text, words } = Object(operation) as Readonly<Record<string, unknown>>;
  const command = Array.isArray(words) ? words.join(' ') : text;
  return [id, state, caller, command].map((value) => (typeof value === 'string' ? value : ''));
}
