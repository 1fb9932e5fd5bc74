import { run } from '../../src/host/run.ts';

/**
 * Ends machines whose disks lie below a folder. Machines outlive the controller, so whoever gives up in
 * the middle has to end them before the folder goes.
 */
export async function endMachines(folder: string): Promise<void> {
  await run('pkill', ['-KILL', '-f', `qemu-system.*${folder}/`], { okCodes: [0, 1] });
}
