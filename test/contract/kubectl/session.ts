import { Kubectl, kubectlPeers, NO_KUBECTL } from '../../support/kubectl.ts';
import { openSubject, type Subject } from '../../support/api-subject.ts';
import { afterAll, beforeAll, describe, it } from '../../support/runner.ts';

/** What a suite works with: one kubectl on one server, in a namespace of its own. */
export interface Session {
  readonly kubectl: Kubectl;
  readonly subject: Subject;
  readonly namespace: string;
}

/**
 * Declares a suite for each kubectl that was built. Suites speak to the server through kubectl alone,
 * so that they can be run against a real kube-apiserver as well.
 */
export function describeKubectl(title: string, suite: (session: () => Session) => void): void {
  const peers = kubectlPeers();
  if (peers.length === 0) {
    describe(title, () => {
      it.skip(NO_KUBECTL, () => undefined);
    });
    return;
  }
  describe.each(peers)(`${title} with kubectl $version`, (peer) => {
    let session: Session;
    beforeAll(async () => {
      const subject = await openSubject();
      const kubectl = new Kubectl(peer, subject.kubeconfig);
      const namespace = `suite-${peer.version.replaceAll('.', '-')}`;
      await kubectl.ok(['create', 'namespace', namespace]);
      await kubectl.ok(['config', 'set-context', '--current', '--namespace', namespace]);
      session = { kubectl, subject, namespace };
    });
    afterAll(async () => {
      session.kubectl.dispose();
      await session.subject.close();
    });
    suite(() => session);
  });
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
