import { Kubectl, kubectlPeers, NO_KUBECTL } from '../../support/kubectl.ts';
import { openSubject, type Subject } from '../../support/api-subject.ts';
import { judgeMissing, startJudge } from '../../support/judge.ts';
import type { Peer } from '../../support/peers.ts';
import { afterAll, beforeAll, describe, it } from '../../support/runner.ts';

/** What a suite works with: one kubectl on one server, in a namespace of its own. */
export interface Session {
  readonly kubectl: Kubectl;
  readonly subject: Subject;
  readonly namespace: string;
}

/** Declares a test of what only the embedded server is or refuses. */
export type OwnTest = (why: string, test: () => Promise<void>) => void;

type Suite = (session: () => Session, own: OwnTest) => void;

/** A kubectl and the server that it speaks to. */
interface Pair {
  readonly peer: Peer;
  readonly on: string;
  readonly open: () => Promise<Subject>;
  readonly own: OwnTest;
}

/** Every kubectl with the embedded server, and the newest with a real one. */
function pairs(): readonly Pair[] {
  const peers = kubectlPeers();
  const newest = peers.at(-1);
  const embedded = peers.map((peer) => ({
    peer,
    on: 'the embedded API',
    open: openSubject,
    own: it,
  }));
  if (newest === undefined || judgeMissing() !== undefined) return embedded;
  const real = { peer: newest, on: 'kube-apiserver', open: startJudge, own: () => undefined };
  return [...embedded, real];
}

async function openSession({ peer, open }: Pair): Promise<Session> {
  const subject = await open();
  const kubectl = new Kubectl(peer, subject.kubeconfig);
  const namespace = `suite-${peer.version.replaceAll('.', '-')}`;
  await kubectl.ok(['create', 'namespace', namespace]);
  await kubectl.ok(['config', 'set-context', '--current', '--namespace', namespace]);
  return { kubectl, subject, namespace };
}

function declare(title: string, pair: Pair, suite: Suite): void {
  describe(`${title} with kubectl ${pair.peer.version} on ${pair.on}`, () => {
    let session: Session | undefined;
    beforeAll(async () => {
      session = await openSession(pair);
    });
    afterAll(async () => {
      session?.kubectl.dispose();
      await session?.subject.close();
    });
    suite(() => {
      if (session === undefined) throw new Error('the server was not opened');
      return session;
    }, pair.own);
  });
}

function skipped(title: string, why: string): void {
  describe(title, () => {
    it.skip(why, () => undefined);
  });
}

/**
 * Declares a suite for each kubectl that was built. Suites speak to the server through kubectl alone,
 * so that the same is asked of a real kube-apiserver; `own` declares the few tests that are not.
 */
export function describeKubectl(title: string, suite: Suite): void {
  const all = pairs();
  for (const pair of all) declare(title, pair, suite);
  if (all.length === 0) skipped(title, NO_KUBECTL);
  const missing = judgeMissing();
  if (all.length > 0 && missing !== undefined) skipped(`${title} on kube-apiserver`, missing);
}

/** The manifest of an operating system layer; `more` goes into its spec. */
export function osLayer(name: string, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    apiVersion: 'lamina.dev/v1alpha1',
    kind: 'OSLayer',
    metadata: { name },
    spec: {
      displayName: 'An operating system',
      versions: [
        {
          name: '1',
          import: { disk: { file: 'os.raw', format: 'raw', sha256: 'ab'.repeat(32) } },
        },
      ],
      ...more,
    },
  });
}

/** The manifest of a ConfigMap. */
export function configMap(name: string, data: Readonly<Record<string, string>>): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
}

/** Lines of a table, each as its cells; columns are two spaces apart or more. */
export function cells(table: string): readonly (readonly string[])[] {
  return table
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd().split(/ {2,}/));
}
