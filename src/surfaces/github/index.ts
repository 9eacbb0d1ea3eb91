/** The GitHub App: pull requests and pushes deploy, and the pull request tells the truth. */
export { createDoor, type Door } from './door.ts';
export { SIGNED_IN } from './sign-in.ts';
