import { invalid as invalidValue } from '../../api/validation/field-error.ts';
import { isObject } from '../../core/json.ts';
import type { ApiRequest, ApiResponse } from '../../core/transport.ts';
import { badRequest, invalid } from '../model/errors.ts';
import { negotiate } from './accept.ts';
import { answer } from './answer.ts';
import { decodeBody } from './body.ts';
import { methodNotAllowed } from './refusals.ts';

/** A question that is answered at once and never stored. */
export interface Review {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly description: string;
  /** The spec of the answer; throws for one that asks nothing. */
  specOf?(sent: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** The status of the answer. */
  readonly status: Readonly<Record<string, unknown>>;
}

const USER = { username: 'lamina-admin', groups: ['system:masters', 'system:authenticated'] };

const ACCESS = { group: 'authorization.k8s.io', kind: '', plural: '' };

/** Upstream asks for one question, and no kind stands in its refusal. */
function accessSpec(sent: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { resourceAttributes: resource, nonResourceAttributes: other } = sent;
  if ((resource === undefined) !== (other === undefined)) return sent;
  const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  throw invalid(ACCESS, '', [invalidValue('spec.resourceAttributes', resource ?? null, why)]);
}

/** There is one user, and that one may do everything. */
export const REVIEWS: readonly Review[] = [
  {
    group: 'authentication.k8s.io',
    version: 'v1',
    kind: 'SelfSubjectReview',
    plural: 'selfsubjectreviews',
    singular: 'selfsubjectreview',
    description: 'SelfSubjectReview says who the caller is.',
    status: { userInfo: USER },
  },
  {
    group: 'authorization.k8s.io',
    version: 'v1',
    kind: 'SelfSubjectAccessReview',
    plural: 'selfsubjectaccessreviews',
    singular: 'selfsubjectaccessreview',
    description: 'SelfSubjectAccessReview says whether the caller may do something.',
    specOf: accessSpec,
    status: { allowed: true },
  },
  {
    group: 'authorization.k8s.io',
    version: 'v1',
    kind: 'SelfSubjectRulesReview',
    plural: 'selfsubjectrulesreviews',
    singular: 'selfsubjectrulesreview',
    description: 'SelfSubjectRulesReview lists what the caller may do.',
    specOf: ({ namespace }) => {
      if (namespace === undefined || namespace === '') throw badRequest('no namespace on request');
      return {};
    },
    status: {
      resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
      nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      incomplete: false,
    },
  },
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
  const spec = review.specOf?.(isObject(value['spec']) ? value['spec'] : {});
  const body = { kind: review.kind, apiVersion, metadata: {}, spec, status: review.status };
  return answer(201, JSON.stringify(body));
}
