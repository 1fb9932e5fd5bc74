import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestWork } from '../../../src/engine/compose/guest-task.ts';
import { readAttestation } from '../../../src/engine/inspect/attestation.ts';
import { run } from '../../../src/host/run.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../support/runner.ts';
import { MemoryVolume } from '../../support/volume/memory.ts';
import { GuestRoot } from './root.ts';

function unattended(steps: Extract<GuestWork, { role: 'package' }>['steps']): GuestWork {
  return { role: 'package', title: 'App 1', steps, media: [], unattended: true };
}

function attended(): GuestWork {
  return {
    role: 'package',
    title: 'App 1',
    steps: [],
    media: [],
    instructions: 'Click through setup.',
    unattended: false,
  };
}

function image(scripts: readonly string[], shutdownWhenDone: boolean): GuestWork {
  return {
    role: 'image',
    title: 'Image',
    scripts: scripts.map((text) => ({ layer: 'app', run: text })),
    layers: ['office:1', 'app:2'],
    shutdownWhenDone,
  };
}

describe('the guest tool for Linux', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => void (folder = await temporaryFolder()));
  afterEach(() => folder[Symbol.asyncDispose]());
  const guest = (work: GuestWork) => GuestRoot.make(folder.path, work);

  it('installs, attests and powers off', async () => {
    const root = await guest(
      unattended([
        { run: 'echo "in $LAMINA_MEDIA"; echo one > /one' },
        { run: 'cat /one > /two; exit 5', exitCodes: { ok: [0, 5] } },
      ]),
    );
    const console = await root.call('run');
    expect(await root.events()).toBe('poweroff');
    expect(await root.read('two')).toBe('one\n');
    expect(console).toContain('in /var/lib/lamina/media');
    expect(await root.read('var/lib/lamina/log')).toContain('steps 2 of 2');
    expect(await root.attestation()).toMatchObject({
      format: 1,
      nonce: 'n0nce',
      role: 'package',
      result: 'clean',
      reasons: [],
      finishedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
  });

  it('goes on at the next step after a reboot', async () => {
    const root = await guest(
      unattended([
        { run: 'echo first >> /order' },
        { run: 'echo second >> /order; exit 194', exitCodes: { reboot: [194] } },
        { run: 'echo third >> /order' },
      ]),
    );
    await root.call('run');
    expect(await root.events()).toBe('reboot');
    expect(await root.attestation()).toBeUndefined();
    await root.call('run');
    expect(await root.events()).toBe('poweroff');
    expect(await root.read('order')).toBe('first\nsecond\nthird\n');
  });

  it('stops at a failure, says where and why, and leaves the rest to a person', async () => {
    const root = await guest(
      unattended([
        { run: 'true' },
        { run: 'echo "it \\"broke\\" ü"; printf "\\001"; exit 7' },
        { run: 'echo no > /third' },
      ]),
    );
    await root.call('run');
    expect(await root.events()).toBe('poweroff');
    expect(await root.read('third')).toBe('');

    const volume = new MemoryVolume();
    for (const path of ['/var', '/var/lib', '/var/lib/lamina']) volume.mkdir(path);
    volume.write(
      '/var/lib/lamina/attestation.json',
      await root.read('var/lib/lamina/attestation.json'),
    );
    const seen = readAttestation(volume);
    expect(seen).toMatchObject({ nonce: 'n0nce', result: 'failed', step: 2, exitCode: 7 });
    expect(seen?.log).toContain('it "broke" ü\n');
    expect(seen?.log).not.toContain('\u0001');

    const console = await root.call('run');
    expect(console).toContain('/var/lib/lamina/finish');
    expect(await root.events()).toBe('');
    expect(await root.attestation()).toBeUndefined();
    await root.call('finish');
    expect(await root.attestation()).toMatchObject({ result: 'clean' });
    expect(await root.events()).toBe('poweroff');
  });

  it('ends a step that takes too long', async () => {
    const root = await guest(unattended([{ run: 'busybox sleep 100', timeout: '1s' }]));
    await root.call('run');
    expect(await root.attestation()).toMatchObject({ result: 'failed', step: 1, exitCode: 124 });
  });

  it('does not wait for a service that a step has started', async () => {
    const root = await guest(unattended([{ run: 'busybox sleep 100 &' }]));
    await root.call('run');
    expect(await root.attestation()).toMatchObject({ result: 'clean' });
  });

  it('reboots once when an update asks for it, and attests what still blocks', async () => {
    const root = await guest(unattended([{ run: 'true' }]));
    await root.put('run/reboot-required', '');
    await root.call('run');
    expect(await root.events()).toBe('reboot');
    await root.call('run');
    expect(await root.events()).toBe('poweroff');
    expect(await root.attestation()).toMatchObject({
      result: 'blocked',
      reasons: ['RebootRequired'],
    });
    await root.call('run');
    expect(await root.events()).toBe('');
  });

  it('tells a person what to do and ends only when all is ready', async () => {
    const root = await guest(attended());
    const console = await root.call('run');
    expect(console).toContain('Click through setup.');
    expect(await root.read('run/motd.d/lamina')).toContain('run as root: /var/lib/lamina/finish');
    expect(await root.events()).toBe('');

    await root.program('bin/dpkg', 'echo "app is half-configured"');
    expect(await root.call('finish', [1])).toContain('dpkg --configure -a');
    expect(await root.events()).toBe('');
    expect(await root.attestation()).toBeUndefined();

    await root.program('bin/dpkg', 'true');
    await root.call('finish');
    expect(await root.events()).toBe('poweroff');
    expect(await root.attestation()).toMatchObject({ result: 'clean' });

    // Whoever starts it again may change it: only a new finish counts.
    await root.call('run');
    expect(await root.attestation()).toBeUndefined();
  });

  it('stays on, and says why, when it cannot attest', async () => {
    const root = await guest(attended());
    await root.call('run');
    // A folder in the way of the file stands for a disk without room.
    await mkdir(join(root.path, 'var/lib/lamina/attestation.json.tmp'));
    expect(await root.call('finish', [1])).toContain('is the disk full?');
    expect(await root.events()).toBe('');
    await rmdir(join(root.path, 'var/lib/lamina/attestation.json.tmp'));
    await root.call('finish');
    expect(await root.events()).toBe('poweroff');
  });

  it('runs the scripts of an image once, at its first boot', async () => {
    const root = await guest(image(['echo one >> /order', 'echo two >> /order'], true));
    await root.call('run');
    expect(await root.events()).toBe('poweroff');
    expect(await root.read('order')).toBe('one\ntwo\n');
    expect(await root.attestation()).toMatchObject({ role: 'image', result: 'clean' });
    expect(await root.read('var/lib/lamina/layers')).toBe('office:1\napp:2\n');
    await root.call('run');
    expect(await root.events()).toBe('');
    expect(await root.read('order')).toBe('one\ntwo\n');
    // Whoever started it again may have changed it.
    expect(await root.attestation()).toBeUndefined();
    await root.call('finish');
    expect(await root.attestation()).toMatchObject({ role: 'image', result: 'clean' });
  });

  it('leaves an image running when a person shuts it down, also after a failure', async () => {
    const root = await guest(image(['exit 3'], false));
    await root.call('run');
    expect(await root.events()).toBe('');
    expect(await root.attestation()).toMatchObject({ result: 'failed', step: 1, exitCode: 3 });
  });

  it.each(['sh', 'dash', 'bash --posix'])('is understood by %s', async (shell) => {
    const [program = '', ...args] = shell.split(' ');
    for (const name of ['run', 'finish', 'lib.sh', 'S99lamina']) {
      const path = new URL(`../../../src/guest/linux/${name}`, import.meta.url).pathname;
      await run(program, [...args, '-n', path]);
    }
  });
});
