import { expect, it } from '../../support/runner.ts';
import { configMap, describeKubectl, osLayer } from './session.ts';

const APPLY = ['apply', '-f', '-'];

describeKubectl('apply', (session) => {
  it('creates, leaves alone and configures an object of ours', async () => {
    const { kubectl } = session();
    expect(await kubectl.ok(APPLY, osLayer('win'))).toBe('oslayer.lamina.dev/win created\n');
    expect(await kubectl.ok(APPLY, osLayer('win'))).toBe('oslayer.lamina.dev/win unchanged\n');
    const renamed = osLayer('win', { displayName: 'Other' });
    expect(await kubectl.ok(APPLY, renamed)).toBe('oslayer.lamina.dev/win configured\n');
    const read = ['get', 'osl', 'win', '-o'];
    expect(await kubectl.ok([...read, 'jsonpath={.spec.displayName}'])).toBe('Other');
    expect(await kubectl.ok([...read, 'jsonpath={.metadata.generation}'])).toBe('2');
  });

  it('takes back a field that left the manifest', async () => {
    const { kubectl } = session();
    await kubectl.ok(APPLY, osLayer('less', { channels: { prod: '1', test: '1' } }));
    await kubectl.ok(APPLY, osLayer('less', { channels: { prod: '1' } }));
    const channels = await kubectl.ok(['get', 'osl', 'less', '-o', 'jsonpath={.spec.channels}']);
    expect(JSON.parse(channels)).toEqual({ prod: '1' });
  });

  it('merges built-in kinds strategically', async () => {
    const { kubectl } = session();
    expect(await kubectl.ok(APPLY, configMap('cm', { a: '1' }))).toBe('configmap/cm created\n');
    expect(await kubectl.ok(APPLY, configMap('cm', { a: '1' }))).toBe('configmap/cm unchanged\n');
    await kubectl.ok(['patch', 'cm', 'cm', '-p', '{"data":{"other":"kept"}}']);
    const next = configMap('cm', { b: '2' });
    expect(await kubectl.ok(APPLY, next)).toBe('configmap/cm configured\n');
    const data = await kubectl.ok(['get', 'cm', 'cm', '-o', 'jsonpath={.data}']);
    expect(JSON.parse(data)).toEqual({ b: '2', other: 'kept' });
  });

  it('handles Secret and Namespace twice', async () => {
    const { kubectl } = session();
    const manifest = `
apiVersion: v1
kind: Namespace
metadata: {name: applied, labels: {a: b}}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: applied}
stringData: {password: hidden}
`;
    const first = await kubectl.ok(APPLY, manifest);
    expect(first).toBe('namespace/applied created\nsecret/s created\n');
    const second = await kubectl.ok(APPLY, manifest);
    // stringData is written only, so upstream shows such a Secret as configured as well.
    expect(second).toMatch(/^namespace\/applied unchanged\nsecret\/s (configured|unchanged)\n$/);
    const read = ['get', 'secret', 's', '-n', 'applied', '-o', 'jsonpath={.data.password}'];
    expect(Buffer.from(await kubectl.ok(read), 'base64').toString()).toBe('hidden');
  });

  it('stores nothing in a dry run on the server', async () => {
    const { kubectl } = session();
    const dry = [...APPLY, '--dry-run=server'];
    expect(await kubectl.ok(dry, osLayer('dry'))).toBe(
      'oslayer.lamina.dev/dry created (server dry run)\n',
    );
    expect(await kubectl.fails(['get', 'osl', 'dry'])).toContain('"dry" not found');
    await kubectl.ok(APPLY, osLayer('dry'));
    const changed = osLayer('dry', { displayName: 'Other' });
    expect(await kubectl.ok([...dry, '-o', 'jsonpath={.spec.displayName}'], changed)).toBe('Other');
    const kept = await kubectl.ok(['get', 'osl', 'dry', '-o', 'jsonpath={.spec.displayName}']);
    expect(kept).toBe('An operating system');
  });

  it('says that the namespace is missing', async () => {
    const { kubectl } = session();
    expect(await kubectl.fails([...APPLY, '-n', 'nowhere'], osLayer('win'))).toBe(
      'Error from server (NotFound): error when creating "STDIN": namespaces "nowhere" not found\n',
    );
  });

  it('refuses unknown fields by path, and only warns if asked to', async () => {
    const { kubectl } = session();
    const manifest = osLayer('odd', { bogus: 1 });
    expect(await kubectl.fails(APPLY, manifest)).toBe(
      'Error from server (BadRequest): error when creating "STDIN": OSLayer in version "v1alpha1" cannot be handled as a OSLayer: strict decoding error: unknown field "spec.bogus"\n',
    );
    const warned = await kubectl.run([...APPLY, '--validate=warn'], manifest);
    expect(warned).toEqual({
      code: 0,
      stdout: 'oslayer.lamina.dev/odd created\n',
      stderr: 'Warning: unknown field "spec.bogus"\n',
    });
    const ignored = await kubectl.run([...APPLY, '--validate=ignore'], manifest);
    expect(ignored.stderr).toBe('');
  });

  it('refuses unknown fields of built-in kinds', async () => {
    const { kubectl } = session();
    const manifest = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'odd' },
      dta: {},
    });
    expect(await kubectl.fails(APPLY, manifest)).toBe(
      'Error from server (BadRequest): error when creating "STDIN": ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dta"\n',
    );
  });

  it('lists each field that breaks the schema', async () => {
    const { kubectl } = session();
    const manifest = osLayer('bad', { versions: [{ name: 'NOT A NAME' }], displayName: 7 });
    const text = await kubectl.fails(APPLY, manifest);
    expect(text).toContain('The OSLayer "bad" is invalid:');
    expect(text).toContain('* spec.displayName: Invalid value: "integer"');
    expect(text).toContain('spec.displayName in body must be of type string: "integer"');
  });

  it('says which rule of the kind is broken', async () => {
    const { kubectl } = session();
    const text = await kubectl.fails(APPLY, osLayer('bad', { channels: { prod: '9' } }));
    expect(text).toContain('The OSLayer "bad" is invalid: spec: Invalid value:');
    expect(text).toContain('every channel must name a version in spec.versions');
  });

  it('refuses kinds that are not served', async () => {
    const { kubectl } = session();
    for (const [apiVersion, kind] of [
      ['v1', 'Chair'],
      ['furniture.example/v1', 'Chair'],
      ['lamina.dev/v1', 'OSLayer'],
      ['lamina.dev/v1alpha1', 'Chair'],
    ]) {
      const manifest = JSON.stringify({ apiVersion, kind, metadata: { name: 'x' } });
      expect(await kubectl.fails(APPLY, manifest)).toContain(
        `no matches for kind "${kind}" in version "${apiVersion}"`,
      );
    }
  });
});

const SERVER_SIDE = [...APPLY, '--server-side'];

describeKubectl('apply --server-side', (session) => {
  const managers = async (name: string): Promise<readonly (readonly string[])[]> => {
    const { kubectl } = session();
    const path = '{range .metadata.managedFields[*]}{.manager} {.operation}{"\\n"}{end}';
    const text = await kubectl.ok(['get', 'osl', name, '-o', `jsonpath=${path}`]);
    return text
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
  };

  it('creates, leaves alone and configures', async () => {
    const { kubectl } = session();
    const applied = 'oslayer.lamina.dev/ssa serverside-applied\n';
    expect(await kubectl.ok(SERVER_SIDE, osLayer('ssa'))).toBe(applied);
    // A real server stores the default of the status with the second write.
    expect(await kubectl.ok(SERVER_SIDE, osLayer('ssa'))).toBe(applied);
    const version = ['get', 'osl', 'ssa', '-o', 'jsonpath={.metadata.resourceVersion}'];
    const before = await kubectl.ok(version);
    expect(await kubectl.ok(SERVER_SIDE, osLayer('ssa'))).toBe(applied);
    expect(await kubectl.ok(version)).toBe(before);
    await kubectl.ok(SERVER_SIDE, osLayer('ssa', { displayName: 'Other' }));
    const name = ['get', 'osl', 'ssa', '-o', 'jsonpath={.spec.displayName}'];
    expect(await kubectl.ok(name)).toBe('Other');
    expect(await managers('ssa')).toEqual([['kubectl', 'Apply']]);
  });

  it('tells conflicts, and takes the fields when it is forced', async () => {
    const { kubectl } = session();
    await kubectl.ok(SERVER_SIDE, osLayer('fought'));
    const other = [...SERVER_SIDE, '--field-manager', 'other'];
    const changed = osLayer('fought', { displayName: 'Mine' });
    const text = await kubectl.fails(other, changed);
    expect(text).toContain(
      'Apply failed with 1 conflict: conflict with "kubectl": .spec.displayName',
    );
    await kubectl.ok([...other, '--force-conflicts'], changed);
    const again = await kubectl.fails(SERVER_SIDE, osLayer('fought'));
    expect(again).toContain('conflict with "other": .spec.displayName');
  });

  it('removes what the manifest no longer says, and nothing of others', async () => {
    const { kubectl } = session();
    await kubectl.ok(SERVER_SIDE, osLayer('shrunk', { channels: { prod: '1', test: '1' } }));
    const patch = ['patch', 'osl', 'shrunk', '--type', 'merge', '-p'];
    await kubectl.ok([...patch, '{"spec":{"channels":{"mine":"1"}}}']);
    await kubectl.ok(SERVER_SIDE, osLayer('shrunk', { channels: { prod: '1' } }));
    const read = ['get', 'osl', 'shrunk', '-o', 'jsonpath={.spec.channels}'];
    expect(JSON.parse(await kubectl.ok(read))).toEqual({ prod: '1', mine: '1' });
  });

  it('goes on with what kubectl applied on its own side', async () => {
    const { kubectl } = session();
    await kubectl.ok(APPLY, osLayer('moved', { channels: { prod: '1', test: '1' } }));
    await kubectl.ok(SERVER_SIDE, osLayer('moved', { channels: { prod: '1' } }));
    const read = ['get', 'osl', 'moved', '-o', 'jsonpath={.spec.channels}'];
    expect(JSON.parse(await kubectl.ok(read))).toEqual({ prod: '1' });
    expect(await managers('moved')).toEqual(
      expect.arrayContaining([
        ['kubectl', 'Apply'],
        ['kubectl-last-applied', 'Apply'],
      ]),
    );
  });

  it('names a field that the kind does not have', async () => {
    const { kubectl } = session();
    const text = await kubectl.fails(SERVER_SIDE, osLayer('odd', { colour: 'red' }));
    expect(text).toContain('.spec.colour: field not declared in schema');
    expect(await kubectl.fails(['get', 'osl', 'odd'])).toContain('not found');
  });
});
