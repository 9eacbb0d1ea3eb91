import type { Sources } from '../../commands/index.ts';
import { environmentOf, exists, openRepository } from '../../repositories/index.ts';

/** The branches of hosted repositories, to be read again. */
export function hostedSources(folder: string): Sources {
  return {
    async branch(name, environment, commit = '') {
      if (!(await exists(folder, name))) return undefined;
      const repository = openRepository(folder, name);
      const [branches, defaultBranch] = await Promise.all([
        repository.branches(),
        repository.defaultBranch(),
      ]);
      const found = [...branches].find(([branch]) => environmentOf(branch, defaultBranch) === environment);
      if (!found) return undefined;
      const [branch, newest] = found;
      const wanted = commit ? await repository.commit(commit, branch) : newest;
      if (wanted === undefined) return undefined;
      const [files, subject] = await Promise.all([repository.specs(wanted), repository.subject(wanted)]);
      return { repository: name, branch, environment, commit: wanted, subject, files };
    },
  };
}
