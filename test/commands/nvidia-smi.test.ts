/** What NVIDIA's drivers print, in the shapes in which several cards print it, as numbers. */
import { describe, expect, test } from '@jest/globals';
import { gpusFrom, NVIDIA_SMI } from '../../src/commands/nvidia-smi.ts';
import { silenceOf } from '../../src/commands/nvidia-smi-silence.ts';

const H100 = 'GPU-6f3f1b0e-2f6f-4d6e-9a52-7b6f0b8f7f01';
const H200 = 'GPU-0b1c2d3e-0000-4d6e-9a52-7b6f0b8f7f02';
const RTX = 'GPU-0b1c2d3e-1111-4d6e-9a52-7b6f0b8f7f03';

/** Core figures: a card at work, one that is divided, and one with a comma in its name. */
const CORE = [
  `0, ${H100}, NVIDIA H100 80GB HBM3, 590.48.01, 38, 40321, 81559, 54, 412.31`,
  `1, ${H200}, NVIDIA H200, 590.48.01, [N/A], 614, 143771, 31, [Not Supported]`,
  `2, ${RTX}, Quadro, with a comma, 470.82.00, 0, 0, 16160, 30, 25.00`,
  '',
].join('\n');

const MORE = [
  `${H100}, 0, Disabled, 700.00`,
  `${H200}, 3, Enabled, 700.00`,
  `${RTX}, [N/A], [N/A], [N/A]`,
  '',
].join('\n');

const PROCESSES = [
  `${H100}, 4711, /usr/bin/python3, 39810`,
  `${H100}, 4712, /opt/odd, name, 512`,
  `${H200}, 17, [Not Found], [N/A]`,
  '',
].join('\n');

/** An NVIDIA H200, driver 580.159.04, seen in a container that an engine gave the card to; its uuid is made up. */
const CAPTURED = {
  idle: {
    core: `0, ${H200}, NVIDIA H200, 580.159.04, 0, 0, 143771, 37, 80.74\n`,
    more: `${H200}, 0, Disabled, 700.00\n`,
    processes: '',
  },
  busy: {
    core: `0, ${H200}, NVIDIA H200, 580.159.04, 100, 2575, 143771, 48, 356.70\n`,
    more: `${H200}, 0, Disabled, 700.00\n`,
    processes: `${H200}, 1, /opt/gpu/burn, 2566\n`,
  },
};

describe('what nvidia-smi prints', () => {
  test('on a real card becomes figures', () => {
    const known = {
      index: 0,
      uuid: H200,
      name: 'NVIDIA H200',
      driver: '580.159.04',
      memoryTotalMib: 143_771,
    };
    const same = { ...known, powerLimitWatts: 700, eccErrors: 0, mig: false };
    expect(gpusFrom(CAPTURED.idle)).toEqual([
      {
        ...same,
        utilizationPercent: 0,
        memoryUsedMib: 0,
        temperatureCelsius: 37,
        powerWatts: 80.74,
        processes: [],
      },
    ]);
    expect(gpusFrom(CAPTURED.busy)).toEqual([
      {
        ...same,
        utilizationPercent: 100,
        memoryUsedMib: 2575,
        temperatureCelsius: 48,
        powerWatts: 356.7,
        processes: [{ pid: 1, program: '/opt/gpu/burn', memoryMib: 2566 }],
      },
    ]);
  });

  test('is asked in three questions, so that an old driver answers what it knows', () => {
    expect(NVIDIA_SMI.core).toEqual([
      'nvidia-smi',
      '--query-gpu=index,uuid,name,driver_version,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw',
      '--format=csv,noheader,nounits',
    ]);
    expect(NVIDIA_SMI.more[1]).toBe(
      '--query-gpu=uuid,ecc.errors.uncorrected.volatile.total,mig.mode.current,power.limit',
    );
    expect(NVIDIA_SMI.processes[1]).toBe('--query-compute-apps=gpu_uuid,pid,process_name,used_gpu_memory');
  });

  test('becomes numbers, and what the driver does not give becomes null', () => {
    expect(gpusFrom({ core: CORE, more: MORE, processes: PROCESSES })).toEqual([
      {
        index: 0,
        uuid: H100,
        name: 'NVIDIA H100 80GB HBM3',
        driver: '590.48.01',
        utilizationPercent: 38,
        memoryUsedMib: 40_321,
        memoryTotalMib: 81_559,
        temperatureCelsius: 54,
        powerWatts: 412.31,
        powerLimitWatts: 700,
        eccErrors: 0,
        mig: false,
        processes: [
          { pid: 4711, program: '/usr/bin/python3', memoryMib: 39_810 },
          { pid: 4712, program: '/opt/odd, name', memoryMib: 512 },
        ],
      },
      expect.objectContaining({
        index: 1,
        utilizationPercent: null,
        powerWatts: null,
        eccErrors: 3,
        mig: true,
        processes: [{ pid: 17, program: '[Not Found]', memoryMib: null }],
      }),
      expect.objectContaining({
        index: 2,
        name: 'Quadro, with a comma',
        memoryTotalMib: 16_160,
        powerLimitWatts: null,
        eccErrors: null,
        mig: null,
        processes: [],
      }),
    ]);
  });

  test('is shown as far as it goes when the driver refuses the other questions', () => {
    const [gpu, ...others] = gpusFrom({ core: CORE, more: '', processes: '' });
    expect(gpu).toMatchObject({
      utilizationPercent: 38,
      powerLimitWatts: null,
      eccErrors: null,
      mig: null,
      processes: [],
    });
    expect(others).toHaveLength(2);
  });

  test.each([
    '[N/A]',
    'N/A',
    '[Not Supported]',
    '[Unknown Error]',
    '[Insufficient Permissions]',
    '[GPU requires reset]',
    '[Requested functionality has been deprecated]',
    '0x0000000000000001',
    '',
  ])('%j is no number', (token) => {
    const core = `0, ${H100}, NVIDIA A10, ${token}, ${token}, ${token}, ${token}, ${token}, ${token}`;
    expect(gpusFrom({ core, more: `${H100}, ${token}, ${token}, ${token}`, processes: '' })).toEqual([
      {
        index: 0,
        uuid: H100,
        name: 'NVIDIA A10',
        driver: null,
        utilizationPercent: null,
        memoryUsedMib: null,
        memoryTotalMib: null,
        temperatureCelsius: null,
        powerWatts: null,
        powerLimitWatts: null,
        eccErrors: null,
        mig: null,
        processes: [],
      },
    ]);
  });

  test.each([
    'No devices were found\n',
    'NVIDIA-SMI has failed because it couldn’t communicate with the NVIDIA driver.\n',
    'Field "power.draw" is not a valid field to query.\n',
    ', , ,',
    '0, not-a-uuid, x, 1, 1, 1, 1, 1, 1\n',
  ])('that is not about a GPU is left out: %j', (core) => {
    expect(gpusFrom({ core, more: core, processes: core })).toEqual([]);
  });
});

describe('where it gives no figures', () => {
  test.each<[number | undefined, RegExp, RegExp]>([
    [undefined, /gave no answer in time/, /dmesg/],
    [127, /has no nvidia-smi/, /NVIDIA_DRIVER_CAPABILITIES/],
    [126, /has no nvidia-smi/, /NVIDIA_DRIVER_CAPABILITIES/],
    [6, /finds no device/, /nvidia-smi -L/], // so it ends when it is asked for a card that is not there
    [12, /does not find libnvidia-ml\.so/, /compute,utility/], // so it ends without the driver's libraries
    [9, /driver is not loaded/, /modprobe/],
    [15, /fallen off its bus/, /Restart the host/],
    [0, /ended with exit code 0/, /katabot exec/],
    [255, /ended with exit code 255/, /katabot exec/],
  ])('exit code %s says why, and what to do', (exitCode, why, advice) => {
    const silence = silenceOf(exitCode);
    expect(silence.why).toMatch(why);
    expect(silence.advice).toMatch(advice);
  });
});
