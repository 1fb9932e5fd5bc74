import { expect, it } from '../../support/runner.ts';
import { configMap, describeKubectl, osLayer } from './session.ts';

const APPLY = ['apply', '-f', '-'];

function heldLayer(name: string): string {
  return osLayer(name).replace(
    `"name":"${name}"`,
    `"name":"${name}","finalizers":["lamina.dev/held"]`,
  );
}

describeKubectl('delete', (session) => {
  it('waits until the object is gone', async () => {
    const { kubectl, namespace } = session();
    await kubectl.ok(APPLY, osLayer('gone'));
    const out = await kubectl.ok(['delete', 'osl', 'gone']);
    expect(out).toBe(`oslayer.lamina.dev "gone" deleted from ${namespace} namespace\n`);
    expect(await kubectl.fails(['delete', 'osl', 'gone'])).toBe(
      'Error from server (NotFound): oslayers.lamina.dev "gone" not found\n',
    );
    expect(await kubectl.ok(['delete', 'osl', 'gone', '--ignore-not-found'])).toBe('');
  });

  it('leaves an object that a finalizer holds until the finalizer goes', async () => {
    const { kubectl } = session();
    await kubectl.ok(APPLY, heldLayer('held'));
    const late = await kubectl.fails(['delete', 'osl', 'held', '--timeout=1s']);
    expect(late).toContain('timed out waiting for the condition');
    const path = 'jsonpath={.metadata.deletionTimestamp} {.metadata.generation}';
    expect(await kubectl.ok(['get', 'osl', 'held', '-o', path])).toMatch(/^\d{4}-\S+Z 2$/);
    const free = ['--type=merge', '-p', '{"metadata":{"finalizers":null}}'];
    await kubectl.ok(['patch', 'osl', 'held', ...free]);
    expect(await kubectl.fails(['get', 'osl', 'held'])).toContain('not found');
  });

  it('goes on waiting until somebody removes the finalizer', async () => {
    const { kubectl } = session();
    await kubectl.ok(APPLY, heldLayer('held'));
    const waiting = kubectl.ok(['delete', 'osl', 'held']);
    const marked = '--for=jsonpath={.metadata.deletionTimestamp}';
    await kubectl.ok(['wait', marked, 'osl/held', '--timeout=20s']);
    const free = ['--type=merge', '-p', '{"metadata":{"finalizers":null}}'];
    await kubectl.ok(['patch', 'osl', 'held', ...free]);
    expect(await waiting).toContain('"held" deleted');
    expect(await kubectl.fails(['get', 'osl', 'held'])).toContain('not found');
  });

  it('takes several by label, and all', async () => {
    const { kubectl } = session();
    for (const name of ['x', 'y', 'z']) await kubectl.ok(APPLY, osLayer(name));
    await kubectl.ok(['label', 'osl', 'x', 'y', 'go=yes']);
    await kubectl.ok(['delete', 'osl', '-l', 'go=yes']);
    expect(await kubectl.ok(['get', 'osl', '-o', 'name'])).toBe('oslayer.lamina.dev/z\n');
    await kubectl.ok(['delete', 'osl', '--all']);
    expect(await kubectl.ok(['get', 'osl', '-o', 'name'])).toBe('');
  });

  it('stores nothing in a dry run', async () => {
    const { kubectl } = session();
    await kubectl.ok(APPLY, configMap('kept', {}));
    const out = await kubectl.ok(['delete', 'cm', 'kept', '--dry-run=server']);
    expect(out).toContain('(server dry run)');
    await kubectl.ok(['get', 'cm', 'kept']);
  });

  it.each(['background', 'foreground', 'orphan'])('cascades: %s', async (policy) => {
    const { kubectl } = session();
    await kubectl.ok(APPLY, osLayer('owner'));
    const uid = await kubectl.ok(['get', 'osl', 'owner', '-o', 'jsonpath={.metadata.uid}']);
    const owner = { apiVersion: 'lamina.dev/v1alpha1', kind: 'OSLayer', name: 'owner', uid };
    const child = JSON.parse(configMap('child', {})) as { metadata: object };
    const manifest = { ...child, metadata: { ...child.metadata, ownerReferences: [owner] } };
    await kubectl.ok(APPLY, JSON.stringify(manifest));
    await kubectl.ok(['delete', 'osl', 'owner', `--cascade=${policy}`]);
    if (policy === 'orphan') {
      await kubectl.ok(['delete', 'cm', 'child']);
      return;
    }
    await kubectl.ok(['wait', '--for=delete', 'cm/child', '--timeout=20s']);
    expect(await kubectl.fails(['get', 'cm', 'child'])).toContain('not found');
  });

  it('empties a namespace with it', async () => {
    const { kubectl } = session();
    await kubectl.ok(['create', 'namespace', 'full']);
    await kubectl.ok([...APPLY, '-n', 'full'], osLayer('inside'));
    await kubectl.ok(['delete', 'namespace', 'full', '--timeout=30s']);
    expect(await kubectl.fails(['get', 'ns', 'full'])).toContain('not found');
    expect(await kubectl.ok(['get', 'osl', '-A', '-o', 'name'])).not.toContain('inside');
  });
});

describeKubectl('wait', (session) => {
  it('sees conditions, paths and creation', async () => {
    const { kubectl } = session();
    const created = kubectl.ok(['wait', '--for=create', 'osl/w', '--timeout=20s']);
    await kubectl.ok(APPLY, osLayer('w'));
    expect(await created).toBe('oslayer.lamina.dev/w condition met\n');
    const ready = kubectl.ok(['wait', '--for=condition=Ready', 'osl/w', '--timeout=20s']);
    const path = '--for=jsonpath={.status.observedGeneration}=1';
    const observed = kubectl.ok(['wait', path, 'osl/w', '--timeout=20s']);
    const condition = {
      type: 'Ready',
      status: 'True',
      reason: 'Ready',
      message: 'm',
      lastTransitionTime: '2026-01-02T03:04:05Z',
    };
    const status = JSON.stringify({ status: { observedGeneration: 1, conditions: [condition] } });
    await kubectl.ok(['patch', 'osl', 'w', '--subresource=status', '--type=merge', '-p', status]);
    expect(await ready).toBe('oslayer.lamina.dev/w condition met\n');
    expect(await observed).toBe('oslayer.lamina.dev/w condition met\n');
  });

  it('sees deletion, and gives up in time', async () => {
    const { kubectl } = session();
    await kubectl.ok(APPLY, osLayer('d'));
    const late = await kubectl.fails(['wait', '--for=delete', 'osl/d', '--timeout=1s']);
    expect(late).toContain('timed out waiting for the condition on oslayers/d');
    const gone = kubectl.ok(['wait', '--for=delete', 'osl/d', '--timeout=20s']);
    await kubectl.ok(['delete', 'osl', 'd']);
    await gone;
  });
});
