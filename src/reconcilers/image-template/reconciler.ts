import { API_VERSION } from '../../api/kind.ts';
import type { ImageTemplateSpec, ImageTemplateStatus } from '../../api/kinds/image-template.ts';
import type { Reconciler } from '../../kube/reconciler.ts';
import { FINALIZERS, namespaceOf, ownedBy } from '../objects.ts';
import type { Ports } from '../ports.ts';
import { observeTemplate, type TemplateWorld } from './observe.ts';
import { planTemplate, type TemplateStep } from './plan.ts';

/** Keeps one LayeredImage per target for the revision that a template resolves to. */
export function imageTemplateReconciler(
  ports: Pick<Ports, 'listers' | 'store' | 'writer'>,
): Reconciler<ImageTemplateSpec, ImageTemplateStatus, TemplateWorld, TemplateStep> {
  return {
    observe: async (template) => observeTemplate(ports, template),
    plan: planTemplate,
    act: async (step, template) => {
      const namespace = namespaceOf(template);
      const { name } = step;
      if (step.do === 'remove') {
        return ports.writer.remove({ kind: 'LayeredImage', namespace, name });
      }
      return ports.writer.ensure({
        apiVersion: API_VERSION,
        kind: 'LayeredImage',
        metadata: {
          name,
          namespace,
          finalizers: [FINALIZERS.LayeredImage],
          ownerReferences: ownedBy(template),
        },
        spec: step.spec,
      });
    },
  };
}
