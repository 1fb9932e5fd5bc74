import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/folder.ts';
import { expect, it } from '../../support/runner.ts';
import { describeKubectl, osLayer } from './session.ts';

describeKubectl('create', (session) => {
  it('makes namespaces, secrets and config maps from protobuf bodies', async () => {
    const { kubectl } = session();
    expect(await kubectl.ok(['create', 'namespace', 'made'])).toBe('namespace/made created\n');
    const phase = await kubectl.ok(['get', 'ns', 'made', '-o', 'jsonpath={.status.phase}']);
    expect(phase).toBe('Active');
    const secret = ['create', 'secret', 'generic', 's', '-n', 'made'];
    expect(await kubectl.ok([...secret, '--from-literal=user=ä'])).toBe('secret/s created\n');
    const read = await kubectl.ok(['get', 'secret', 's', '-n', 'made', '-o', 'json']);
    expect(JSON.parse(read)).toMatchObject({
      kind: 'Secret',
      type: 'Opaque',
      data: { user: Buffer.from('ä').toString('base64') },
    });
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'text'), 'a\nb');
    await writeFile(join(folder.path, 'binary'), new Uint8Array([0, 255, 128]));
    const map = ['create', 'cm', 'c', '-n', 'made', `--from-file=${folder.path}`];
    expect(await kubectl.ok(map)).toBe('configmap/c created\n');
    const made = JSON.parse(
      await kubectl.ok(['get', 'cm', 'c', '-n', 'made', '-o', 'json']),
    ) as object;
    expect(made).toMatchObject({ data: { text: 'a\nb' }, binaryData: { binary: 'AP+A' } });
  });

  it('checks what comes as protobuf, and stores nothing in a dry run', async () => {
    const { kubectl } = session();
    const dry = ['create', 'cm', 'dry', '--from-literal=a=b', '--dry-run=server', '-o', 'name'];
    expect(await kubectl.ok(dry)).toBe('configmap/dry\n');
    expect(await kubectl.fails(['get', 'cm', 'dry'])).toContain('not found');
    const text = await kubectl.fails(['create', 'namespace', 'Not_A_Name']);
    expect(text).toContain('The Namespace "Not_A_Name" is invalid: metadata.name: Invalid value');
  });

  it('makes objects of ours from a manifest, once', async () => {
    const { kubectl } = session();
    const create = ['create', '-f', '-'];
    expect(await kubectl.ok(create, osLayer('one'))).toBe('oslayer.lamina.dev/one created\n');
    expect(await kubectl.fails(create, osLayer('one'))).toBe(
      'Error from server (AlreadyExists): error when creating "STDIN": oslayers.lamina.dev "one" already exists\n',
    );
  });

  it('completes generated names', async () => {
    const { kubectl } = session();
    const manifest = osLayer('x').replace('"name":"x"', '"generateName":"gen-"');
    const name = await kubectl.ok(['create', '-f', '-', '-o', 'name'], manifest);
    expect(name).toMatch(/^oslayer\.lamina\.dev\/gen-[a-z0-9]{5}\n$/);
  });
});

describeKubectl('replace', (session) => {
  it('writes the whole object, and refuses one that was read too early', async () => {
    const { kubectl } = session();
    await kubectl.ok(['create', '-f', '-'], osLayer('r'));
    const old = await kubectl.ok(['get', 'osl', 'r', '-o', 'json']);
    const next = old.replace('An operating system', 'Replaced');
    expect(await kubectl.ok(['replace', '-f', '-'], next)).toBe('oslayer.lamina.dev/r replaced\n');
    expect(await kubectl.fails(['replace', '-f', '-'], old)).toBe(
      'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on oslayers.lamina.dev "r": the object has been modified; please apply your changes to the latest version and try again\n',
    );
  });

  it('refuses what is not there', async () => {
    const { kubectl } = session();
    expect(await kubectl.fails(['replace', '-f', '-'], osLayer('absent'))).toContain(
      'Error from server (NotFound): error when replacing "STDIN": oslayers.lamina.dev "absent" not found',
    );
  });

  it('recreates by force', async () => {
    const { kubectl } = session();
    await kubectl.ok(['create', '-f', '-'], osLayer('f'));
    const uid = ['get', 'osl', 'f', '-o', 'jsonpath={.metadata.uid}'];
    const before = await kubectl.ok(uid);
    expect(await kubectl.ok(['replace', '--force', '-f', '-'], osLayer('f'))).toContain('replaced');
    expect(await kubectl.ok(uid)).not.toBe(before);
  });
});
