import { invalid as invalidValue } from '../../api/validation/field-error.ts';
import { isObject } from '../../core/json.ts';
import type { ApiRequest, ApiResponse } from '../../core/transport.ts';
import { badRequest, invalid } from '../model/errors.ts';
import { negotiate } from './accept.ts';
import { answer } from './answer.ts';
import { decodeBody } from './body.ts';
import { methodNotAllowed } from './refusals.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A question that is answered at once and never stored. */
export interface Review {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  /** The spec of the answer, if it has one; throws for one that asks nothing. */
  readonly specOf: (sent: Fields) => Fields | undefined;
  /** The status of the answer. */
  readonly status: Fields;
}

const USER = { username: 'lamina-admin', groups: ['system:masters', 'system:authenticated'] };

const ACCESS = { group: 'authorization.k8s.io', kind: '', plural: '' };

/** Upstream asks for one question, and no kind stands in its refusal. */
function accessSpec(sent: Fields): Fields {
  const { resourceAttributes: resource, nonResourceAttributes: other } = sent;
  if ((resource === undefined) !== (other === undefined)) return sent;
  const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  throw invalid(ACCESS, '', [invalidValue('spec.resourceAttributes', resource ?? null, why)]);
}

function rulesSpec({ namespace }: Fields): Fields {
  if (namespace === undefined || namespace === '') throw badRequest('no namespace on request');
  return {};
}

function review(
  group: string,
  kind: string,
  status: Fields,
  specOf: Review['specOf'] = () => undefined,
): Review {
  const singular = kind.toLowerCase();
  return { group, version: 'v1', kind, plural: `${singular}s`, singular, status, specOf };
}

const RULES = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  incomplete: false,
};

/** There is one user, and that one may do everything. */
export const REVIEWS: readonly Review[] = [
  review('authentication.k8s.io', 'SelfSubjectReview', { userInfo: USER }),
  review('authorization.k8s.io', 'SelfSubjectAccessReview', { allowed: true }, accessSpec),
  review('authorization.k8s.io', 'SelfSubjectRulesReview', RULES, rulesSpec),
];

/** The path of a review. */
export function reviewPath({ group, version, plural }: Review): string {
  return `/apis/${group}/${version}/${plural}`;
}

/** Answers a review. */
export function serveReview(review: Review, request: ApiRequest): ApiResponse {
  if (request.method !== 'POST') throw methodNotAllowed();
  negotiate(request.headers['accept'], 'PartialObjectMetadata');
  const { value } = decodeBody(request);
  if (!isObject(value)) throw badRequest('the body of a review must be an object');
  const { kind = review.kind } = value;
  if (kind !== review.kind) {
    throw badRequest(`the body is a ${JSON.stringify(kind)}, expected a ${review.kind}`);
  }
  const apiVersion = `${review.group}/${review.version}`;
  const spec = review.specOf(isObject(value['spec']) ? value['spec'] : {});
  const body = { kind: review.kind, apiVersion, metadata: {}, spec, status: review.status };
  return answer(201, JSON.stringify(body));
}
