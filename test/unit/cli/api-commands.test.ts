import { createServer } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { ApiObject } from '../../../src/api/object.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { resourceOf } from '../../../src/kube/resource.ts';
import { cli, servedApi } from '../../support/cli.ts';
import { describe, expect, it } from '../../support/runner.ts';

const SHA = `sha256:${'a'.repeat(64)}`;
const LVER = 'apl-editor-1-aaaaaaaa';
const SPECS: Readonly<Record<string, object>> = {
  ConnectorConfig: { local: {} },
  AppLayer: {
    osLayer: { name: 'tiny' },
    packaging: { connectorRef: { name: 'here' } },
    versions: [{ name: '1', osVersion: '1' }],
  },
  LayerVersion: {
    role: 'app',
    layer: 'editor',
    version: '1',
    inputs: SHA,
    repository: 'r',
    tag: 't',
  },
  PackagingMachine: {
    connectorRef: { name: 'here' },
    layerVersion: LVER,
    key: 'k',
    disk: { path: '/d', format: 'qcow2', sizeBytes: 1 },
  },
};

async function make(
  client: KubeClient,
  kind: string,
  name: string,
  status: object,
): Promise<ApiObject> {
  const object = {
    apiVersion: 'lamina.dev/v1alpha1',
    kind,
    metadata: { namespace: 'default', name },
    spec: SPECS[kind],
  };
  await client.create(resourceOf(kind), object);
  return report(client, kind, name, status);
}

function report(
  client: KubeClient,
  kind: string,
  name: string,
  status: object,
): Promise<ApiObject> {
  const target = { namespace: 'default', name };
  return client.mergePatch(resourceOf(kind), target, { status }, { subresource: 'status' });
}

function conditions(
  ...given: readonly [type: string, status: string, reason: string, generation?: number][]
) {
  return {
    conditions: given.map(([type, status, reason, generation = 1]) => ({
      type,
      status,
      reason,
      message: `about ${reason}`,
      lastTransitionTime: '2026-11-21T00:00:00Z',
      observedGeneration: generation,
    })),
  };
}

const action = {
  gate: 'ApproveFinalize',
  token: '12345678',
  text: 'Approve it.',
  since: '2026-11-21T00:00:00Z',
};

describe('lamina status', () => {
  it('shows a tree with what a person must do', async () => {
    await using api = await servedApi();
    await make(api.client, 'ConnectorConfig', 'here', conditions(['Ready', 'True', 'Verified']));
    await make(api.client, 'AppLayer', 'editor', conditions(['Ready', 'False', 'ActionRequired']));
    await make(api.client, 'LayerVersion', LVER, {
      ...conditions(
        ['Ready', 'False', 'ActionRequired'],
        ['ActionRequired', 'True', 'ApproveFinalize'],
      ),
      action,
      location: { text: 'QEMU on this host.' },
      progress: { step: 'x', percent: 40 },
    });
    await make(api.client, 'PackagingMachine', LVER, conditions(['Ready', 'True', 'ShutDown']));
    const { code, stdout } = await cli(['status', '--data', api.dataDir]);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      '✓ conn/here  Verified',
      '… apl/editor  ActionRequired: about ActionRequired',
      `  ! lver/${LVER}  ActionRequired 40%: about ActionRequired`,
      '      to do: Approve it.',
      '      where: QEMU on this host.',
      `    ✓ pkgm/${LVER}  ShutDown`,
      '2 ready, 2 not, 1 waiting for a person',
      '',
    ]);
    const one = await cli([
      'status',
      `lver/${LVER}`,
      '--kubeconfig',
      join(api.dataDir, 'kubeconfig'),
      '-o',
      'json',
    ]);
    expect(JSON.parse(one.stdout)).toMatchObject({
      namespace: 'default',
      objects: [
        {
          kind: 'LayerVersion',
          action: { token: '12345678' },
          children: [{ kind: 'PackagingMachine' }],
        },
      ],
    });
  });

  it.each([
    { why: 'a missing object', args: ['apl/none'], code: 1, want: /there is no AppLayer "none"/ },
    { why: 'an unknown kind', args: ['pods/x'], code: 2, want: /Write KIND\/NAME/ },
    { why: 'no name', args: ['apl'], code: 2, want: /Write KIND\/NAME/ },
  ])('refuses $why', async ({ args, code, want }) => {
    await using api = await servedApi();
    const done = await cli(['status', ...args, '--data', api.dataDir]);
    expect(done.code).toBe(code);
    expect(done.stderr).toMatch(want);
  });

  it('says how to come to an API when there is none', async () => {
    const { code, stderr } = await cli(['status', '--data', '/no/such/dir']);
    expect(code).toBe(1);
    expect(stderr).toContain('/no/such/dir/kubeconfig');
    const home = await cli(['status'], { environment: { KUBECONFIG: '/no/such/config' } });
    expect(home.stderr).toContain('/no/such/config');
  });
});

function wait(dataDir: string, ...args: readonly string[]) {
  return cli(['wait', `lver/${LVER}`, '--data', dataDir, '--timeout', '20s', ...args]);
}

describe('lamina wait', () => {
  it.each([
    { why: 'ready', status: conditions(['Ready', 'True', 'Deployable']), args: [], code: 0 },
    {
      why: 'stalled',
      status: conditions(['Ready', 'False', 'Failed'], ['Stalled', 'True', 'Failed']),
      args: [],
      code: 1,
    },
    {
      why: 'in need of a person',
      status: conditions(['Ready', 'False', 'ActionRequired'], ['ActionRequired', 'True', 'X']),
      args: ['--fail-on-action'],
      code: 4,
    },
    {
      why: 'in need of a person who was not asked about',
      status: conditions(['Ready', 'False', 'ActionRequired'], ['ActionRequired', 'True', 'X']),
      args: ['--timeout', '300ms'],
      code: 3,
    },
    {
      why: 'ready for an older spec only',
      status: conditions(['Ready', 'True', 'Deployable', 0]),
      args: ['--timeout', '300ms'],
      code: 3,
    },
    {
      why: 'asked for another condition',
      status: conditions(['Ready', 'False', 'X'], ['Finalized', 'True', 'Stored']),
      args: ['--for', 'condition=Finalized'],
      code: 0,
    },
  ])('ends with $code when it is $why', async ({ status, args, code }) => {
    await using api = await servedApi();
    await make(api.client, 'LayerVersion', LVER, status);
    expect((await wait(api.dataDir, ...args)).code).toBe(code);
  });

  it('waits for an object that is not there yet, tells each stage, and wakes at once', async () => {
    await using api = await servedApi();
    const waiting = wait(api.dataDir);
    await make(api.client, 'LayerVersion', LVER, conditions(['Ready', 'False', 'Composing']));
    await make(api.client, 'LayerVersion', 'another', conditions(['Ready', 'True', 'Deployable']));
    await report(api.client, 'LayerVersion', LVER, conditions(['Ready', 'True', 'Deployable']));
    const { code, stdout, stderr } = await waiting;
    expect(code).toBe(0);
    expect(stdout).toBe(`LayerVersion "${LVER}": Ready holds (Deployable: about Deployable)\n`);
    expect(stderr.trim().split('\n').at(-1)).toBe('Deployable: about Deployable');
  });

  it.each([
    { why: 'a bad duration', args: ['--timeout', 'soon'] },
    { why: 'a bad condition', args: ['--for', 'ready!'] },
  ])('takes $why as wrong usage', async ({ args }) => {
    expect((await wait('/nowhere', ...args)).code).toBe(2);
  });

  it('ends when the person presses Ctrl-C', async () => {
    await using api = await servedApi();
    const interrupt = new AbortController();
    const waiting = cli(['wait', 'apl/none', '--data', api.dataDir], { signal: interrupt.signal });
    interrupt.abort();
    expect((await waiting).code).toBe(3);
  });
});

async function annotations(client: KubeClient) {
  const version = await client.get(resourceOf('LayerVersion'), 'default', LVER);
  return version?.metadata.annotations;
}

describe('lamina approve', () => {
  it('passes the gate with the token that is shown', async () => {
    await using api = await servedApi();
    await make(api.client, 'LayerVersion', LVER, { action });
    const { code, stdout } = await cli([
      'approve',
      `lver/${LVER}`,
      '--gate',
      'Finalize',
      '--data',
      api.dataDir,
    ]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `LayerVersion "${LVER}": gate Finalize is passed\n`,
    });
    expect(await annotations(api.client)).toEqual({ 'gates.lamina.dev/Finalize': '12345678' });
  });

  it.each([
    {
      why: 'a stale token',
      status: { action },
      args: ['--token', 'old'],
      want: /changed since token old/,
    },
    {
      why: 'another gate',
      status: { action },
      args: ['--gate', 'Other'],
      want: /wait for gate Other/,
    },
    {
      why: 'work that no token can do',
      status: { action: { ...action, gate: 'InstallSoftware', token: undefined } },
      args: [],
      want: /does not wait for an approval\nIt waits for InstallSoftware/,
    },
    { why: 'nothing to do', status: {}, args: [], want: /Nothing is to be done/ },
  ])('refuses $why', async ({ status, args, want }) => {
    await using api = await servedApi();
    await make(api.client, 'LayerVersion', LVER, status);
    const { code, stderr } = await cli(['approve', `lver/${LVER}`, ...args, '--data', api.dataDir]);
    expect(code).toBe(1);
    expect(stderr).toMatch(want);
    expect(await annotations(api.client)).toBeUndefined();
  });
});

describe('lamina console', () => {
  it('joins the terminal to the serial line until Ctrl-]', async () => {
    await using api = await servedApi();
    const path = join(api.dataDir, 's');
    const typed: Buffer[] = [];
    const machine = createServer((line) => {
      line.write('login: ');
      line.on('data', (chunk) => typed.push(Buffer.from(chunk)));
    }).listen(path);
    await make(api.client, 'PackagingMachine', LVER, { location: { text: 'here', path } });
    const modes: boolean[] = [];
    const stdin = Object.assign(new PassThrough(), {
      setRawMode: (raw: boolean) => modes.push(raw),
    });
    const stdout = new PassThrough();
    stdout.on('data', () => stdin.write('root\u001dnot this'));
    const { code, stderr } = await cli(['console', `pkgm/${LVER}`, '--data', api.dataDir], {
      stdin,
      stdout,
    });
    expect(code).toBe(0);
    expect(stderr).toContain('Left; the machine runs on.');
    expect(modes).toEqual([true, false]);
    await new Promise((resolve) => machine.close(resolve));
    expect(Buffer.concat(typed).toString()).toBe('root');
  });

  it('ends when the machine does', async () => {
    await using api = await servedApi();
    const path = join(api.dataDir, 's');
    const machine = createServer((line) => line.end('bye')).listen(path);
    await make(api.client, 'PackagingMachine', LVER, { location: { text: 'here', path } });
    const { code, stderr } = await cli(['console', `pkgm/${LVER}`, '--data', api.dataDir]);
    machine.close();
    expect({ code, off: stderr.includes('The machine is off.') }).toEqual({ code: 0, off: true });
  });

  it.each([
    { why: 'no console', status: {} },
    { why: 'a path that is no socket', status: { location: { text: 'x', path: '/etc/passwd' } } },
  ])('refuses $why', async ({ status }) => {
    await using api = await servedApi();
    await make(api.client, 'PackagingMachine', LVER, status);
    const { code, stderr } = await cli(['console', `pkgm/${LVER}`, '--data', api.dataDir]);
    expect(code).toBe(1);
    expect(stderr).toContain('has no console now');
  });
});
