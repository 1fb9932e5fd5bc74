import { createInterface } from 'node:readline';
import { beforeAll, expect, it } from '../../support/runner.ts';
import { cells, configMap, describeKubectl, osLayer } from './session.ts';

const READY = {
  status: {
    observedGeneration: 1,
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Ready',
        message: 'All is well.',
        lastTransitionTime: '2026-01-02T03:04:05Z',
      },
    ],
  },
};

const by = (selector: string) => ['get', 'osl', '--field-selector', selector, '-o', 'name'];

describeKubectl('get', (session, own) => {
  beforeAll(async () => {
    const { kubectl } = session();
    for (const name of ['a', 'b', 'c']) await kubectl.ok(['apply', '-f', '-'], osLayer(name));
    await kubectl.ok(['label', 'osl', 'a', 'b', 'tier=one']);
    await kubectl.ok(['label', 'osl', 'b', 'color=red']);
    const patch = JSON.stringify(READY);
    await kubectl.ok(['patch', 'osl', 'a', '--subresource=status', '--type=merge', '-p', patch]);
    await kubectl.ok(['apply', '-f', '-'], configMap('settings', { x: '1', y: '2' }));
  });

  it('prints the columns of the kind', async () => {
    const { kubectl } = session();
    const [head, first, second] = cells(await kubectl.ok(['get', 'oslayers']));
    expect(head).toEqual(['NAME', 'READY', 'STATUS', 'AGE']);
    expect(first?.slice(0, 3)).toEqual(['a', 'True', 'All is well.']);
    expect(first?.[3]).toMatch(/^\d+s$/);
    expect(second?.[0]).toBe('b');
  });

  it('knows plural, singular, short name, kind and group', async () => {
    const { kubectl } = session();
    for (const type of ['oslayers', 'oslayer', 'osl', 'OSLayer', 'oslayers.lamina.dev']) {
      expect(await kubectl.ok(['get', type, 'a', '-o', 'name'])).toBe('oslayer.lamina.dev/a\n');
    }
  });

  it('prints the columns of built-in kinds as upstream', async () => {
    const { kubectl, namespace } = session();
    const map = cells(await kubectl.ok(['get', 'cm', 'settings']));
    expect(map[0]).toEqual(['NAME', 'DATA', 'AGE']);
    expect(map[1]?.slice(0, 2)).toEqual(['settings', '2']);
    await kubectl.ok(['create', 'secret', 'generic', 's', '--from-literal=k=v']);
    const secret = cells(await kubectl.ok(['get', 'secrets']));
    expect(secret[0]).toEqual(['NAME', 'TYPE', 'DATA', 'AGE']);
    expect(secret[1]?.slice(0, 3)).toEqual(['s', 'Opaque', '1']);
    const spaces = cells(await kubectl.ok(['get', 'ns', namespace]));
    expect(spaces[0]).toEqual(['NAME', 'STATUS', 'AGE']);
    expect(spaces[1]?.slice(0, 2)).toEqual([namespace, 'Active']);
  });

  it('shows more columns with -o wide', async () => {
    const { kubectl } = session();
    const [plain] = cells(await kubectl.ok(['get', 'lver', '--ignore-not-found']));
    expect(plain).toEqual(['']);
    const wide = cells(await kubectl.ok(['get', 'events', '-A', '-o', 'wide']));
    expect(wide.length).toBeGreaterThan(0);
  });

  it('writes whole objects as YAML, JSON and by path', async () => {
    const { kubectl, namespace } = session();
    const yaml = await kubectl.ok(['get', 'osl', 'a', '-o', 'yaml']);
    expect(yaml).toContain('kind: OSLayer\n');
    expect(yaml).toContain('  displayName: An operating system\n');
    const list = JSON.parse(await kubectl.ok(['get', 'osl', '-o', 'json'])) as {
      items: { metadata: { name: string; namespace: string } }[];
    };
    expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c']);
    expect(list.items[0]?.metadata.namespace).toBe(namespace);
    const path = 'jsonpath={.items[*].spec.versions[0].import.disk.format}';
    expect(await kubectl.ok(['get', 'osl', '-o', path])).toBe('raw raw raw');
    const columns = 'custom-columns=N:.metadata.name,R:.status.conditions[0].status';
    const sorted = await kubectl.ok(['get', 'osl', '-o', columns, '--sort-by=.metadata.name']);
    expect(cells(sorted)).toEqual([
      ['N', 'R'],
      ['a', 'True'],
      ['b', '<none>'],
      ['c', '<none>'],
    ]);
  });

  it.each([
    { selector: 'tier=one', names: ['a', 'b'] },
    { selector: 'tier!=one', names: ['c'] },
    { selector: 'tier in (one,two),color', names: ['b'] },
    { selector: '!tier', names: ['c'] },
    { selector: 'tier notin (one)', names: ['c'] },
  ])('selects by the label selector $selector', async ({ selector, names }) => {
    const { kubectl } = session();
    const out = await kubectl.ok(['get', 'osl', '-l', selector, '-o', 'name']);
    expect(out).toBe(names.map((name) => `oslayer.lamina.dev/${name}\n`).join(''));
  });

  it('selects by fields, and refuses fields that it does not know', async () => {
    const { kubectl } = session();
    expect(await kubectl.ok(by('metadata.name=b'))).toBe('oslayer.lamina.dev/b\n');
    expect(await kubectl.ok(by('metadata.name!=b'))).toBe(
      'oslayer.lamina.dev/a\noslayer.lamina.dev/c\n',
    );
    expect(await kubectl.fails(by('spec.color=red'))).toContain(
      'field label not supported: spec.color',
    );
  });

  it('reads page by page', async () => {
    const { kubectl } = session();
    const out = await kubectl.run(['get', 'osl', '--chunk-size=1', '-v=6']);
    expect(cells(out.stdout).map(([name]) => name)).toEqual(['NAME', 'a', 'b', 'c']);
    expect(out.stderr.match(/continue=/g)).toHaveLength(2);
  });

  it('lists a category and all namespaces', async () => {
    const { kubectl, namespace } = session();
    const names = await kubectl.ok(['get', 'lamina', '-o', 'name']);
    expect(names).toContain('oslayer.lamina.dev/a\n');
    const [head, first] = cells(await kubectl.ok(['get', 'osl', '-A']));
    expect(head?.slice(0, 2)).toEqual(['NAMESPACE', 'NAME']);
    expect(first?.slice(0, 2)).toEqual([namespace, 'a']);
  });

  it('says what it does not find', async () => {
    const { kubectl, namespace } = session();
    expect(await kubectl.fails(['get', 'osl', 'nobody'])).toBe(
      'Error from server (NotFound): oslayers.lamina.dev "nobody" not found\n',
    );
    const empty = await kubectl.run(['get', 'apl']);
    expect(empty.stderr).toBe(`No resources found in ${namespace} namespace.\n`);
    expect(await kubectl.ok(['get', 'osl', 'nobody', '--ignore-not-found'])).toBe('');
  });

  own('knows no pods', async () => {
    const { kubectl } = session();
    expect(await kubectl.fails(['get', 'pods'])).toBe(
      'error: the server doesn\'t have a resource type "pods"\n',
    );
  });

  it('watches', async () => {
    const { kubectl } = session();
    const watching = kubectl.start(['get', 'osl', '-w', '--output-watch-events']);
    const lines: string[] = [];
    let wake: (() => void) | undefined;
    // kubectl writes cell by cell: a chunk may end anywhere.
    createInterface(watching.stdout).on('line', (line) => {
      lines.push(line);
      wake?.();
    });
    const until = async (text: RegExp) => {
      while (!lines.some((line) => text.test(line))) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    try {
      await until(/^ADDED +c /);
      await kubectl.ok(['apply', '-f', '-'], osLayer('d'));
      await until(/^ADDED +d /);
      await kubectl.ok(['annotate', 'osl', 'd', 'note=x']);
      await until(/^MODIFIED +d /);
      await kubectl.ok(['delete', 'osl', 'd']);
      await until(/^DELETED +d /);
    } finally {
      watching.kill();
    }
    expect(lines[0]).toMatch(/^EVENT +NAME +READY +STATUS +AGE$/);
  });
});
