import type { Node } from './node.ts';

/** Documents of another kind that people hand in by mistake: refused with one sentence instead of fifty. */
export function otherKind(root: Node): { message: string; advice: string } | undefined {
  if (root.kind === 'list')
    return {
      message: 'This is a list, not a container group.',
      advice: 'A container group is a mapping with name, location and properties; keep one in a file.',
    };
  if (root.kind === 'scalar')
    return {
      message: 'This is plain text, not a container group.',
      advice: 'A container group is a mapping with name, location and properties.',
    };
  const keys = new Map(root.entries.map(({ key, value }) => [key.text.toLowerCase(), value]));
  if (keys.has('properties')) return undefined;
  const textOf = (name: string) => {
    const value = keys.get(name);
    return value?.kind === 'scalar' ? value.text : '';
  };
  if (keys.has('services')) {
    return {
      message: 'This is a Docker Compose file.',
      advice:
        'A container group lists its containers under properties.containers; each service becomes one of them.',
    };
  }
  if (keys.has('apiversion') && keys.has('kind')) {
    return {
      message: `This is a Kubernetes ${textOf('kind') || 'object'}.`,
      advice: 'A container group has no kind and no spec: put the containers under properties.containers.',
    };
  }
  if (keys.has('$schema') || keys.has('resources')) {
    return {
      message: 'This is an ARM template.',
      advice:
        'Take the container group out of resources: name, location and properties at the top of the file.',
    };
  }
  if (keys.has('on') && keys.has('jobs')) {
    return {
      message: 'This is a GitHub workflow.',
      advice: 'Name the file differently; containergroup.yaml holds a container group.',
    };
  }
  return undefined;
}
