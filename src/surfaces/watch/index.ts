/** Repositories that live elsewhere: looked at now and then, deployed when a branch moves. */
export { createWatch, type Watch } from './watch.ts';
