import { mkdir, statfs } from 'node:fs/promises';
import { isFailure } from '../../core/failure.ts';
import { firstLine } from '../../core/text.ts';
import { formatBytes } from '../../core/quantity.ts';
import type { Check, Verification } from '../connector.ts';
import type { LocalOptions } from './settings.ts';

const LEAST_ROOM_BYTES = 2 ** 30;

async function checkLocation(options: LocalOptions, signal: AbortSignal): Promise<Check> {
  const { run, machinesDir, hypervisor } = options;
  const emulator = await run('qemu-system-x86_64', ['--version'], { signal });
  const tool = await run('qemu-img', ['--version'], { signal });
  const { accelerator, sandbox } = await hypervisor(signal);
  await mkdir(machinesDir, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(machinesDir);
  const room = bavail * bsize;
  if (room < LEAST_ROOM_BYTES) {
    const message = `only ${formatBytes(room)} are free for machines in ${machinesDir}`;
    return { ok: false, reason: 'NoRoom', message };
  }
  const how = accelerator === 'kvm' ? 'KVM' : 'emulation (TCG), because KVM cannot be used here';
  return {
    ok: true,
    reason: 'Usable',
    message: [
      `Machines run with ${how}${sandbox ? ', confined' : ''}`,
      `${firstLine(emulator.stdout)}; ${firstLine(tool.stdout)}`,
    ].join('; '),
  };
}

/** Checks that this host can run machines. There are no credentials to check. */
export async function verifyLocal(
  options: LocalOptions,
  signal: AbortSignal,
): Promise<Verification> {
  const credentials = {
    ok: true,
    reason: 'NotNeeded',
    message: 'Machines run as the user that the controller runs as.',
  };
  try {
    return { credentials, location: await checkLocation(options, signal) };
  } catch (error) {
    if (!isFailure(error) || error.code !== 'ProgramMissing') throw error;
    const { hint } = error;
    const message = hint === undefined ? `${error.message}.` : `${error.message}. ${hint}`;
    return { credentials, location: { ok: false, reason: 'ProgramMissing', message } };
  }
}
