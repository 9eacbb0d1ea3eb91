import type { KnownBlock } from '@slack/types';

/** A message as `chat.postMessage` and `chat.update` take it. */
export interface SlackMessage {
  /** A full sentence: what notifications show and screen readers read. */
  readonly text: string;
  readonly blocks: readonly KnownBlock[];
}

/** What Slack takes in one message. */
export const MOST_BLOCKS = 50;
/**
 * Slack refuses some 13,000 characters with `msg_blocks_too_long` and tells nobody how it counts; people saw it with 11,300
 * characters of text. All of a message's JSON is the most that it can count. What follows an answer, such as its buttons,
 * has a thousand of its own.
 */
export const MOST_CHARACTERS = 11_000;
export const MOST_ANSWER = MOST_CHARACTERS - 1_000;

/** How long blocks are by the strictest way to count. */
export function lengthOf(blocks: readonly KnownBlock[]): number {
  return JSON.stringify(blocks).length;
}
