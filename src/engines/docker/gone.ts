import type Docker from 'dockerode';
import { statusOf } from './causes.ts';

/** 404: there is nothing of that name any more, which is as good. */
export async function unlessGone(work: Promise<unknown>): Promise<void> {
  await unlessStatus(work, [404]);
}

/** As `unlessGone`; 409: another removal of the same thing is under way. */
export async function unlessGoing(removal: Promise<unknown>): Promise<void> {
  await unlessStatus(removal, [404, 409]);
}

/** Whatever it does. Safe to repeat. */
export async function removeContainer(docker: Docker, name: string): Promise<void> {
  await unlessGoing(docker.getContainer(name).remove({ force: true, v: true }));
}

async function unlessStatus(work: Promise<unknown>, statuses: readonly number[]): Promise<void> {
  await work.catch((error: unknown) => {
    if (!statuses.includes(statusOf(error) ?? 0)) throw error;
  });
}
