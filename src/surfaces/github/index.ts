/** The GitHub App: pull requests and pushes deploy, and the pull request tells the truth. */
export { readCredentials } from './credentials.ts';
export { createGithub, type Github } from './listen.ts';
