import { isObject } from '../../core/json.ts';
import type { ApiRequest, ApiResponse } from '../../core/transport.ts';
import { badRequest } from '../model/errors.ts';
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
  /** The status of the answer. */
  readonly status: Readonly<Record<string, unknown>>;
}

const USER = { username: 'lamina-admin', groups: ['system:masters', 'system:authenticated'] };

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
    status: { allowed: true, reason: 'the holder of the token may do everything' },
  },
  {
    group: 'authorization.k8s.io',
    version: 'v1',
    kind: 'SelfSubjectRulesReview',
    plural: 'selfsubjectrulesreviews',
    singular: 'selfsubjectrulesreview',
    description: 'SelfSubjectRulesReview lists what the caller may do.',
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
  const { spec = {} } = value;
  const body = {
    kind: review.kind,
    apiVersion: `${review.group}/${review.version}`,
    metadata: {},
    spec,
    status: review.status,
  };
  return answer(201, JSON.stringify(body));
}
