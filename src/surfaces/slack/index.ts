/** The Slack app: the same words as everywhere, one living message a deploy, and buttons that act. */
export { createSlackDoor, type SlackDoor } from './door.ts';
export { createWhoIsWho, type WhoIsWho } from './people/index.ts';
