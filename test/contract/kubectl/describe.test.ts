import { beforeAll, expect, it } from '../../support/runner.ts';
import { cells, describeKubectl, osLayer } from './session.ts';

function event(namespace: string, uid: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'win.1', namespace },
    involvedObject: {
      apiVersion: 'lamina.dev/v1alpha1',
      kind: 'OSLayer',
      name: 'win',
      namespace,
      uid,
    },
    reason: 'Built',
    message: 'The version was built.',
    type: 'Normal',
    source: { component: 'lamina' },
    firstTimestamp: new Date(Date.now() - 300_000).toISOString().replace(/\.\d+/, ''),
    lastTimestamp: new Date(Date.now() - 240_000).toISOString().replace(/\.\d+/, ''),
    count: 3,
  });
}

describeKubectl('describe and events', (session) => {
  beforeAll(async () => {
    const { kubectl, namespace } = session();
    await kubectl.ok(['apply', '-f', '-'], osLayer('win'));
    const uid = await kubectl.ok(['get', 'osl', 'win', '-o', 'jsonpath={.metadata.uid}']);
    await kubectl.ok(['create', '-f', '-'], event(namespace, uid));
  });

  it('shows the object with its events', async () => {
    const { kubectl } = session();
    const text = await kubectl.ok(['describe', 'osl', 'win']);
    expect(text).toContain('Kind:         OSLayer');
    expect(text).toContain('Display Name:  An operating system');
    expect(text).toMatch(
      /Normal {2}Built {3}\S+ \(x3 over \S+\) {2}lamina {2}The version was built\./,
    );
  });

  it('describes built-in kinds', async () => {
    const { kubectl, namespace } = session();
    expect(await kubectl.ok(['describe', 'ns', namespace])).toContain('Status:       Active');
    await kubectl.ok(['create', 'secret', 'generic', 's', '--from-literal=k=value']);
    const secret = await kubectl.ok(['describe', 'secret', 's']);
    expect(secret).toContain('k:  5 bytes');
    expect(secret).not.toContain('dmFsdWU');
  });

  it('lists events as a table and by its own command', async () => {
    const { kubectl } = session();
    const [head, row] = cells(await kubectl.ok(['get', 'events']));
    expect(head).toEqual(['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE']);
    expect(row?.slice(1)).toEqual(['Normal', 'Built', 'oslayer/win', 'The version was built.']);
    const wide = cells(await kubectl.ok(['get', 'events', '-o', 'wide']));
    expect(wide[0]).toContain('FIRST SEEN');
    expect(wide[1]?.slice(-2)).toEqual(['3', 'win.1']);
    const own = cells(await kubectl.ok(['events', '--for', 'oslayer.lamina.dev/win']));
    expect(own[1]?.slice(1)).toEqual(['Normal', 'Built', 'OSLayer/win', 'The version was built.']);
  });

  it('selects events by their object', async () => {
    const { kubectl } = session();
    const by = (field: string) =>
      kubectl.ok(['get', 'events', '--field-selector', field, '-o', 'name']);
    expect(await by('involvedObject.name=win,involvedObject.kind=OSLayer')).toBe('event/win.1\n');
    expect(await by('involvedObject.name=other')).toBe('');
    expect(await by('reason=Built,type!=Warning')).toBe('event/win.1\n');
  });
});
