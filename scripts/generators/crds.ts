// crds/*.yaml: the CustomResourceDefinitions.
import { dump } from 'js-yaml'
import { crdOf } from '../../src/api/v1alpha1/crd.ts'
import { resourceKinds, resources } from '../../src/api/v1alpha1/resources.ts'
import { type GeneratedFile, yamlHeader } from './generated-file.ts'

export const crds: readonly GeneratedFile[] = resourceKinds.map((kind) => ({
  path: `crds/${resources[kind].plural}.yaml`,
  content: () => yamlHeader('src/api/v1alpha1') + dump(crdOf(kind), { lineWidth: -1, noRefs: true }),
}))
