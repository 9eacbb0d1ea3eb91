import type { Silence } from '../replies/index.ts';

// Why nvidia-smi gives no figures. What it printed is not shown: an image may bring its own.

const NOT_INSTALLED: Silence = {
  why: 'its image has no nvidia-smi, and the host’s driver put none in',
  advice: 'Set NVIDIA_DRIVER_CAPABILITIES to compute,utility in its environment.',
};

/** By the exit codes that its manual lists (`man nvidia-smi`, RETURN VALUE). */
const BY_EXIT_CODE: Readonly<Record<number, Silence>> = {
  4: {
    why: 'nvidia-smi may not speak to the driver',
    advice: 'Let the container run as a user that may open /dev/nvidiactl.',
  },
  6: {
    why: 'nvidia-smi finds no device',
    advice: 'Look whether the host still has the card: nvidia-smi -L there.',
  },
  8: { why: 'the card has no power from its external cables', advice: 'Mend that at the host.' },
  9: { why: 'the driver is not loaded', advice: 'Load it on the host: modprobe nvidia.' },
  10: { why: 'the kernel has a problem with the card’s interrupts', advice: 'See dmesg on the host.' },
  12: {
    why: 'nvidia-smi does not find libnvidia-ml.so',
    advice: 'Set NVIDIA_DRIVER_CAPABILITIES to compute,utility, or take nvidia-smi out of the image.',
  },
  13: {
    why: 'nvidia-smi and the driver are of different versions',
    advice: 'Take nvidia-smi out of the image: the host’s own belongs to its driver.',
  },
  14: { why: 'the card’s infoROM is corrupted', advice: 'Replace the card.' },
  15: { why: 'the card has fallen off its bus', advice: 'Restart the host; see dmesg there.' },
  126: NOT_INSTALLED,
  127: NOT_INSTALLED,
};

/** `exitCode` undefined: it could not be run, or gave no answer in time. Pure. */
export function silenceOf(exitCode: number | undefined): Silence {
  if (exitCode === undefined)
    return {
      why: 'nvidia-smi gave no answer in time',
      advice: 'A card that is stuck never answers: see dmesg on the host.',
    };
  return (
    BY_EXIT_CODE[exitCode] ?? {
      why: `nvidia-smi ended with exit code ${exitCode}`,
      advice: 'Run it in the container with katabot exec.',
    }
  );
}
