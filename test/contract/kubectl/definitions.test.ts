import { join } from 'node:path';
import { crd } from '../../../src/api/crd.ts';
import { KINDS } from '../../../src/api/kinds/all.ts';
import { expect, it } from '../../support/runner.ts';
import { cells, describeKubectl } from './session.ts';

const CRDS = join(import.meta.dirname, '..', '..', '..', 'crds');
const NAMES = KINDS.map(({ plural }) => `${plural}.lamina.dev`).sort();
const WHY =
  'is forbidden: the kinds of this server come with the program: their definitions can be read, and applied as they are';

/** A definition that says something else than the program. */
const OTHER = JSON.stringify(KINDS.map(crd)[0]).replace('"Namespaced"', '"Cluster"');
const WIDGETS = JSON.stringify({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
});

describeKubectl('definitions of kinds', (session, own) => {
  it('are there, and established', async () => {
    const { kubectl } = session();
    const [head, ...rows] = cells(await kubectl.ok(['get', 'crd']));
    expect(head).toEqual(['NAME', 'CREATED AT']);
    expect(rows.map(([name]) => name)).toEqual(NAMES);
    const established = ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=10s'];
    expect(await kubectl.ok(established)).toContain(`${NAMES[0]} condition met`);
    expect(await kubectl.ok(['explain', 'crd'])).toContain('KIND:       CustomResourceDefinition');
  });

  it('are applied as they are, on either side', async () => {
    const { kubectl } = session();
    const applied = await kubectl.ok(['apply', '-f', CRDS]);
    expect(applied.trim().split('\n')).toHaveLength(NAMES.length);
    expect(await kubectl.ok(['apply', '-f', CRDS])).not.toContain('configured');
    const onServer = await kubectl.ok(['apply', '--server-side', '-f', CRDS]);
    expect(onServer.match(/serverside-applied/g)).toHaveLength(NAMES.length);
    expect(await kubectl.fails(['create', '-f', CRDS])).toContain('(AlreadyExists)');
    expect(await kubectl.ok(['diff', '-f', CRDS])).toBe('');
  });

  own('are not changed, removed or added', async () => {
    const { kubectl } = session();
    for (const [args, input] of [
      [['apply', '-f', '-'], OTHER],
      [['apply', '--server-side', '--force-conflicts', '-f', '-'], OTHER],
      [['replace', '-f', '-'], OTHER],
      [['create', '-f', '-'], WIDGETS],
      [['delete', '-f', CRDS], ''],
    ] as const) {
      expect(await kubectl.fails(args, input)).toContain(WHY);
    }
    expect(cells(await kubectl.ok(['get', 'crd']))).toHaveLength(1 + NAMES.length);
  });

  own('do not tell of roles, which are not served', async () => {
    const { kubectl } = session();
    expect(await kubectl.fails(['get', 'clusterroles'])).toBe(
      'error: the server doesn\'t have a resource type "clusterroles"\n',
    );
  });
});
