import type { Container, Group, InitContainer } from '../schema/group.ts';

/** Every container with its place in the document; init containers first, as they run. */
export function containersOf(
  group: Group,
): { container: Container | InitContainer; path: string; init: boolean }[] {
  return [
    ...group.initContainers.map((container, index) => ({
      container,
      path: `properties.initContainers[${index}]`,
      init: true,
    })),
    ...group.containers.map((container, index) => ({
      container,
      path: `properties.containers[${index}]`,
      init: false,
    })),
  ];
}
