import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { isMissing } from '../../src/host/files.ts';
import { kubeconfigText } from '../../src/kube/kubeconfig.ts';
import { auditLogOf, type Judge, type JudgeUser } from './judge.ts';
import { Kubectl, kubectlPeers } from './kubectl.ts';

const ROLES = join(import.meta.dirname, '../../docs/rbac');
const NAME = 'lamina-controller';

/** A right as it was used: `patch lamina.dev/layerversions/status`. */
type UsedRight = string;

/** Who the controller is on a judge with roles. */
export const CONTROLLER: JudgeUser = { name: NAME, token: 'token-of-the-controller' };

/** Runs kubectl as the administrator. */
export async function asAdmin(judge: Judge, ...calls: readonly (readonly string[])[]) {
  const peer = kubectlPeers().at(-1);
  if (peer === undefined) throw new Error('no kubectl is built');
  const kubectl = new Kubectl(peer, judge.kubeconfig);
  try {
    for (const call of calls) await kubectl.ok(call);
  } finally {
    kubectl.dispose();
  }
}

/** Gives the controller the rights that are documented, in one namespace or in all, as people would. */
export async function grant(judge: Judge, namespace: string | undefined): Promise<void> {
  const user = `--user=${NAME}`;
  if (namespace === undefined) {
    const system = ['--namespace', 'kube-system'];
    await asAdmin(
      judge,
      ['apply', '-f', join(ROLES, 'cluster.yaml')],
      ['create', 'clusterrolebinding', NAME, `--clusterrole=${NAME}`, user],
      ['create', 'rolebinding', NAME, `--role=${NAME}`, user, ...system],
    );
  } else {
    const there = ['--namespace', namespace];
    await asAdmin(
      judge,
      ['apply', '-f', join(ROLES, 'namespace.yaml'), ...there],
      ['create', 'rolebinding', NAME, `--role=${NAME}`, user, ...there],
    );
  }
}

/** Takes all rights on a resource from the controller of one namespace. */
export async function withdraw(judge: Judge, resource: string): Promise<void> {
  const text = await readFile(join(ROLES, 'namespace.yaml'), 'utf8');
  const lines = text.split('\n').filter((line) => line.trim() !== `- ${resource}`);
  const path = join(judge.folder, 'less.yaml');
  await writeFile(path, lines.join('\n'));
  await asAdmin(judge, ['apply', '-f', path, '--namespace', 'default']);
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Every right that is documented for the controller. */
export async function rightsGranted(): Promise<readonly UsedRight[]> {
  const text = await readFile(join(ROLES, 'cluster.yaml'), 'utf8');
  const roles = parseAllDocuments(text).map((each) => each.toJS() as { rules: readonly Rule[] });
  return roles
    .flatMap(({ rules }) => rules)
    .flatMap(({ apiGroups: [group = ''], resources, verbs }) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => `${verb} ${[group, resource].filter(Boolean).join('/')}`),
      ),
    );
}

/** A kubeconfig of the controller. */
export async function controllerKubeconfig(judge: Judge): Promise<string> {
  const path = join(judge.folder, 'controller.kubeconfig');
  const { url: server, ca } = judge;
  const target = { server, ca, namespace: 'default', token: CONTROLLER.token };
  await writeFile(path, kubeconfigText(target), { mode: 0o600 });
  return path;
}

interface Entry {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

function rightOf({ verb, objectRef = {} }: Entry): UsedRight {
  const { apiGroup = '', resource = '', subresource } = objectRef;
  return `${verb} ${[apiGroup, resource, subresource].filter(Boolean).join('/')}`;
}

/** What the controller asked for so far, and what of it was forbidden. */
export async function rightsUsed(
  judge: Judge,
): Promise<{ readonly used: ReadonlySet<UsedRight>; readonly forbidden: readonly UsedRight[] }> {
  let text = '';
  try {
    text = await readFile(auditLogOf(judge), 'utf8');
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const entries = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Entry)
    .filter(({ user }) => user.username === CONTROLLER.name);
  return {
    used: new Set(entries.map(rightOf)),
    forbidden: entries.filter(({ responseStatus }) => responseStatus?.code === 403).map(rightOf),
  };
}
