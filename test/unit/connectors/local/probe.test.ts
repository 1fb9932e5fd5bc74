import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { probeHypervisor } from '../../../../src/connectors/local/probe.ts';
import { denied, transient } from '../../../../src/core/failure.ts';
import { systemClock } from '../../../../src/host/clock.ts';
import { run, type Run } from '../../../../src/host/run.ts';
import { ManualClock } from '../../../support/clock.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const clock = new ManualClock();

/** A host on which each kind of guest takes some time, or fails. */
function host(times: {
  readonly kvm: number;
  readonly tcg: number;
  readonly confined?: boolean;
}): Run {
  return (_, args) => {
    const sandbox = args.includes('-sandbox');
    const tookMs = args.includes('kvm') ? times.kvm : times.tcg;
    if (sandbox && times.confined === false) throw transient('ProgramFailed', 'no sandbox');
    clock.advance(tookMs);
    if (tookMs > 5_000) throw transient('ProgramTimedOut', 'took longer than 5 seconds');
    return Promise.resolve({ code: 33, stdout: '', stderr: '' });
  };
}

const never: Run = () => Promise.reject(new Error('probed again'));
const missing: Run = () => Promise.reject(denied('ProgramMissing', 'no qemu', 'install it'));

describe('the choice of the accelerator', () => {
  it.each([
    { why: 'KVM that works is taken', kvm: 90, tcg: 80, want: 'kvm' },
    { why: 'KVM that hangs is not', kvm: 5_001, tcg: 80, want: 'tcg' },
    { why: 'KVM that crawls, as nested ones do, is not', kvm: 2_900, tcg: 80, want: 'tcg' },
    { why: 'a busy host slows both', kvm: 2_900, tcg: 2_500, want: 'kvm' },
  ] as const)('$why', async ({ kvm, tcg, want }) => {
    await using folder = await temporaryFolder();
    const cacheFile = join(folder.path, 'hypervisor.json');
    const found = await probeHypervisor({ run: host({ kvm, tcg }), clock, cacheFile });
    expect(found).toEqual({ accelerator: want, sandbox: true });
  });

  it('goes without a sandbox where QEMU has none', async () => {
    await using folder = await temporaryFolder();
    const cacheFile = join(folder.path, 'hypervisor.json');
    const bare = host({ kvm: 90, tcg: 80, confined: false });
    const found = await probeHypervisor({ run: bare, clock, cacheFile });
    expect(found).toEqual({ accelerator: 'kvm', sandbox: false });
  });

  it('remembers nothing of a guest that the host killed', async () => {
    await using folder = await temporaryFolder();
    const cacheFile = join(folder.path, 'hypervisor.json');
    const good = host({ kvm: 90, tcg: 80 });
    for (const killAt of [0, 1]) {
      let calls = 0;
      const killed: Run = (...call) => {
        calls += 1;
        return calls > killAt ? run('sh', ['-c', 'kill -9 $$']) : good(...call);
      };
      await expect(probeHypervisor({ run: killed, clock, cacheFile })).rejects.toMatchObject({
        consequence: 'Transient',
        code: 'ProgramKilled',
      });
    }
    expect(await probeHypervisor({ run: good, clock, cacheFile })).toEqual({
      accelerator: 'kvm',
      sandbox: true,
    });
  });

  it('remembers until the host is booted again', async () => {
    await using folder = await temporaryFolder();
    const cacheFile = join(folder.path, 'hypervisor.json');
    await probeHypervisor({ run: host({ kvm: 90, tcg: 80 }), clock, cacheFile });
    expect((await probeHypervisor({ run: never, clock, cacheFile })).accelerator).toBe('kvm');
    const kept = JSON.parse(await readFile(cacheFile, 'utf8')) as object;
    await writeFile(cacheFile, JSON.stringify({ ...kept, bootId: 'of another boot' }));
    await expect(probeHypervisor({ run: never, clock, cacheFile })).rejects.toThrow('probed again');
    await writeFile(cacheFile, '{"bootId":');
    await expect(probeHypervisor({ run: never, clock, cacheFile })).rejects.toThrow('probed again');
  });

  it('remembers nothing when QEMU is not there', async () => {
    await using folder = await temporaryFolder();
    const cacheFile = join(folder.path, 'hypervisor.json');
    const failing = probeHypervisor({ run: missing, clock, cacheFile });
    await expect(failing).rejects.toMatchObject({ code: 'ProgramMissing' });
    await expect(readFile(cacheFile)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('really runs a guest', async () => {
    await using folder = await temporaryFolder();
    const cacheFile = join(folder.path, 'hypervisor.json');
    const found = await probeHypervisor({ run, clock: systemClock, cacheFile });
    expect(['kvm', 'tcg']).toContain(found.accelerator);
  });
});
