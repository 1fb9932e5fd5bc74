import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kubectl } from '../../support/kubectl.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { expect, it } from '../../support/runner.ts';
import { cells, describeKubectl } from './session.ts';

const ROOT = ['GROUP:      lamina.dev', 'KIND:       OSLayer', 'VERSION:    v1alpha1'];

describeKubectl('explain', (session) => {
  it('describes a kind, its fields and all of it', async () => {
    const { kubectl } = session();
    const kind = await kubectl.ok(['explain', 'oslayer']);
    for (const line of ROOT) expect(kind).toContain(line);
    expect(kind).toContain('An OSLayer is an operating system with its versions.');
    expect(kind).toContain('  metadata\t<ObjectMeta>\n');
    const field = await kubectl.ok(['explain', 'osl.spec.versions.import.disk']);
    expect(field).toContain('FIELD: disk <Object>');
    expect(field).toContain('format\t<string> -required-');
    expect(field).toContain('enum: raw, qcow2');
    const all = await kubectl.ok(['explain', 'osl', '--recursive']);
    expect(all).toContain('    ownerReferences\t<[]OwnerReference>\n');
    expect(all).toContain('sha256\t<string> -required-');
    expect(await kubectl.fails(['explain', 'osl.spec.nothing'])).toContain(
      'field "nothing" does not exist',
    );
  });

  it.each(['namespaces', 'configmaps', 'secrets', 'events', 'leases', 'imgt', 'lver', 'conn'])(
    'describes %s',
    async (type) => {
      const { kubectl } = session();
      expect(await kubectl.ok(['explain', type, '--recursive'])).toContain('FIELDS:');
    },
  );
});

describeKubectl('the server', (session, own) => {
  own('lists what it serves', async () => {
    const { kubectl } = session();
    const rows = cells(await kubectl.ok(['api-resources', '--sort-by=name', '-o', 'wide']));
    const layer = rows.find(([name]) => name === 'oslayers');
    expect(layer).toEqual([
      'oslayers',
      'osl',
      'lamina.dev/v1alpha1',
      'true',
      'OSLayer',
      'delete,deletecollection,get,list,patch,create,update,watch',
      'lamina',
    ]);
    const names = rows.slice(1).map(([name]) => name);
    expect(names).toEqual(expect.arrayContaining(['configmaps', 'leases', 'namespaces']));
    const versions = (await kubectl.ok(['api-versions'])).trim().split('\n');
    expect(versions).toEqual([
      'apiextensions.k8s.io/v1',
      'authentication.k8s.io/v1',
      'authorization.k8s.io/v1',
      'coordination.k8s.io/v1',
      'events.k8s.io/v1',
      'lamina.dev/v1alpha1',
      'v1',
    ]);
  });

  own('says whose it is, without a warning about versions', async () => {
    const { kubectl } = session();
    const { stdout, stderr } = await kubectl.run(['version']);
    expect(stdout).toMatch(/Server Version: v1\.\d+\.\d+\+lamina\./);
    expect(stderr).toBe('');
  });

  it.each(['/readyz', '/livez', '/healthz'])('is healthy at %s', async (path) => {
    const { kubectl } = session();
    expect(await kubectl.ok(['get', '--raw', path])).toBe('ok');
  });

  own('lets its one user do everything', async () => {
    const { kubectl } = session();
    expect(await kubectl.ok(['auth', 'can-i', 'create', 'osl'])).toBe('yes\n');
    expect(await kubectl.ok(['auth', 'can-i', 'get', '/version'])).toBe('yes\n');
    expect(await kubectl.ok(['auth', 'can-i', '--list'])).toMatch(/\*\.\*\s+\[\]\s+\[\]\s+\[\*\]/);
    expect(await kubectl.ok(['auth', 'whoami'])).toContain('lamina-admin');
  });

  own('refuses paths and parameters that it does not serve', async () => {
    const { kubectl } = session();
    const raw = (path: string) => kubectl.fails(['get', '--raw', path]);
    expect(await raw('/apis/apps/v1/deployments')).toBe(
      'Error from server (NotFound): the server could not find the requested resource\n',
    );
    expect(await raw('/api/v1/namespaces/default/configmaps?limit=some')).toContain('BadRequest');
  });

  it('has a kubeconfig that kubectl can work with', async () => {
    const { kubectl } = session();
    expect(await kubectl.ok(['config', 'current-context'])).toBe('lamina\n');
    const view = await kubectl.ok(['config', 'view', '--minify']);
    expect(view).toMatch(/server: https:\/\/127\.0\.0\.1:\d+\n/);
    expect(view).toContain('token: REDACTED');
  });

  it('refuses a wrong token', async () => {
    const { kubectl, subject } = session();
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'config');
    const text = await readFile(subject.kubeconfig, 'utf8');
    await writeFile(path, text.replace(/token: .{5}/, 'token: wrong'));
    const other = new Kubectl(kubectl.peer, path);
    const message = await other.fails(['get', 'ns']);
    expect(message).toContain('error: You must be logged in to the server');
    other.dispose();
  });
});
