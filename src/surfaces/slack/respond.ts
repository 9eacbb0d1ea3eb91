import type { SlackMessage } from './message/index.ts';

const TIMEOUT_MS = 20_000;

/**
 * Answers at the response URL of a command: seen by one person, also where the bot is not in the channel. Such an address takes
 * five answers within half an hour; what it no longer takes is nobody's loss.
 */
export async function respond(url: string, { text, blocks }: SlackMessage): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ response_type: 'ephemeral', replace_original: false, text, blocks }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status >= 500 || response.status === 429)
    throw new Error(`the response URL answers ${response.status}`);
}
